import { isDeepStrictEqual } from 'node:util'
import type { Book } from '../alarms/book.ts'
import type { Source } from '../fetch/source.ts'
import { Body } from '../ledger/body.ts'
import type { PlacedSite } from '../ledger/days.ts'
import { SETTLE_MS } from '../ledger/due.ts'
import type { Place } from '../ledger/ledger.ts'
import type { Pulled } from '../ledger/pull.ts'
import { type Marker, markerOf, sha256 } from '../ledger/record.ts'
import { readWith } from '../ledger/rows.ts'
import type { Day, Feed, Settings, Site } from '../site.ts'
import { glanceKey } from '../store/keys.ts'
import type { Item, Table } from '../store/table.ts'
import type { Zone } from '../time.ts'

/**
 * What a glance at a site is compared with: how its day files looked when a round last found
 * nothing new in them, and what notifying came to. While all files still look the same, a round
 * need not read ledgers, figures or alarms: two reads of the table instead of some twenty. It is
 * computed, and may go at any time.
 *
 * It cannot hide a line: a file that holds more, less, or another end than here is read as always.
 * What others have appended meanwhile, and not computed, is seen by the first round of the day, by
 * the one after 02:00, and by settling.
 */
export interface Glance {
  /** Names the settings that decide what a round reads and mails. */
  with: string
  madeMs: number
  /** All days that rounds read. */
  days: Day[]
  /** The files of these days that were read, by `fileName`; of past days while new lines come. */
  files?: Record<string, SeenFile>
  mail?: MailState
}

/** What notifying came to for this state of the book of alarms. */
export interface MailState {
  /** Names the state: see `bookState`. */
  book: string
  /** When a mail may be due in the same state: epoch milliseconds, or null for never. */
  nextMs: number | null
}

/** A glance, and the item that it was read from, whose glance may be out of date. */
export interface Standing {
  item: Item | undefined
  glance?: Glance
}

/** How a day file looked: where its whole lines end and what is before and behind that place. */
export interface SeenFile {
  found: boolean
  end: number
  marker: Marker
  tail: Marker
}

/** The form of this item. */
const GLANCE_FORMAT = 1

/** A longer unfinished line is looked at as always: hashing it each time would save nothing. */
const MOST_TAIL_BYTES = 4096

/** The glance of a site as it stands, with its item. */
export async function readGlance(
  table: Table,
  { site, zone }: PlacedSite,
  settings: Settings,
  nowMs: number,
): Promise<Standing> {
  const item = await table.get(glanceKey(site.id))
  if (item?.data.format !== GLANCE_FORMAT) return { item }
  const glance = item.data as unknown as Glance
  const isOwn = glance.with === glanceWith(settings, site)
  return isOwn && isCurrent(glance, zone, nowMs) ? { item, glance } : { item }
}

/** Everything in the settings that decides what a round over a site reads, and whom it mails. */
export function glanceWith({ retention, thresholds }: Settings, site: Site): string {
  const { source, feeds, recipients } = site
  const place = source.kind === 'http' ? source.url : source.path
  const parts = [retention, thresholds, readWith(site), place, feeds, recipients]
  return sha256(Buffer.from(JSON.stringify(parts))).slice(0, 16)
}

/** Which days a round reads changes at midnight and at 02:00, when yesterday is settled. */
function isCurrent({ madeMs }: Glance, zone: Zone, nowMs: number): boolean {
  const part = (ms: number) => {
    const day = zone.dayOf(ms)
    return `${day} ${ms >= zone.startOf(day) + SETTLE_MS}`
  }
  return madeMs <= nowMs && part(madeMs) === part(nowMs)
}

/** True when nothing new was found in the files of the running day. */
export function isAtRest({ days, files = {} }: Glance): boolean {
  const today = days.at(-1)
  return Object.keys(files).some((name) => today !== undefined && name.startsWith(today))
}

/** The name of a day file in `Glance.files`. */
export function fileName(day: Day, feed: Feed): string {
  return `${day} ${feed}`
}

