import { asRoundsError, RoundsError } from '../errors.ts'
import type { Charset } from '../parse/lines.ts'
import type { Settings } from '../site.ts'
import { ledgerPartition, sequenceKey } from '../store/keys.ts'
import type { Objects } from '../store/objects.ts'
import type { Item, Table } from '../store/table.ts'
import { DAY_MS } from '../time.ts'
import { archivedItems } from './archive.ts'
import {
  type CloseRecord,
  type DayFile,
  decodeRecord,
  encodeRecord,
  headOf,
  isClose,
  type LedgerRecord,
  type Marker,
  type RecordHead,
  type SegmentRecord,
} from './record.ts'

/** Where ledgers lie: their records in the table, and for good in the archive. */
export interface LedgerStore {
  table: Table
  archive: Objects
  /** How long a record stays in the table: so many days behind its day, and behind its reading. */
  keepDays: number
  /**
   * Read days that are closed from the archive, if it is whole: there a day is one request, and in
   * the table as many as its size takes.
   */
  fromArchive?: boolean
}

/** The ledgers of a back end. */
export function ledgersOf(ports: {
  table: Table
  archive: Objects
  settings: Settings
}): LedgerStore {
  const { table, archive, settings } = ports
  return { table, archive, keepDays: settings.retention.keepDays }
}

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
  /** When the newest record was read: a later one is never earlier, whatever the clock says. */
  readAtMs: number
  charset: Charset
  /** True when a record of this generation ended where its read ended, at `end`. */
  finished: boolean
  /** The newest record, when it closes the day file. */
  closed?: CloseRecord
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
  readAtMs: 0,
  charset: undefined,
  finished: false,
}

/** How many records are asked for at once when looking back past records that are aside. */
const LOOK_BACK = 3

/** The end of a day file's ledger. Only this, and the search for a close record, look backwards. */
export async function placeOf({ table }: LedgerStore, file: DayFile): Promise<Place> {
  const partition = ledgerPartition(file.site, file.feed, file.day)
  let newest: RecordHead | undefined
  for (let to: string | undefined; ; ) {
    const limit = newest ? LOOK_BACK : 1
    const items = await table.list(partition, { descending: true, limit, ...(to && { to }) })
    if (items.length === 0) {
      return newest ? { ...NOWHERE, ...endOf(newest) } : NOWHERE
    }
    for (const item of items) {
      const record = headOf(item)
      newest ??= record
      if (isClose(record) || !record.aside) return placeAfter(record, newest)
      to = sequenceKey(record.sequence - 1)
    }
  }
}

/** The place behind `newest`, when `resumable` is the newest record that is not aside. */
export function placeAfter(resumable: RecordHead, newest = resumable): Place {
  const { generation, end, open, marker, charset } = resumable
  const finished = isClose(resumable) || resumable.until === end
  const place = { generation, end, open, marker, charset, finished, ...endOf(newest) }
  return isClose(newest) ? { ...place, closed: newest } : place
}

function endOf(newest: RecordHead) {
  const { sequence, mixed, rows } = newest
  const readAtMs = isClose(newest) ? newest.proof.readAtMs : newest.readAtMs
  return { sequence, mixed, rows, readAtMs }
}

/** How often a reader that met a gap reads again before it gives up. */
const GAP_TRIES = 3

/** How many records are asked for at once, at first: each may be as large as an item can be. */
const PAGE_RECORDS = 16

/** Where they are small, more are asked for: the requests of a long day are what costs. */
const MOST_PAGE_RECORDS = 128

/** A page of records that together hold less is small, in bytes as they are stored. */
const SMALL_PAGE_BYTES = 64 * 1024

/** The records of a day file after sequence `after`, in order and gapless: see `itemsAfter`. */
export async function* recordsAfter(
  store: LedgerStore,
  file: DayFile,
  after: number,
): AsyncGenerator<LedgerRecord> {
  for await (const item of itemsAfter(store, file, after)) yield decodeRecord(item)
}

/**
 * The items of a day file's records after sequence `after`, a few at a time. A reader that meets a
 * gap looks for a close record: at and below it the archive is the ledger, because the table may
 * drop any of those records. Without one it reads again: it was answered while records were being
 * created.
 */
