import { brotliCompressSync, brotliDecompressSync, constants } from 'node:zlib'
import type { Day } from '../site.ts'
import type { Book } from './book.ts'
import { type Occurrence, type Seen, stateOf } from './occurrence.ts'

/*
 * The occurrences of a book as bytes. A book is written at every round that brings alarm lines, and
 * DynamoDB bills by the KB: so what follows from other fields is left out, times are told by their
 * distance from another one, and what is alike stands alike, for Brotli to find.
 */

/** `[recorded after raised, changed after recorded, days, description]`, see `seenRow`. */
type SeenRow = [number, number, Day | [Day, Day, Day], string | 0]

/** An occurrence: its first reading is told by how long it came before the newest record time. */
type Row = [
  ...[name: string, node: string, raisedText: string, offset: number, readBefore: number],
  ...[days: Day | [Day, Day], standing: SeenRow | 0, recovery: SeenRow | 0, backfilled: 0 | 1],
]

/** Most of what a higher one finds, at a tenth of its time: ten thousand alarms in some 0.1 s. */
const QUALITY = 6

/** The occurrences of a book, compressed. */
export function bookBytes({ newestMs, open, recent }: Book): Uint8Array {
  const rows = [open, recent].map((all) => all.map((one) => rowOf(one, newestMs)))
  return brotliCompressSync(JSON.stringify(rows), {
    params: {
      [constants.BROTLI_PARAM_MODE]: constants.BROTLI_MODE_TEXT,
      [constants.BROTLI_PARAM_QUALITY]: QUALITY,
    },
  })
}

/** What `bookBytes` made bytes of; `newestMs` is the book's. */
export function occurrencesIn(bytes: Uint8Array, newestMs: number): Pick<Book, 'open' | 'recent'> {
  const [open, recent] = JSON.parse(brotliDecompressSync(bytes).toString()) as [Row[], Row[]]
  const all = (rows: Row[]) => rows.map((row) => occurrenceOf(row, newestMs))
  return { open: all(open), recent: all(recent) }
}

function rowOf(one: Occurrence, newestMs: number): Row {
  const { name, node, raisedText, raisedMs, standing, recovery, firstDay, lastDay } = one
  const days = firstDay === lastDay ? firstDay : ([firstDay, lastDay] satisfies [Day, Day])
  return [
    ...([name, node, raisedText] as const),
    // Hours and minutes of the site's zone for most, so that many are alike.
    asIfUtc(raisedText) - raisedMs,
    newestMs - one.firstReadMs,
    days,
    standing ? seenRow(standing, raisedMs, undefined) : 0,
    recovery ? seenRow(recovery, raisedMs, standing?.description) : 0,
    one.backfilled ? 1 : 0,
  ]
}

function occurrenceOf(row: Row, newestMs: number): Occurrence {
  const [name, node, raisedText, offset, readBefore, days, standing, recovery, backfilled] = row
  const raisedMs = asIfUtc(raisedText) - offset
  const [firstDay, lastDay] = typeof days === 'string' ? [days, days] : days
  const stands = standing ? seenOf(standing, raisedMs, '') : undefined
  const recovers = recovery ? seenOf(recovery, raisedMs, stands?.description ?? '') : undefined
  return {
    ...{ name, node, raisedText, raisedMs },
    ...stateOf(stands, recovers),
    firstReadMs: newestMs - readBefore,
    backfilled: backfilled === 1,
    ...{ firstDay, lastDay },
  }
}

/** What was seen; `known` is a description that stands before, for which 0 is written. */
function seenRow(seen: Seen, raisedMs: number, known: string | undefined): SeenRow {
  const { recordedMs, changedMs, recordedDay, changedDay, lastDay, description } = seen
  const isOne = recordedDay === lastDay && changedDay === lastDay
  return [
    recordedMs - raisedMs,
    changedMs - recordedMs,
    isOne ? lastDay : [recordedDay, changedDay, lastDay],
    description === known ? 0 : description,
  ]
}

function seenOf([recorded, changed, days, described]: SeenRow, raisedMs: number, known: string) {
  const recordedMs = raisedMs + recorded
  const [recordedDay, changedDay, lastDay] = typeof days === 'string' ? [days, days, days] : days
  const description = described === 0 ? known : described
  const changedMs = recordedMs + changed
  return { recordedMs, changedMs, recordedDay, changedDay, lastDay, description } satisfies Seen
}

/** A site's text read as if its zone were UTC, in epoch milliseconds; 0 for another form. */
function asIfUtc(text: string): number {
  const ms = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/.test(text) ? Date.parse(`${text}Z`) : Number.NaN
  return Number.isNaN(ms) ? 0 : ms
}
