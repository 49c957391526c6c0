import type { Day, Feed } from '../lib/site.ts'
import { DEFAULT_PATHS } from '../lib/site.ts'
import { addDays, compactDay, HOUR_MS, MINUTE_MS } from '../lib/time.ts'
import { encodeGb18030 } from './gb18030.ts'
import { alarmLines } from './sample-alarms.ts'
import { serviceText } from './sample-service.ts'
import type { SampleSite } from './sample-sites.ts'
import { type SampleLine, systemLines } from './sample-system.ts'

/** Bytes that a site appends to a day file, and when. Pieces stand in the order of time. */
export interface Piece {
  atMs: number
  bytes: Uint8Array
}

/** The service line of a day comes so long after midnight, or so long before it. */
const SERVICE_AFTER_MIDNIGHT_MS = 10 * MINUTE_MS

/** A replaced file of a past day begins so long after midnight: its morning is gone. */
const REPLACED_AFTER_MS = 11 * HOUR_MS + 40 * MINUTE_MS

/** Path of a day file below the folder of its site. */
export function dayFilePath(feed: Feed, day: Day): string {
  return DEFAULT_PATHS[feed].replace('{day}', compactDay(day))
}

/** The moment from which on nothing is appended to a day file any more. */
export function finishedMs(site: SampleSite, feed: Feed, day: Day): number {
  const endMs = site.zone.endOf(day)
  return feed === 'service' ? endMs + SERVICE_AFTER_MIDNIGHT_MS : endMs
}

/** Everything a site writes into one day file: a pure function of site, feed and day. */
export function dayPieces(site: SampleSite, feed: Feed, day: Day): Piece[] {
  const encode = encoderOf(site)
  return textsOf(site, feed, day).map(({ atMs, text }) => ({ atMs, bytes: encode(text) }))
}

/** The first piece that is left of a past day's file: later than 0 if the site replaced it. */
export function firstPieceLeft(site: SampleSite, feed: Feed, day: Day, pieces: Piece[]): number {
  if (feed !== 'system' || !site.replacedOn?.(day)) return 0
  const fromMs = site.zone.startOf(day) + REPLACED_AFTER_MS
  return pieces.findIndex((piece) => piece.atMs >= fromMs)
}

function textsOf(site: SampleSite, feed: Feed, day: Day): SampleLine[] {
  if (feed === 'service') return serviceTexts(site, day)
  const lines = feed === 'system' ? systemLines(site, day) : alarmLines(site, day)
  return lines.map(({ atMs, text }) => ({ atMs, text: text + site.eol }))
}

/** The one line of a service file, and its line end, which some sites write later. */
function serviceTexts(site: SampleSite, day: Day): SampleLine[] {
  const doneMs = finishedMs(site, 'service', day)
  const { written } = site.service
  if (written === 'nextDay') {
    return [{ atMs: doneMs, text: serviceText(site, day, doneMs) + site.eol }]
  }
  const isDayBefore = written === 'dayBefore'
  const atMs = isDayBefore
    ? site.zone.startOf(day) + SERVICE_AFTER_MIDNIGHT_MS
    : site.zone.endOf(day) - SERVICE_AFTER_MIDNIGHT_MS
  const countsOf = isDayBefore ? addDays(day, -1) : day
  const text = serviceText(site, countsOf, atMs)
  return [
    { atMs, text },
    { atMs: doneMs, text: site.eol },
  ]
}

function encoderOf(site: SampleSite): (text: string) => Uint8Array {
  if (site.charset === 'gb18030') return encodeGb18030
  return (text) => Buffer.from(text)
}
