import { type CloseRecord, decodeRecord, isClose, type LedgerRecord } from '../ledger/record.ts'
import { sequenceKey } from '../store/keys.ts'
import type { Content } from '../store/table.ts'
import { type Fault, FROM_A_COPY, type Lines, linesText } from './finding.ts'
import { isSame, type Standing } from './standing.ts'
import { differenceOf } from './verify-difference.ts'

/** The records of a ledger as they stand in the table, damaged ones among them, by number. */
export interface InTable {
  items: Map<number, Standing>
  /** Those that can be read. */
  records: Map<number, LedgerRecord>
  /** The newest close record that can be read. */
  close?: CloseRecord
  faults: Fault[]
}

const REPAIR = 'The archive is right: siterounds verify --repair puts its record into the table.'

/** Reads the items of a ledger, each for itself. */
export function recordsIn(items: readonly Standing[]): InTable {
  const read: InTable = { items: new Map(), records: new Map(), faults: [] }
  for (const item of items) {
    const number = Number(item.sort)
    if (number === 0 || item.sort !== sequenceKey(number)) {
      const message = 'An item stands in this ledger under a name that no record has.'
      read.faults.push({ code: 'stray-item', side: 'table', message, hint: FROM_A_COPY })
      continue
    }
    read.items.set(number, item)
    const record = item.damage ? undefined : decoded(item)
    if (record?.sequence !== number) continue
    read.records.set(number, record)
    if (isClose(record)) read.close = record
  }
  return read
}

/** The record of an item; undefined when it is none, or one that does not prove itself. */
function decoded(item: Standing): LedgerRecord | undefined {
  try {
    return decodeRecord(item)
  } catch {
    return undefined
  }
}

/** Compares the table's records below a close record with the right ones. */
export function recordFaults({ items }: InTable, right: readonly Content[]): Fault[] {
  const faults: Fault[] = []
  for (const [index, content] of right.entries()) {
    const record = index + 1
    const item = items.get(record)
    if (!item || isSame(item, content)) continue
    const { partition, sort, version } = item
    const known = decodeRecord({ ...content, partition, sort, version })
    faults.push({
      code: item.damage ? 'record-damaged' : 'record-differs',
      side: 'table',
      record,
      ...differenceOf(known, content, item),
      hint: REPAIR,
    })
  }
  return faults
}

/**
 * Records of the table that no archive can vouch for: those above record `vouched` that cannot be
 * read, or are missing although later ones are there. `counted` is the record up to which the
 * day's figures say that they were computed.
 */
export function unreadFaults(read: InTable, vouched: number, counted: number): Fault[] {
  const { items, records, close } = read
  const faults: Fault[] = []
  // A close record that cannot be read explains why the records below it are gone.
  const mayBeClose = [...items].some(
    ([number, { data }]) => !records.has(number) && data.kind !== 'segment',
  )
  let next = vouched + 1
  const missingTo = (last: number) => {
    const explained = mayBeClose || last < (close?.sequence ?? 0)
    if (last >= next && !explained) faults.push(unread(records, 'missing', next, last))
  }
  for (const number of [...items.keys()].filter((one) => one > vouched)) {
    missingTo(number - 1)
    if (!records.has(number)) faults.push(unread(records, 'damaged', number, number))
    next = number + 1
  }
  missingTo(counted)
  return faults
}

function unread(
  records: ReadonlyMap<number, LedgerRecord>,
  how: 'missing' | 'damaged',
  first: number,
  last: number,
): Fault {
  const lines = linesBetween(records, first, last)
  const among = lines ? ` (${linesText(lines)})` : ''
  const which =
    first === last ? `Record ${first}${among} is` : `Records ${first} to ${last}${among} are`
  return {
    code: `record-${how}`,
    side: 'table',
    record: first,
    ...(lines && { lines }),
    message: `${which} ${how}.`,
    hint: FROM_A_COPY,
  }
}

/** The lines of records that cannot be read, by what their neighbours count. */
function linesBetween(
  records: ReadonlyMap<number, LedgerRecord>,
  first: number,
  last: number,
): Lines | undefined {
  const before = first === 1 ? 0 : records.get(first - 1)?.rows
  const next = records.get(last + 1)
  if (before === undefined || !next) return undefined
  const to = isClose(next) ? next.rows : next.rows - next.lines
  return to > before ? { from: before + 1, to } : undefined
}

/** The records from `first` on, as long as there is no hole. */
export function withoutHole({ records }: Pick<InTable, 'records'>, first: number): LedgerRecord[] {
  const all: LedgerRecord[] = []
  for (let number = first; records.has(number); number += 1) all.push(records.get(number)!)
  return all
}
