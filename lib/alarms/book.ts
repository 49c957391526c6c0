import type { PlacedSite } from '../ledger/days.ts'
import { mergedRows, readerOf } from '../ledger/rows.ts'
import type { Day } from '../site.ts'
import type { Table } from '../store/table.ts'
import { addDays, HOUR_MS } from '../time.ts'
import { readBook, writeBook } from './book-item.ts'
import { addObservation, type Occurrence, observedOnce, occurrenceKey } from './occurrence.ts'
import { alarmRows } from './rows.ts'

/**
 * The book of a site: what stands open, and how far each day's alarm file was folded into it. It
 * is computed from the ledger alone, and comes out the same in whatever pieces the rows came.
 *
 * It keeps every open occurrence, but of the recovered ones only those that were raised or last
 * recorded within `RECENT_MS` of the newest record time: a site has thousands of alarms a day, and
 * a book that held them all for as long as a late line may come would be written whole at every
 * round. A line whose occurrence is unknown and was raised before then could need what was dropped:
 * it sets the book aside, and all days are folded again from the ledger. That is slow, right, rare.
 */
export interface Book {
  days: Record<Day, DayPosition>
  /** The newest record time of all. */
  newestMs: number
  open: Occurrence[]
  recent: Occurrence[]
}

/** How far a day's alarm file was folded. */
export interface DayPosition {
  sequence: number
  lines: number
  previousMs?: number
}

/** How long recovered occurrences are kept behind the newest record time. */
export const RECENT_MS = 2 * HOUR_MS

const EMPTY: Book = { days: {}, newestMs: 0, open: [], recent: [] }

/** The book as it stands. */
export async function bookOf(table: Table, site: string): Promise<Book> {
  return (await readBook(table, site))?.book ?? EMPTY
}

/**
 * Brings the book up to the newest records of the days in `newest` (the last sequence of their
 * alarm ledger). Days before `keepFrom` are dropped: their rows are no longer in the ledger.
 */
export async function bringUpBook(
  table: Table,
  placed: PlacedSite,
  newest: ReadonlyMap<Day, number>,
  keepFrom: Day,
): Promise<Book> {
  for (;;) {
    const { book, item } = (await readBook(table, placed.site.id)) ?? {
      book: EMPTY,
      item: undefined,
    }
    const behind = [...newest]
      .filter(([day, sequence]) => sequence > (book.days[day]?.sequence ?? 0))
      .map(([day]) => day)
      .sort()
    if (behind.length === 0) return book
    const next =
      (await foldedOn(table, placed, book, behind)) ??
      (await foldedAgain(table, placed, new Set([...Object.keys(book.days), ...behind])))
    const kept = withoutOld(next, keepFrom, placed)
    if (await writeBook(table, placed.site.id, item, kept)) return kept
  }
}

/** The book with the rows that came since, or undefined when it must be folded again. */
async function foldedOn(
  table: Table,
  { site, zone }: PlacedSite,
  book: Book,
  behind: readonly Day[],
): Promise<Book | undefined> {
  if (site.onRewrite === 'replace' || Object.keys(book.days).length === 0) return undefined
  const known = new Map(
    [...book.open, ...book.recent].map((occurrence) => [occurrenceKey(occurrence), occurrence]),
  )
  const days = { ...book.days }
  let newestMs = book.newestMs
  for (const day of behind) {
    const position = days[day] ?? { sequence: 0, lines: 0 }
    const reader = readerOf(site, zone, position.previousMs)
    const file = { site: site.id, feed: 'alarm' as const, day }
    for await (const rows of mergedRows(table, file, reader, position.sequence)) {
      for (const reading of rows.parsed.readings) {
        const observation = observedOnce(reading, rows.record)
        const isKnown = known.has(occurrenceKey(observation))
        if (!isKnown && mayBeOlder(observation, book.newestMs)) return undefined
        newestMs = Math.max(newestMs, observation.changedMs)
        addObservation(known, observation)
      }
      days[day] = positionAt(rows.record.sequence, rows.rows, reader.previousMs)
    }
  }
  return summary([...known.values()], days, newestMs)
}

/**
 * True for an unknown occurrence that the book may have known and dropped. One raised within the
 * recent time is still there if it ever was: see `summary`.
 */
function mayBeOlder(observation: Occurrence, newestMs: number): boolean {
  return observation.raisedMs <= newestMs - RECENT_MS
}

/** The book from all rows of all days: the definition of what it must be. */
async function foldedAgain(
  table: Table,
  placed: PlacedSite,
  allDays: ReadonlySet<Day>,
): Promise<Book> {
  const known = new Map<string, Occurrence>()
  const days: Record<Day, DayPosition> = {}
  let newestMs = 0
  for (const day of [...allDays].sort()) {
    const reader = readerOf(placed.site, placed.zone)
    for await (const { record, rows, parsed } of alarmRows(table, placed, day, reader)) {
      for (const reading of parsed.readings) {
        const observation = observedOnce(reading, record)
        newestMs = Math.max(newestMs, observation.changedMs)
        addObservation(known, observation)
      }
      days[day] = positionAt(record.sequence, rows, reader.previousMs)
    }
  }
  return summary([...known.values()], days, newestMs)
}

function positionAt(sequence: number, lines: number, previousMs: number | undefined): DayPosition {
  return { sequence, lines, ...(previousMs !== undefined && { previousMs }) }
}

function summary(all: Occurrence[], days: Record<Day, DayPosition>, newestMs: number): Book {
  const sorted = all.sort((one, other) => (occurrenceKey(one) < occurrenceKey(other) ? -1 : 1))
  return {
    days: Object.fromEntries(Object.entries(days).sort()),
    newestMs,
    open: sorted.filter((one) => !one.recovered),
    recent: sorted.filter((one) => one.recovered && lastTime(one) > newestMs - RECENT_MS),
  }
}

function lastTime({ changedMs, raisedMs }: Occurrence): number {
  return Math.max(changedMs, raisedMs)
}

/** Without days whose rows are gone, and without what nobody can see any more. */
function withoutOld(book: Book, keepFrom: Day, { zone }: PlacedSite): Book {
  const goneMs = zone.startOf(addDays(keepFrom, -1))
  return {
    ...book,
    days: Object.fromEntries(Object.entries(book.days).filter(([day]) => day >= keepFrom)),
    open: book.open.filter((one) => one.changedMs >= goneMs),
  }
}
