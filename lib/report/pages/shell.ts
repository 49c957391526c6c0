import { createHash } from 'node:crypto'
import type { Language } from '../../site.ts'
import { CATALOGUE } from '../../text/catalogue.ts'
import type { Html } from '../../text/html.ts'
import { html, raw, safeHref } from '../../text/html.ts'
import type { Texts } from '../../text/texts.ts'
import { isoInstant } from '../../time.ts'
import { AGE_SCRIPT } from '../age-script.ts'
import { STYLE } from '../style.ts'

/** The same page in another language. */
export interface LanguageLink {
  language: Language
  href: string
}

/** A link to the page of a day. */
export interface DayLink {
  day: string
  href: string
}

/** What every page needs. All hrefs are relative, and end in a file so that a folder works too. */
export interface PageView {
  /** The report's title, from the settings. */
  brand: string
  /** The other languages. */
  languageLinks: LanguageLink[]
}

/** The parts that differ from page to page. */
export interface PageParts {
  title: string
  /** Links left and right in the bar at the top. */
  left: readonly Html[]
  right: readonly Html[]
  main: Html
}

/**
 * The policy by which the browser refuses whatever we did not write: the one style sheet and the
 * one script by their hashes, no other resource at all but an empty icon. No style attributes
 * stand in any page, so none need to be allowed.
 */
const POLICY = [
  "default-src 'none'",
  `style-src '${hashOf(STYLE)}'`,
  `script-src '${hashOf(AGE_SCRIPT)}'`,
  'img-src data:',
  "base-uri 'none'",
  "form-action 'none'",
].join('; ')

/** A whole page around its parts: one file that needs no other. */
export function page(view: PageView, parts: PageParts, texts: Texts): string {
  const languages = view.languageLinks.map(
    ({ language, href }) =>
      html`<a lang="${language}" hreflang="${language}" href="${safeHref(href)}">${
        CATALOGUE[language].languageName
      }</a>`,
  )
  const whole = html`<!doctype html>
<html lang="${texts.language}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${raw(POLICY)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>${parts.title}</title>
<link rel="icon" href="data:,">
<style>${raw(STYLE)}</style>
</head>
<body>
<a class="skip" href="#main">${texts.navigation.skip}</a>
<header><nav><b>${view.brand}</b>${parts.left}<span class="right">${parts.right}${languages}</span>
</nav></header>
<main id="main">
${parts.main}
</main>
<script>${raw(AGE_SCRIPT)}</script>
</body>
</html>
`
  return String(whole)
}

/** A link with text. */
export function link(href: string, text: string): Html {
  return html`<a href="${safeHref(href)}">${text}</a>`
}

/**
 * The newest record_time a page knows, in the site's own time, with room for its age. It stands
 * for the time of generation, which no page shows: a round without news must change no file.
 */
export function dataUpTo(ms: number | undefined, siteTime: string, texts: Texts): Html {
  if (ms === undefined) return html`${texts.navigation.noData}`
  const time = html`<time datetime="${isoInstant(ms)}" data-age>${siteTime}</time>`
  const [before = '', after = ''] = texts.navigation.dataUpTo('\n').split('\n')
  return html`${before}${time}${after}`
}

function hashOf(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`
}
