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

/** Wide enough for `Not rated` on one line. */
const SEVERITY_WIDTH_PX = 108

const FONT =
  'font-family:system-ui,-apple-system,&quot;PingFang SC&quot;,&quot;Microsoft YaHei&quot;,&quot;Segoe UI&quot;,sans-serif'

/** One alarm as a row of the table. Kept short: two hundred of them must fit into a mail. */
export function alarmRow(alarm: ShownAlarm, texts: MailTexts): Html {
  const facts = [alarm.code, alarm.node && `${texts.node} ${alarm.node}`].filter(Boolean)
  const factLine = facts.length > 0 && html`<br>${facts.join(texts.separator)}`
  const description = alarm.description && html`<br>${alarm.description}`
  return html`<tr valign="top"><td style="${CELL}"><b style="color:${COLOURS[alarm.severity]}">■</b> ${alarm.severityWord}</td>
<td style="${CELL}"><b>${alarm.title}</b><br>${alarm.stands}<small class="muted" style="${SMALL}">&ensp; <span style="white-space:nowrap">${texts.raised} ${alarm.raised}</span>${factLine}${description}</small></td></tr>
`
}

const CELL = 'border-top:1px solid #e4e4df'
const SMALL = 'font-size:13px;color:#626970'

/** The whole mail. Its first words are the verdict: inboxes show them beside the subject. */
export function mailPage(parts: MailParts, rows: Html[]): Html {
  const mailedBefore =
    parts.mailedBefore &&
    html`<br><span class="muted" style="${SMALL}">${parts.mailedBefore}</span>`
  const more = parts.more && html`<p style="margin:12px 0 0">${parts.more}</p>`
  const link =
    parts.link &&
    html`<p style="margin:16px 0 0"><a class="link" style="color:#2457c5" href="${safeHref(parts.link)}">${parts.openPage}</a></p>`
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
<body class="page" style="margin:0;background:#fbfbf9">
<table class="page" role="presentation" width="100%" cellspacing="0" cellpadding="0" style="background:#fbfbf9"><tr><td class="edge" align="center" style="padding:24px">
<table role="presentation" width="600" cellspacing="0" cellpadding="0" style="width:100%;max-width:600px;text-align:left;font-size:15px;line-height:1.5;color:#1c1f23;${raw(FONT)}"><tr><td>
<p class="verdict" style="margin:0;font-size:18px;border-left:4px solid #c0362c;padding-left:12px;color:#1c1f23">${parts.siteName}<br><b>${parts.verdict}</b>${mailedBefore}</p>
<table class="card" role="presentation" width="100%" cellspacing="0" cellpadding="9" style="margin-top:16px;background:#fff;border:1px solid #e4e4df;border-top:0;font-size:15px;line-height:1.45;table-layout:fixed;word-wrap:break-word;overflow-wrap:anywhere">
<colgroup><col width="${SEVERITY_WIDTH_PX}"><col></colgroup>
${rows}
</table>
${more}
${link}
<p class="muted" style="margin:20px 0 0;${SMALL}">${parts.asOf}<br>${parts.footer}</p>
</td></tr></table>
</td></tr></table>
</body>
</html>`
}
