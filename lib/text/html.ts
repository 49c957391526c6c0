import { html as honoHtml, raw as honoRaw } from 'hono/html'
import type { HtmlEscapedString } from 'hono/utils/html'

/** The one place that escapes. Everything that becomes part of a page or mail goes through here. */

/** Text that is HTML already. Only `html` and `raw` make it. */
export type Html = HtmlEscapedString

/** What may stand in a template: text is escaped, Html is not, nothing is left out. */
export type HtmlValue = string | number | Html | null | undefined | false | readonly HtmlValue[]

/**
 * Signs that would change how the text around them is shown: controls, and those that turn the
 * direction of writing. A name that holds them must look odd, not like another name.
 */
const MISLEADING = /(?![\t\n])[\p{Cc}\p{Bidi_Control}]/gu

/** Tagged template of HTML: every value is escaped unless it is Html itself. */
export function html(parts: TemplateStringsArray, ...values: HtmlValue[]): Html {
  return honoHtml(parts, ...values.map(shown)) as Html
}

/** Marks text as HTML. Only for our own SVG, CSS and script: never for anything that was read. */
export function raw(trusted: string): Html {
  return honoRaw(trusted) as Html
}

/**
 * A link's target: relative, to a place in the page, or by http, https or mailto; anything else
 * (`javascript:`, `data:`, `//host`) becomes `#`.
 */
export function safeHref(target: string): string {
  if (/^(https?:\/\/|mailto:)[^\s\\]+$/i.test(target)) return target
  return /^[A-Za-z0-9._~%#?=&/-]*$/.test(target) && !target.startsWith('//') ? target : '#'
}

function shown(value: HtmlValue): HtmlValue {
  if (Array.isArray(value)) return value.map(shown)
  return typeof value === 'string' ? value.replace(MISLEADING, '\ufffd') : value
}
