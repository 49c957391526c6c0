import { type PlacedSite, siteDays } from '../ledger/days.ts'
import { type LedgerStore, placeOf } from '../ledger/ledger.ts'
import { mergedRows, type Rows, readerOf, readWith } from '../ledger/rows.ts'
import type { Day, Site } from '../site.ts'
import type { Table } from '../store/table.ts'
import { MINUTE_MS } from '../time.ts'
import { readBook, writeBook } from './book-item.ts'
import {
  addObservation,
  mayReturn,
  type Occurrence,
  observedOnce,
  occurrenceKey,
} from './occurrence.ts'
import { alarmRows } from './rows.ts'

/**
 * The book of a site: what stands open, and how far each day's alarm file was folded into it. It
 * is computed from the ledger alone, and comes out the same in whatever pieces the rows came.
 *
 * It keeps every open occurrence, but of the recovered ones only those that may stand again without
 * their oldest day, and those that were raised or last recorded within `RECENT_MS` of the newest
 * record time: a site has thousands of alarms a day, and
 * a book that held them all for as long as a late line may come would be written whole at every
 * round. A line whose occurrence is unknown and was raised before then could need what was dropped:
 * it sets the book aside, and all days are folded again from the ledger. That is slow, right, rare.
 */
export interface Book {
  /** What the lines were read with: see `readWith` of the ledger's rows. */
  readWith?: string
  days: Record<Day, DayPosition>
  /** The newest record time of all. */
  newestMs: number
  /** The newest day with alarm rows that is left out: it lies before the days that are kept. */
  leftOut?: Day
  open: Occurrence[]
  recent: Occurrence[]
}

/** How far a day's alarm file was folded. */
export interface DayPosition {
  sequence: number
  lines: number
  /** Its newest record time. */
  newestMs: number
  previousMs?: number
  /** True when the last line has no newline: it may count no more later. */
  tail?: true
}

/**
 * How long recovered occurrences are kept behind the newest record time. In the real week no line
 * came about an older one that was not known, at three sites with some 2,000 alarms a day; and each
 * hour more makes every write of a book dearer.
 */
export const RECENT_MS = 30 * MINUTE_MS

const NOT_FOLDED: DayPosition = { sequence: 0, lines: 0, newestMs: 0 }

const EMPTY: Book = { days: {}, newestMs: 0, open: [], recent: [] }

/** The book as it stands. */
export async function bookOf(table: Table, site: string): Promise<Book> {
  return (await readBook(table, site))?.book ?? EMPTY
}

/**
 * Brings the book up to the newest records of the days in `newest`: the last sequence of their
 * alarm ledger, `Infinity` where it is not known and is looked up. The rows of days before
 * `keepFrom` count no more; when that day goes back, because a clock was ahead and is set right,
 * those of the days from there on count again.
 *
 * It is written as soon as it goes on by `worthRecords`: what costs less to read again than to
 * write may be folded anew by the next one who asks.
 */
export async function bringUpBook(
  store: LedgerStore,
  placed: PlacedSite,
  newest: ReadonlyMap<Day, number>,
  keepFrom: Day,
  worthRecords = 1,
): Promise<Book> {
  const { table } = store
  for (;;) {
    const {
      book,
      item,
      older = false,
    } = (await readBook(table, placed.site.id)) ?? { book: EMPTY, item: undefined }
    const told = await lookedUp(store, placed, book, newest)
    const behind = [...told]
      .filter(([day, sequence]) => day >= keepFrom && sequence > (book.days[day]?.sequence ?? 0))
      .map(([day]) => day)
      .sort()
    const left = Object.keys(book.days).filter((day) => day < keepFrom)
    const gone = [...told].filter(([day, sequence]) => day < keepFrom && sequence > 0)
    const isOther = older || (item !== undefined && book.readWith !== readWith(placed.site))
    const isBack = book.leftOut !== undefined && book.leftOut >= keepFrom
    const known = isBack ? await alarmDays(table, placed.site.id) : Object.keys(book.days)
    const out = [...left, ...gone.map(([day]) => day), ...(isBack ? known : [book.leftOut ?? ''])]
    const leftOut = lastBefore(keepFrom, out)
    const isSame = behind.length === 0 && left.length === 0 && leftOut === book.leftOut
    if (isSame && !isOther && !isBack) return book
    const days = new Set([...known, ...behind].filter((day) => day >= keepFrom))
    const kept = left.length > 0 ? withoutDays(book, keepFrom) : book
    const onward =
      kept && !isOther && !isBack ? await foldedOn(store, placed, kept, behind) : undefined
    const next = await (onward ?? foldedAgain(store, placed, days))
    const whole = leftOut ? { ...next, leftOut } : next
    const isOnward = onward && left.length === 0 && leftOut === book.leftOut
    if (isOnward && recordsIn(whole) - recordsIn(book) < worthRecords) return whole
    if (await writeBook(table, placed.site.id, item, whole)) return whole
  }
}

/**
 * Which records there are, looked up where that is not known, unless reading on will show it: that
 * is the same request.
 */
async function lookedUp(
  store: LedgerStore,
  { site }: PlacedSite,
  book: Book,
  newest: ReadonlyMap<Day, number>,
): Promise<Map<Day, number>> {
  const told = new Map(newest)
  for (const [day, sequence] of newest) {
    if (Number.isFinite(sequence) || readsOn(site, book, day)) continue
    told.set(day, (await placeOf(store, { site: site.id, feed: 'alarm', day })).sequence)
  }
  return told
}

