import type { Severity } from '../alarms/alarm.ts'
import { type Html, html, raw, safeHref } from '../text/html.ts'
import type { MailTexts } from '../text/mail-texts.ts'

/**
 * The HTML of a mail: one table of 600 px, styles inline because many mail programs drop all
 * others. The style element only adds dark colours and small screens where it is understood.
 */

/** One alarm as a mail shows it: single lines of text, cut to a length that reads well. */
export interface ShownAlarm {
  severity: Severity
  severityWord: string
  title: string
  /** The site's own code, empty when the title is the code. */
  code: string
  node: string
  description: string
  /** As the site wrote it. */
  raised: string
  stands: string
}

/** Everything around the list of alarms, as plain text; empty parts are left out. */
export interface MailParts {
  language: string
  siteName: string
  verdict: string
  mailedBefore: string
  more: string
  link: string
  openPage: string
  asOf: string
  footer: string
}

/** The colour block of a severity; its word always stands beside it. */
const COLOURS: Record<Severity, string> = {
  critical: '#c0362c',
  major: '#e07b39',
  minor: '#e0b739',
  warning: '#9aa3ae',
  unknown: '#9aa3ae',
}

/** Constants of the light look, written into the elements; the dark look overrides by class. */
const STYLE = raw(`
  :root { color-scheme: light dark; supported-color-schemes: light dark; }
  @media (prefers-color-scheme: dark) {
    .page { background: #14161a !important; }
    .card { background: #1b1e24 !important; border-color: #2a2e35 !important; }
    .card, .card td, .verdict { color: #e6e7e8 !important; }
    .card .muted, .muted { color: #9aa1aa !important; }
    td { border-color: #2a2e35 !important; }
    .link { color: #8ab0ff !important; }
  }
  @media (max-width: 520px) {
    .edge { padding: 12px !important; }
  }
`)

/** Wide enough for `Unknown` on one line. */
const SEVERITY_WIDTH_PX = 112

const FONT = [
  'system-ui',
  '-apple-system',
  "'PingFang SC'",
  "'Microsoft YaHei'",
  "'Segoe UI'",
  'sans-serif',
].join(',')

/** The styles of the light look, as they are written into each element. */
const SMALL = 'font-size:13px;color:#626970'
const CELL = 'border-top:1px solid #e4e4df'
const PAGE = 'background:#fbfbf9'
const COLUMN = [
  'width:100%;max-width:600px;text-align:left;color:#1c1f23',
  `font-size:15px;line-height:1.5;font-family:${FONT}`,
].join(';')
const VERDICT =
  'margin:0;font-size:18px;border-left:4px solid #c0362c;padding-left:12px;color:#1c1f23'
const CARD = [
  'margin-top:16px;background:#fff;border:1px solid #e4e4df;border-top:0',
  // Mail programs do not inherit fonts into tables; long words must not widen the mail.
  'font-size:15px;line-height:1.45;table-layout:fixed;word-wrap:break-word;overflow-wrap:anywhere',
].join(';')

/** A table that only places things, and is not read out as one. */
const LAYOUT = raw('role="presentation" cellspacing="0"')

/** One alarm as a row of the table. Kept short: two hundred of them must fit into a mail. */
export function alarmRow(alarm: ShownAlarm, texts: MailTexts): Html {
  const facts = [alarm.code, alarm.node && `${texts.node} ${alarm.node}`].filter(Boolean)
  const factLine = facts.length > 0 && html`<br>${facts.join(texts.separator)}`
  const description = alarm.description && html`<br>${alarm.description}`
  const block = html`<b style="color:${COLOURS[alarm.severity]}">■</b>`
  // On a small screen the time goes to the next line as a whole.
  const raised = html`<span style="white-space:nowrap">${texts.raised} ${alarm.raised}</span>`
  const details = html`&ensp; ${raised}${factLine}${description}`
  return html`<tr valign="top"><td style="${CELL}">${block} ${alarm.severityWord}</td>
<td style="${CELL}"><b>${alarm.title}</b><br>${alarm.stands}${small('small', details)}</td></tr>
`
}

/** Small and pale. */
function small(tag: 'small' | 'span', content: Html | string): Html {
  const name = raw(tag)
  return html`<${name} class="muted" style="${SMALL}">${content}</${name}>`
}

/** The whole mail. Its first words are the verdict: inboxes show them beside the subject. */
export function mailPage(parts: MailParts, rows: Html[]): Html {
  return html`<!doctype html>
<html lang="${parts.language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<meta name="supported-color-schemes" content="light dark">
<title>${parts.siteName}</title>
<style>${STYLE}</style>
</head>
<body class="page" style="margin:0;${PAGE}">
<table ${LAYOUT} class="page" width="100%" cellpadding="0" style="${PAGE}"><tr>
<td class="edge" align="center" style="padding:24px">
<table ${LAYOUT} width="600" cellpadding="0" style="${COLUMN}"><tr><td>
${content(parts, rows)}
</td></tr></table>
</td></tr></table>
</body>
</html>`
}

function content(parts: MailParts, rows: Html[]): Html {
  const mailedBefore = parts.mailedBefore && html`<br>${small('span', parts.mailedBefore)}`
  const more = parts.more && html`<p style="margin:12px 0 0">${parts.more}</p>`
  return html`<p class="verdict" style="${VERDICT}">
${parts.siteName}<br><b>${parts.verdict}</b>${mailedBefore}</p>
<table ${LAYOUT} class="card" width="100%" cellpadding="9" style="${CARD}">
<colgroup><col width="${SEVERITY_WIDTH_PX}"><col></colgroup>
${rows}
</table>
${more}
${linkTo(parts)}
<p style="margin:20px 0 0">${small('span', html`${parts.asOf}<br>${parts.footer}`)}</p>`
}

function linkTo(parts: MailParts): Html | '' {
  if (!parts.link) return ''
  const link = html`<a class="link" style="color:#2457c5" href="${safeHref(parts.link)}">`
  return html`<p style="margin:16px 0 0">${link}${parts.openPage}</a></p>`
}