export async function* itemsAfter(
  { table, archive, fromArchive = false }: LedgerStore,
  file: DayFile,
  after: number,
): AsyncGenerator<Item> {
  if (fromArchive && after === 0) {
    const closed = await closedItems(table, archive, file)
    yield* closed
    after = closed.length
  }
  const partition = ledgerPartition(file.site, file.feed, file.day)
  for (let tries = 1, limit = PAGE_RECORDS; ; ) {
    const first = after + 1
    const items = await table.list(partition, { from: sequenceKey(first), limit })
    const gap = items.findIndex(({ sort }, index) => sort !== sequenceKey(first + index))
    const close = gap === -1 ? undefined : await newestClose(table, file)
    if (close && close.sequence > after) {
      for await (const item of archivedItems(archive, close.archive)) {
        if (item.sort < sequenceKey(first)) continue
        yield item
      }
      after = close.sequence - 1
      continue
    }
    yield* gap === -1 ? items : items.slice(0, gap)
    after += gap === -1 ? items.length : gap
    if (gap === -1 && items.length < limit) return
    limit = isSmall(items) ? MOST_PAGE_RECORDS : PAGE_RECORDS
    if (gap !== 0) tries = 1
    else if (tries === GAP_TRIES) throw ledgerGap(partition, after + 1)
    else tries += 1
  }
}

function isSmall(items: readonly Item[]): boolean {
  return items.reduce((sum, { bytes }) => sum + (bytes?.length ?? 0), 0) < SMALL_PAGE_BYTES
}

/** All items of a ledger that ends with a close record; none when it does not, or not whole. */
async function closedItems(table: Table, archive: Objects, file: DayFile): Promise<Item[]> {
  const partition = ledgerPartition(file.site, file.feed, file.day)
  const [newest] = await table.list(partition, { descending: true, limit: 1 })
  if (newest?.data.kind !== 'close') return []
  const { archive: archived } = decodeRecord(newest) as CloseRecord
  try {
    const items: Item[] = []
    for await (const item of archivedItems(archive, archived)) items.push(item)
    return [...items, newest]
  } catch (thrown) {
    // The records may still stand in the table; where they do not, reading on says what is wrong.
    if (asRoundsError(thrown).class !== 'skip') throw thrown
    return []
  }
}

function ledgerGap(partition: string, sequence: number): RoundsError {
  return new RoundsError(
    'ledger-gap',
    'skip',
    `Record ${sequence} of ${partition} is missing, and later ones are there.`,
    'The store lost an item: restore it from a copy.',
  )
}

/** The newest close record of a ledger; asked for only where something is missing. */
export async function newestClose(
  table: Table,
  { site, feed, day }: DayFile,
): Promise<CloseRecord | undefined> {
  const close = await newestCloseIn(table, ledgerPartition(site, feed, day))
  return close && (decodeRecord(close) as CloseRecord)
}

/** The same as an item, from the ledger in a partition. */
export async function newestCloseIn(table: Table, partition: string): Promise<Item | undefined> {
  for (let to: string | undefined; ; ) {
    const range = { descending: true, limit: PAGE_RECORDS, ...(to && { to }) }
    const items = await table.list(partition, range)
    const close = items.find(({ data }) => data.kind === 'close')
    if (close) return close
    const last = items.at(-1)
    if (!last || items.length < PAGE_RECORDS) return undefined
    to = sequenceKey(Number(last.sort) - 1)
  }
}

/** All segments of a day file up to sequence `upTo`. */
export async function segmentsUpTo(
  store: LedgerStore,
  file: DayFile,
  upTo: number,
): Promise<SegmentRecord[]> {
  const records: SegmentRecord[] = []
  for await (const record of recordsAfter(store, file, 0)) {
    if (record.sequence > upTo) break
    if (!isClose(record)) records.push(record)
  }
  return records
}

/** Creates a record; false when another writer has created one under its number before. */
export async function createRecord(
  store: LedgerStore,
  file: DayFile,
  record: LedgerRecord,
): Promise<boolean> {
  const partition = ledgerPartition(file.site, file.feed, file.day)
  const key = { partition, sort: sequenceKey(record.sequence) }
  const content = encodeRecord(record)
  const write = await store.table.create(
    key,
    // The newest close record never goes: without it nobody would know of the archive.
    isClose(record) ? content : { ...content, expiresAt: expiryOf(store, file, record.readAtMs) },
  )
  return write.done
}

/** When a record may leave the table, in epoch milliseconds: its day is archived long before. */
export function expiryOf({ keepDays }: LedgerStore, { day }: DayFile, readAtMs: number): number {
  // Wherever a site is, its day has ended 36 hours after it began in Greenwich.
  const endMs = Date.parse(day) + 1.5 * DAY_MS
  return Math.max(readAtMs, endMs) + keepDays * DAY_MS
}
