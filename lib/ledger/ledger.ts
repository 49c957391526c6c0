import { RoundsError } from '../errors.ts'
import type { Charset } from '../parse/lines.ts'
import { ledgerPartition, sequenceKey } from '../store/keys.ts'
import type { Table } from '../store/table.ts'
import {
  type DayFile,
  decodeRecord,
  encodeRecord,
  type Marker,
  type SegmentRecord,
} from './record.ts'

/**
 * Where a day file's ledger ends: what a writer has read before it creates the next record.
 * `generation`, `end`, `open` and `marker` are those of the newest record that is not aside.
 */
export interface Place {
  sequence: number
  generation: number
  end: number
  open: boolean
  marker: Marker
  mixed: boolean
  rows: number
  charset: Charset
  /** True when a record of this generation ended where its read ended, at `end`. */
  finished: boolean
}

/** The place of a ledger that holds nothing. */
export const NOWHERE: Place = {
  sequence: 0,
  generation: 0,
  end: 0,
  open: false,
  marker: { length: 0, sha256: '' },
  mixed: false,
  rows: 0,
  charset: undefined,
  finished: false,
}

/** How many records are asked for at once when looking back past records that are aside. */
const LOOK_BACK = 3

/** The end of a day file's ledger. Only this looks backwards. */
export async function placeOf(table: Table, file: DayFile): Promise<Place> {
  const partition = ledgerPartition(file.site, file.feed, file.day)
  let newest: SegmentRecord | undefined
  for (let to: string | undefined; ; ) {
    const limit = newest ? LOOK_BACK : 1
    const items = await table.list(partition, { descending: true, limit, ...(to && { to }) })
    if (items.length === 0) {
      return newest ? { ...NOWHERE, ...endOf(newest) } : NOWHERE
    }
    for (const item of items) {
      const record = decodeRecord(item)
      newest ??= record
      if (!record.aside) return placeAfter(record, newest)
      to = sequenceKey(record.sequence - 1)
    }
  }
}

/** The place behind `newest`, when `resumable` is the newest record that is not aside. */
export function placeAfter(resumable: SegmentRecord, newest = resumable): Place {
  const { generation, end, open, marker, charset, until } = resumable
  return { generation, end, open, marker, charset, finished: until === end, ...endOf(newest) }
}

function endOf(newest: SegmentRecord) {
  return { sequence: newest.sequence, mixed: newest.mixed, rows: newest.rows }
}

/** How often a reader that met a gap reads again before it gives up. */
const GAP_TRIES = 3

/** How many records are read at once: about as many MiB of text in the memory. */
const PAGE_RECORDS = 16

/**
 * The records of a day file after sequence `after`, in order and without a gap, a few at a time.
 * A reader that meets a gap reads again: it was answered while records were being created.
 */
export async function* recordsAfter(
  table: Table,
  file: DayFile,
  after: number,
): AsyncGenerator<SegmentRecord> {
  const partition = ledgerPartition(file.site, file.feed, file.day)
  for (let tries = 1; ; ) {
    const items = await table.list(partition, {
      from: sequenceKey(after + 1),
      limit: PAGE_RECORDS,
    })
    for (const item of items) {
      if (item.sort !== sequenceKey(after + 1)) break
      yield decodeRecord(item)
      after += 1
      tries = 1
    }
    const newest = items.at(-1)?.sort
    if (newest === undefined || newest < sequenceKey(after + 1)) {
      if (items.length < PAGE_RECORDS) return
    } else if (tries === GAP_TRIES) {
      throw new RoundsError(
        'ledger-gap',
        'skip',
        `Record ${after + 1} of ${partition} is missing, and later ones are there.`,
        'The store lost an item: restore it from a copy.',
      )
    } else {
      tries += 1
    }
  }
}

/** All records of a day file up to sequence `upTo`. */
export async function recordsUpTo(
  table: Table,
  file: DayFile,
  upTo: number,
): Promise<SegmentRecord[]> {
  const records: SegmentRecord[] = []
  for await (const record of recordsAfter(table, file, 0)) {
    if (record.sequence > upTo) break
    records.push(record)
  }
  return records
}

/** Creates a record; false when another writer has created one under its number before. */
export async function createRecord(
  table: Table,
  file: DayFile,
  record: SegmentRecord,
): Promise<boolean> {
  const partition = ledgerPartition(file.site, file.feed, file.day)
  const key = { partition, sort: sequenceKey(record.sequence) }
  const write = await table.create(key, encodeRecord(record))
  return write.done
}
