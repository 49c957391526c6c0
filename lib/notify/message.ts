import { createHash } from 'node:crypto'
import type { DescribedAlarm } from '../alarms/alarm.ts'
import type { Message } from '../mail/mailer.ts'
import type { Site } from '../site.ts'
import type { Html } from '../text/html.ts'
import { MAIL_TEXTS, type MailTexts } from '../text/mail-texts.ts'
import { oneLine } from '../text/one-line.ts'
import { DAY_MS, HOUR_MS, MINUTE_MS, type Zone, zoneNamed } from '../time.ts'
import { alarmRow, type MailParts, mailPage, type ShownAlarm } from './mail-page.ts'

/** What a mail about open alarms is made of. */
export interface AlarmMessageInput {
  site: Site
  from: string
  to: string
  /** The alarms to tell of, in the order in which they are listed. */
  due: DescribedAlarm[]
  /** Open alarms that earlier mails told of. */
  mailedBefore: number
  /** Epoch milliseconds at which they were judged. */
  at: number
  /** The number of this mail among those to this recipient about this site. */
  sequence: number
  /** Where the report site is, ending in `/`. */
  publicUrl?: string | undefined
}

/** Alarms that one mail lists; the others are counted. Nobody reads so many. */
const MOST_LISTED = 200

/** Bytes of HTML that the list may take: Gmail hides what is beyond 102 KB of a mail. */
const MOST_LIST_BYTES = 98_000

/** Characters that are shown of a title, of a node, and of a description. */
const TITLE_LENGTH = 120
const NODE_LENGTH = 80
const DESCRIPTION_LENGTH = 300

/** The mail about a site's due alarms to one recipient, in the site's language. */
export function alarmMessage(input: AlarmMessageInput): Message {
  const { site, due, at } = input
  const texts = MAIL_TEXTS[site.language]
  const zone = zoneNamed(site.timeZone)
  const siteName = nameOf(site)
  const shown = due.slice(0, MOST_LISTED).map((alarm) => shownAlarm(alarm, at, texts))
  const rows = rowsThatFit(shown, texts)
  const more = due.length - rows.length
  const parts: MailParts = {
    language: site.language,
    siteName,
    verdict: texts.verdict(due.length),
    mailedBefore: input.mailedBefore > 0 ? texts.mailedBefore(input.mailedBefore) : '',
    more: more > 0 ? texts.more(more) : '',
    link: linkTo(input, zone),
    openPage: texts.openPage,
    asOf: texts.asOf(zone.textOf(at).slice(0, 'YYYY-MM-DD HH:MM'.length), site.timeZone),
    footer: texts.footer,
  }
  const slug = site.id.replace(/[^A-Za-z0-9_-]/g, '-')
  return {
    from: input.from,
    to: [input.to],
    subject: texts.subject(siteName),
    text: plainText(parts, shown.slice(0, rows.length), texts),
    html: mailPage(parts, rows).toString(),
    id: `alarms.${slug}.${digest(site.id, input.to)}.${input.sequence}`,
    threadId: `alarms.${slug}.${digest(site.id)}`,
  }
}

/** `Name (id)`, or the id alone when the site has no other name. */
function nameOf(site: Site): string {
  const name = oneLine(site.name, TITLE_LENGTH)
  return name === '' || name === site.id ? site.id : `${name} (${site.id})`
}

function shownAlarm(alarm: DescribedAlarm, at: number, texts: MailTexts): ShownAlarm {
  const title = oneLine(alarm.title, TITLE_LENGTH)
  const code = oneLine(alarm.name, TITLE_LENGTH)
  return {
    severity: alarm.severity,
    severityWord: texts.severities[alarm.severity],
    title: title || code,
    code: code === title ? '' : code,
    node: oneLine(alarm.node, NODE_LENGTH),
    description: oneLine(alarm.description, DESCRIPTION_LENGTH),
    raised: oneLine(alarm.raisedText, 'YYYY-MM-DD HH:MM:SS'.length),
    stands: texts.stands(durationText(at - alarm.raisedMs, texts)),
  }
}

/** A clock of the site that is ahead would give negative times: they show as 0. */
function durationText(durationMs: number, texts: MailTexts): string {
  const ms = Math.max(0, durationMs)
  return texts.duration({
    days: Math.floor(ms / DAY_MS),
    hours: Math.floor((ms % DAY_MS) / HOUR_MS),
    minutes: Math.floor((ms % HOUR_MS) / MINUTE_MS),
  })
}

/** As many rows as a mail may hold. */
function rowsThatFit(shown: ShownAlarm[], texts: MailTexts): Html[] {
  const rows: Html[] = []
  let listBytes = 0
  for (const alarm of shown) {
    const row = alarmRow(alarm, texts)
    listBytes += Buffer.byteLength(row.toString())
    if (listBytes > MOST_LIST_BYTES) break
    rows.push(row)
  }
  return rows
}

/** The page of the newest day that any of the alarms was seen on; empty without a report site. */
function linkTo({ site, due, at, publicUrl }: AlarmMessageInput, zone: Zone): string {
  if (!publicUrl) return ''
  const newestMs = due.reduce((newest, alarm) => Math.max(newest, alarm.changedMs), 0)
  return `${publicUrl}${encodeURIComponent(site.id)}/${zone.dayOf(Math.min(newestMs, at))}/`
}

/** The same content for programs that show no HTML. */
function plainText(parts: MailParts, shown: ShownAlarm[], texts: MailTexts): string {
  const alarms = shown.flatMap((alarm) => [
    `[${alarm.severityWord}] ${alarm.title}${alarm.code && ` (${alarm.code})`}`,
    ...(alarm.node ? [`  ${texts.node} ${alarm.node}`] : []),
    ...(alarm.description ? [`  ${alarm.description}`] : []),
    `  ${alarm.stands}${texts.separator}${texts.raised} ${alarm.raised}`,
    '',
  ])
  const link = parts.link ? [`${parts.openPage}: ${parts.link}`, ''] : []
  const lines = [
    `${parts.siteName}: ${parts.verdict}`,
    ...(parts.mailedBefore ? [parts.mailedBefore] : []),
    '',
    ...alarms,
    ...(parts.more ? [parts.more, ''] : []),
    ...link,
    '-- ',
    parts.asOf,
    parts.footer,
  ]
  return `${lines.join('\n')}\n`
}

/** Names something in an id without showing it: 64 bits of a digest. */
function digest(...texts: string[]): string {
  return createHash('sha256').update(JSON.stringify(texts)).digest('hex').slice(0, 16)
}