/** True when the rows of a day can be folded from where the book stands. */
function readsOn({ onRewrite }: Site, { days }: Book, day: Day): boolean {
  return onRewrite !== 'replace' && Object.keys(days).length > 0 && !days[day]?.tail
}

/** How many records of all days are folded. */
function recordsIn({ days }: Book): number {
  return Object.values(days).reduce((sum, { sequence }) => sum + sequence, 0)
}

/** The last of these days before `keepFrom`; undefined when there is none. */
function lastBefore(keepFrom: Day, days: Iterable<Day>): Day | undefined {
  const before = [...days].filter((day) => day !== '' && day < keepFrom).sort()
  return before.at(-1)
}

/** All days of a site whose alarm ledger holds anything. */
async function alarmDays(table: Table, site: string): Promise<Day[]> {
  const days = await siteDays(table, site)
  return [...days].filter(([, { feeds }]) => feeds.alarm).map(([day]) => day)
}

/**
 * The book without the days before `keepFrom`, or undefined when it must be folded again: some
 * occurrence has lines in them and in others, and only those others tell what it is without them.
 */
function withoutDays(book: Book, keepFrom: Day): Book | undefined {
  const all = [...book.open, ...book.recent].filter(({ lastDay }) => lastDay >= keepFrom)
  if (all.some(({ firstDay }) => firstDay < keepFrom)) return undefined
  const days = Object.entries(book.days).filter(([day]) => day >= keepFrom)
  const next = summary(all, Object.fromEntries(days), book.readWith)
  // What is recent depends on the newest record time: if that goes, older ones are recent again.
  return next.newestMs === book.newestMs ? next : undefined
}

/** The book with the rows that came since, or undefined when it must be folded again. */
async function foldedOn(
  store: LedgerStore,
  { site, zone }: PlacedSite,
  book: Book,
  behind: readonly Day[],
): Promise<Book | undefined> {
  if (site.onRewrite === 'replace' || Object.keys(book.days).length === 0) return undefined
  const known = new Map(
    [...book.open, ...book.recent].map((occurrence) => [occurrenceKey(occurrence), occurrence]),
  )
  const days = { ...book.days }
  for (const day of behind) {
    if (!readsOn(site, book, day)) return undefined
    const position = days[day] ?? NOT_FOLDED
    const reader = readerOf(site, zone, position.previousMs)
    const file = { site: site.id, feed: 'alarm' as const, day }
    for await (const rows of mergedRows(store, file, reader, position.sequence)) {
      for (const observation of observationsIn(rows, day)) {
        const isKnown = known.has(occurrenceKey(observation))
        if (!isKnown && mayBeOlder(observation, book.newestMs)) return undefined
        addObservation(known, observation)
      }
      days[day] = positionAt(rows, days[day] ?? position, reader.previousMs)
    }
  }
  return summary([...known.values()], days, readWith(site))
}

/**
 * True for an unknown occurrence that the book may have known and dropped. One raised within the
 * recent time is still there if it ever was: see `summary`.
 */
function mayBeOlder(observation: Occurrence, newestMs: number): boolean {
  return observation.raisedMs <= newestMs - RECENT_MS
}

/** The book from all rows of all days: the definition of what it must be. */
export async function foldedAgain(
  store: LedgerStore,
  placed: PlacedSite,
  allDays: ReadonlySet<Day>,
): Promise<Book> {
  const known = new Map<string, Occurrence>()
  const days: Record<Day, DayPosition> = {}
  for (const day of [...allDays].sort()) {
    const reader = readerOf(placed.site, placed.zone)
    for await (const rows of alarmRows(store, placed, day, reader)) {
      for (const observation of observationsIn(rows, day)) addObservation(known, observation)
      days[day] = positionAt(rows, days[day] ?? NOT_FOLDED, reader.previousMs)
    }
  }
  return summary([...known.values()], days, readWith(placed.site))
}

function observationsIn({ record, parsed }: Rows<'alarm'>, day: Day): Occurrence[] {
  return parsed.readings.map((reading) => observedOnce(reading, record, day))
}

function positionAt(
  { record, rows, proof, parsed }: Rows<'alarm'>,
  before: DayPosition,
  previousMs: number | undefined,
): DayPosition {
  let { newestMs } = before
  for (const { recorded } of parsed.readings) {
    newestMs = Math.max(newestMs, Math.min(recorded.ms, record.readAtMs))
  }
  return {
    sequence: record.sequence,
    lines: rows,
    newestMs,
    ...(previousMs !== undefined && { previousMs }),
    ...(proof && parsed.lines > 0 && { tail: true as const }),
  }
}

function summary(
  all: Occurrence[],
  days: Record<Day, DayPosition>,
  readWith: string | undefined,
): Book {
  const sorted = all.sort((one, other) => (occurrenceKey(one) < occurrenceKey(other) ? -1 : 1))
  const newestMs = Math.max(0, ...Object.values(days).map((position) => position.newestMs))
  return {
    ...(readWith && { readWith }),
    days: Object.fromEntries(Object.entries(days).sort()),
    newestMs,
    open: sorted.filter((one) => !one.recovered),
    recent: sorted.filter(
      (one) => one.recovered && (lastTime(one) > newestMs - RECENT_MS || mayReturn(one)),
    ),
  }
}

function lastTime({ changedMs, raisedMs }: Occurrence): number {
  return Math.max(changedMs, raisedMs)
}
