import type { Parsed } from '../parse/feeds.ts'
import { unitsOf } from '../parse/lines.ts'
import { type Reader, readLines } from '../parse/readings.ts'
import type { Feed, Site } from '../site.ts'
import type { Zone } from '../time.ts'
import { type LedgerStore, recordsAfter } from './ledger.ts'
import {
  type CloseRecord,
  type DayFile,
  isClose,
  isStored,
  type LedgerRecord,
  type Proof,
  type SegmentRecord,
  sha256,
} from './record.ts'

/** A run of a day's rows, read: those that one record brought. */
export interface Rows<F extends Feed> {
  /** The record up to which the day's rows are now complete. */
  record: Pick<
    SegmentRecord,
    'sequence' | 'generation' | 'end' | 'readAtMs' | 'via' | 'aside' | 'mixed'
  >
  /** How many lines the ledger holds up to this record. */
  rows: number
  parsed: Parsed<F>
  /** Of the newest record, when it closes the day file: then the rows are its unfinished line. */
  proof?: Proof
}

/** What lines of a site are read with. */
export function readerOf(site: Site, zone: Zone, previousMs?: number): Reader {
  return {
    zone,
    siteIds: new Set(site.siteIds),
    units: site.units,
    charset: undefined,
    previousMs,
  }
}

/**
 * Names the settings of a site that decide which lines are readings, of what moment, and which of
 * them count. What was computed with other ones must be computed anew.
 */
export function readWith({ siteIds, timeZone, onRewrite }: Site): string {
  return sha256(Buffer.from(JSON.stringify([siteIds, timeZone, onRewrite]))).slice(0, 12)
}

/**
 * The rows of a day as they count under `merge`: every stored line, in the order of the records
 * (DESIGN section 3, rule 4), and last the unfinished line of a close record that is the newest.
 * Reading on from a sequence gives just what came after it.
 */
export async function* mergedRows<F extends Feed>(
  store: LedgerStore,
  file: DayFile & { feed: F },
  reader: Reader,
  after: number,
): AsyncGenerator<Rows<F>> {
  let close: CloseRecord | undefined
  for await (const record of recordsAfter(store, file, after)) {
    // A close record counts for nothing once something stands above it.
    close = isClose(record) ? record : undefined
    if (isClose(record)) continue
    yield { record, rows: record.rows, parsed: readStored(file.feed, record, reader) }
  }
  // An unfinished line that an older generation holds is no more than that row.
  if (close) yield closingRows(file.feed, close.tailHeld ? withoutTail(close) : close, reader)
}

/**
 * The rows of a day as they count under `replace`: those of the newest generation that a read has
 * finished, or of the first one while none is. Always the whole day: there is no reading on.
 */
export async function replacedRows<F extends Feed>(
  store: LedgerStore,
  file: DayFile & { feed: F },
  reader: Reader,
): Promise<Rows<F>[]> {
  const segments: SegmentRecord[] = []
  let newest: LedgerRecord | undefined
  for await (const record of recordsAfter(store, file, 0)) {
    newest = record
    if (!isClose(record)) segments.push(record)
  }
  if (!newest) return []
  const own = segments.filter((record) => !record.aside)
  const finished = own.findLast((record) => record.until === record.end)
  const proved = isClose(newest) && newest.proof.compared ? newest : undefined
  const { generation } = proved ?? finished ?? own[0] ?? newest
  const bySequence = new Map(segments.map((record) => [record.sequence, record]))
  const rows: Rows<F>[] = []
  let open = false
  for (const record of own.filter((one) => one.generation === generation)) {
    reader.charset = record.charset
    const bytes = rebuilt(record, bySequence)
    const parsed = readLines(file.feed, bytes, open, reader)
    open = record.open
    rows.push({ record: { ...record, sequence: newest.sequence }, rows: newest.rows, parsed })
  }
  if (isClose(newest)) rows.push(closingRows(file.feed, newest, reader))
  // Of a ledger that holds rows aside alone none counts, and yet it is read up to here.
  else if (rows.length === 0) rows.push({ record: newest, rows: newest.rows, parsed: NOTHING })
  return rows
}

const NOTHING: Parsed<never> = { lines: 0, readings: [], rejects: [], unknown: 0, blank: 0 }

function withoutTail(close: CloseRecord): CloseRecord {
  return { ...close, tail: new Uint8Array() }
}

/** What a close record that is the newest adds: its unfinished line, if there is one. */
function closingRows<F extends Feed>(feed: F, close: CloseRecord, reader: Reader): Rows<F> {
  reader.charset = close.charset
  const parsed = readTail(feed, close.tail, close.open, reader)
  const record = { ...close, readAtMs: close.proof.readAtMs, aside: false }
  return { record, rows: close.rows + parsed.lines, parsed, proof: close.proof }
}

/** An unfinished line as if its newline had come; nothing when there is none. */
export function readTail<F extends Feed>(
  feed: F,
  tail: Uint8Array,
  open: boolean,
  reader: Reader,
): Parsed<F> {
  const line = tail.length > 0 ? Buffer.concat([tail, Buffer.from('\n')]) : tail
  return readLines(feed, line, open, reader)
}

/** The bytes of a generation that a record stands for, its references followed. */
export function rebuilt(
  record: SegmentRecord,
  records: ReadonlyMap<number, SegmentRecord>,
): Buffer {
  const parts: Uint8Array[] = []
  // Found once for each record referred to: there may be thousands of references to one.
  const bordersOf = new Map<number, number[]>()
  let from = 0
  for (const piece of record.pieces) {
    if (isStored(piece)) {
      parts.push(record.body.subarray(from, from + piece.bytes))
      from += piece.bytes
    } else {
      const holder = records.get(piece.record)!
      const borders = bordersOf.get(piece.record) ?? storedBorders(holder)
      bordersOf.set(piece.record, borders)
      const [start, end] = [borders[piece.first], borders[piece.first + piece.units]]
      parts.push(holder.body.subarray(start, end))
    }
  }
  return Buffer.concat(parts)
}

/** Where the stored units of a record begin in its body, and where the last one ends. */
function storedBorders(record: SegmentRecord): number[] {
  const borders = [0]
  let from = 0
  for (const piece of record.pieces) {
    if (!isStored(piece)) continue
    const bytes = record.body.subarray(from, from + piece.bytes)
    for (const unit of unitsOf(bytes, piece.open)) borders.push(from + unit.end)
    from += piece.bytes
  }
  return borders
}

/** The stored lines of one record. */
function readStored<F extends Feed>(feed: F, record: SegmentRecord, reader: Reader): Parsed<F> {
  reader.charset = record.charset
  const all: Parsed<F> = { lines: 0, readings: [], rejects: [], unknown: 0, blank: 0 }
  let from = 0
  for (const piece of record.pieces) {
    if (!isStored(piece)) continue
    const bytes = record.body.subarray(from, from + piece.bytes)
    const parsed = readLines(feed, bytes, piece.open, reader)
    all.lines += parsed.lines
    all.unknown += parsed.unknown
    all.blank += parsed.blank
    for (const reading of parsed.readings) all.readings.push(reading)
    for (const reject of parsed.rejects) all.rejects.push(reject)
    from += piece.bytes
  }
  return all
}
