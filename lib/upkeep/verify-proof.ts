import { createHash } from 'node:crypto'
import { LINE_COUNTS } from '../ledger/coverage.ts'
import { countedAnew, dayContent, type PlacedSite } from '../ledger/days.ts'
import type { LedgerStore } from '../ledger/ledger.ts'
import {
  type CloseRecord,
  type DayFile,
  isClose,
  type LedgerRecord,
  type SegmentRecord,
} from '../ledger/record.ts'
import { rebuilt } from '../ledger/rows.ts'
import type { Tally } from '../ledger/tally.ts'
import type { Feed } from '../site.ts'
import { sequenceKey } from '../store/keys.ts'
import type { Table } from '../store/table.ts'
import type { Fault } from './finding.ts'

/** The bytes of a generation of these records, from its beginning; of the newest, unless said. */
export function bytesOf(
  records: readonly LedgerRecord[],
  generation = records.findLast((record) => isClose(record) || !record.aside)?.generation,
): Buffer {
  const segments = records.filter((record): record is SegmentRecord => !isClose(record))
  const bySequence = new Map(segments.map((record) => [record.sequence, record]))
  const own = segments.filter((record) => record.generation === generation && !record.aside)
  return Buffer.concat(own.map((record) => rebuilt(record, bySequence)))
}

/** What a close record proves of the records below it and does not hold of them, if anything. */
export function proofFault(close: CloseRecord, below: readonly LedgerRecord[]): Fault | undefined {
  const { bytes, sha256 } = close.proof
  const held = bytesOf(below, close.generation)
  const digest = createHash('sha256').update(held).update(close.tail).digest('hex')
  if (held.length + close.tail.length === bytes && digest === sha256) return undefined
  const message = `Its records make ${held.length + close.tail.length} bytes other than the file.`
  const hint = 'This is a fault of Siterounds: please report it with the archive.'
  return { code: 'proof-wrong', side: 'archive', record: close.sequence, message, hint }
}

const SETTINGS = 'If the settings of the site were changed since, these are the counts with them.'

/** What a day file comes to with the records up to its close record, and with all of them. */
export async function countedTwice(
  store: LedgerStore,
  placed: PlacedSite,
  { feed, day }: DayFile,
  close: CloseRecord | undefined,
): Promise<{ atClose?: Tally | undefined; counted?: Tally | undefined }> {
  const counted = await countedAnew(store, placed, feed, day)
  if (!close || counted?.sequence === close.sequence) return { atClose: counted, counted }
  const upTo = { ...store, table: tableUpTo(store.table, sequenceKey(close.sequence)) }
  return { atClose: await countedAnew(upTo, placed, feed, day), counted }
}

/** A table as it was when a record was its ledger's newest. */
function tableUpTo(table: Table, last: string): Table {
  return {
    ...table,
    list: (partition, range = {}) => {
      const to = range.to !== undefined && range.to < last ? range.to : last
      return table.list(partition, { ...range, to })
    },
  }
}

/** Counts that a close record proves and that come out otherwise today, if any do. */
export function countFault(
  { sequence, proof }: CloseRecord,
  atClose: Tally | undefined,
): Fault | undefined {
  const wrong = LINE_COUNTS.filter((count) => atClose?.[count] !== proof[count])
  if (wrong.length === 0) return undefined
  const told = wrong.map((count) => `${proof[count]} ${count}, now ${atClose?.[count] ?? 0}`)
  const message = `Settling counted ${told.join('; ')}.`
  return { code: 'counts-differ', side: 'figures', record: sequence, message, hint: SETTINGS }
}

/** Whether the day's figures are not what the ledger comes to. */
export function tallyFault(
  feed: Feed,
  known: Tally | undefined,
  counted: Tally | undefined,
): Fault | undefined {
  if (!counted) return undefined
  // A round brings up what it has just appended; a day that is closed waits for no round.
  const behind = (known?.sequence ?? 0) < counted.sequence
  if (behind && !counted.proof) return undefined
  if (known && textOf(known, feed) === textOf(counted, feed)) return undefined
  const message = known
    ? `The day's figures differ from what the ledger comes to (${fieldsOf(known, counted)}).`
    : 'The figures of the day are missing or damaged.'
  return { code: 'figures-differ', side: 'figures', message, hint: 'Run siterounds rebuild.' }
}

function textOf(tally: Tally, feed: Feed): string {
  return JSON.stringify(dayContent({ feeds: { [feed]: tally } }))
}

function fieldsOf(known: Tally, counted: Tally): string {
  const fields = Object.keys({ ...known, ...counted }) as (keyof Tally)[]
  return fields
    .filter((field) => JSON.stringify(known[field]) !== JSON.stringify(counted[field]))
    .join(', ')
}
