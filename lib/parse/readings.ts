import { RoundsError } from '../errors.ts'
import type { ByteUnit, Feed } from '../site.ts'
import type { Zone } from '../time.ts'
import { columnsOf, readingOf } from './columns.ts'
import { splitFields } from './csv.ts'
import type { Parsed, ReadingOf, RejectReason, Stamp } from './feeds.ts'
import { type Charset, charsetOf, decodeBeginning, decodeLines, unitsOf } from './lines.ts'

/** What the lines of a day file are read with, and what is remembered from one run to the next. */
export interface Reader {
  zone: Zone
  /** Ids that the site may write. */
  siteIds: ReadonlySet<string>
  units: ByteUnit
  /** Decided by the first line that needs it. */
  charset: Charset
  /** Record time of the line before, to tell the two halves of a repeated hour apart. */
  previousMs: number | undefined
  /** The stamp of the line before, kept to be shared. */
  previous?: Stamp
}

/** What may stand unseen before a line: a BOM, or the end of a hole of NUL bytes. */
const UNSEEN = /^[\uFEFF\0]+/

/** How much of a rejected line is kept as text, in characters. */
const REJECT_TEXT = 200

/**
 * Reads a run of units (see lines.ts) of one feed: every line becomes a reading, a reject with its
 * reason, unknown, or blank. Pure but for `reader`, whose charset and previous time move on.
 * `open` says whether the bytes begin within a line that began before.
 */
export function readLines<F extends Feed>(
  feed: F,
  bytes: Uint8Array,
  open: boolean,
  reader: Reader,
): Parsed<F> {
  const parsed: Parsed<F> = { lines: 0, readings: [], rejects: [], unknown: 0, blank: 0 }
  let plainFrom = 0
  let plainEnd = 0
  let plainCount = 0
  for (const { start, end, kind } of unitsOf(bytes, open)) {
    if (kind === 'line') {
      plainCount += 1
    } else {
      readPlain(feed, bytes.subarray(plainFrom, start), plainCount, reader, parsed)
      readOdd(kind, bytes.subarray(start, end), reader, parsed)
      plainFrom = end
      plainCount = 0
    }
    plainEnd = end
  }
  readPlain(feed, bytes.subarray(plainFrom, plainEnd), plainCount, reader, parsed)
  return parsed
}

/** A unit that is no ordinary line: a piece of a line over 64 KiB, or a hole of NUL bytes. */
function readOdd<F extends Feed>(
  kind: 'oversize' | 'continued' | 'hole',
  unit: Uint8Array,
  reader: Reader,
  parsed: Parsed<F>,
): void {
  if (kind === 'continued') return
  parsed.lines += 1
  if (kind === 'hole') {
    parsed.blank += 1
    return
  }
  const text = decodeBeginning(unit.subarray(0, REJECT_TEXT * 4), reader.charset)
  parsed.rejects.push({ reason: 'oversize', text: cut(text) })
}

/** Ordinary whole lines, `count` of them. */
function readPlain<F extends Feed>(
  feed: F,
  bytes: Uint8Array,
  count: number,
  reader: Reader,
  parsed: Parsed<F>,
): void {
  if (count === 0) return
  reader.charset = charsetOf(bytes, false, reader.charset)
  const records = splitFields(
    decodeLines(bytes, reader.charset),
    columnsOf(feed),
    feed === 'system',
  )
  if (records.length !== count) {
    throw new RoundsError(
      'line-count',
      'stop',
      `${count} lines of a ${feed} file were split into ${records.length} records.`,
      'This is a fault of Siterounds: please report it with the day file.',
    )
  }
  parsed.lines += count
  for (const record of records) {
    const last = record.length - 1
    if (record[last]!.endsWith('\r')) record[last] = record[last]!.slice(0, -1)
    if (UNSEEN.test(record[0]!)) record[0] = record[0]!.replace(UNSEEN, '')
    const read: ReadingOf[F] | RejectReason | 'unknown' | 'blank' = readingOf(feed, record, reader)
    if (typeof read !== 'string') parsed.readings.push(read)
    else if (read === 'unknown') parsed.unknown += 1
    else if (read === 'blank') parsed.blank += 1
    else parsed.rejects.push({ reason: read, text: cut(record.join('|')) })
  }
}

function cut(text: string): string {
  // No pattern for the line end: `[\r\n]+$` would try every one of a line of many lone CRs.
  let end = text.length
  while (end > 0 && (text[end - 1] === '\n' || text[end - 1] === '\r')) end -= 1
  return end > REJECT_TEXT ? `${text.slice(0, REJECT_TEXT)}…` : text.slice(0, end)
}