/** How a file looked to a pull that came to its end; undefined when it cannot be kept so short. */
export function seenBy({ found, place, tail }: Pulled): SeenFile | undefined {
  if (tail.length > MOST_TAIL_BYTES) return undefined
  const { end, marker }: Pick<Place, 'end' | 'marker'> = place
  const length = tail.length
  return { found, end, marker, tail: { length, sha256: sha256(tail) } }
}

/** Whether a file still looks like that: one request for the marker's bytes and what follows. */
export async function looksSame(source: Source, path: string, seen: SeenFile): Promise<boolean> {
  const { found, end, marker, tail } = seen
  const from = end - marker.length
  const answer = await source.read(path, from)
  if (answer.kind !== 'body') return answer.kind === 'absent' && !found
  const body = new Body(answer.chunks)
  try {
    const skipped = from - answer.start
    const length = skipped + marker.length + tail.length
    // One byte more would be new.
    await body.fill(length + 1)
    if (body.fault) throw body.fault
    const bytes = body.peek()
    if (!found || bytes.length !== length) return false
    const overlap = bytes.subarray(skipped, skipped + marker.length)
    const rest = bytes.subarray(skipped + marker.length)
    return isSame(overlap, marker) && sha256(rest) === tail.sha256
  } finally {
    await body.close()
  }
}

function isSame(bytes: Uint8Array, marker: Marker): boolean {
  return marker.length === 0 || markerOf(bytes).sha256 === marker.sha256
}

/**
 * Writes a glance over the item that stood there, unless it says the same. Another worker's is
 * left: it has looked at the same time, and what was known here is found out again.
 */
export async function writeGlance(
  table: Table,
  site: string,
  { item, glance: before }: Standing,
  glance: Glance,
): Promise<void> {
  if (before && isAlike(before, glance)) return
  const data = { format: GLANCE_FORMAT, ...glance }
  if (item) await table.replace(glanceKey(site), item.version, { data })
  else await table.create(glanceKey(site), { data })
}

/** Equal but for the time. */
function isAlike(one: Glance, other: Glance): boolean {
  const facts = ({ with: settings, days, files, mail }: Glance) => [settings, days, files, mail]
  return isDeepStrictEqual(facts(one), facts(other))
}

/** Makes the next round a whole one: something may come otherwise than by rounds. */
export async function forgetGlance(table: Table, site: string): Promise<void> {
  const standing = await table.get(glanceKey(site))
  if (standing) await table.remove(glanceKey(site), standing.version)
}

/** Names a state of a book of alarms: up to where each day's file is folded. */
export function bookState({ days, readWith: settings = '', leftOut = '' }: Book): string {
  const positions = Object.entries(days).map(([day, { sequence }]) => [day, sequence])
  return sha256(Buffer.from(JSON.stringify([settings, leftOut, positions]))).slice(0, 16)
}

/**
 * Whether a mail about a site may be due. `book` is its book as the round has brought it up, absent
 * when the round need not look at it: then it is what it was.
 */
export function mayNeedMail(site: Site, glance: Glance | undefined, nowMs: number, book?: Book) {
  if (site.recipients.length === 0 || !site.feeds.alarm) return false
  const mail = glance?.mail
  if (!mail || (book && mail.book !== bookState(book))) return true
  return mail.nextMs !== null && nowMs >= mail.nextMs
}

/**
 * Notes what notifying came to: when a mail may be due next, `Infinity` for never. `readMs` is when
 * the book was read: a round since may have found more. Only beside files that were seen at rest:
 * while lines come, the next round looks anew all the same.
 */
export async function noteMail(
  { table, settings }: { table: Table; settings: Settings },
  placed: PlacedSite,
  book: Book,
  { readMs, nextMs }: { readMs: number; nextMs: number },
): Promise<void> {
  const standing = await readGlance(table, placed, settings, readMs)
  const { glance } = standing
  if (!glance || !isAtRest(glance)) return
  const mail = { book: bookState(book), nextMs: Number.isFinite(nextMs) ? nextMs : null }
  await writeGlance(table, placed.site.id, standing, { ...glance, mail })
}
