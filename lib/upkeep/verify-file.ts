import type { PlacedSite } from '../ledger/days.ts'
import type { LedgerStore } from '../ledger/ledger.ts'
import {
  type CloseRecord,
  type DayFile,
  decodeRecord,
  isClose,
  type LedgerRecord,
} from '../ledger/record.ts'
import type { Tally } from '../ledger/tally.ts'
import { ledgerPartition, sequenceKey } from '../store/keys.ts'
import type { Objects } from '../store/objects.ts'
import type { Content } from '../store/table.ts'
import { type Fault, FROM_A_COPY } from './finding.ts'
import { itemsIn } from './standing.ts'
import { checkArchive, checkOlder } from './verify-archive.ts'
import { countedTwice, countFault, proofFault, tallyFault } from './verify-proof.ts'
import {
  type InTable,
  recordFaults,
  recordsIn,
  unreadFaults,
  withoutHole,
} from './verify-records.ts'
import { shapeFault } from './verify-shape.ts'

/** What verifying one day file found. */
export interface FileChecked {
  /** Its records, from the first on, as the table and the archive hold them. */
  records: LedgerRecord[]
  faults: Fault[]
  /** For a repair: what is in the table, and the records below the close record, proved. */
  read: InTable
  right?: Content[]
}

/**
 * Verifies one day file: undefined when it has no ledger. What is wrong is told as faults; errors
 * of the store are thrown. A fault hides those that could only follow from it.
 */
export async function verifyFile(
  store: LedgerStore,
  placed: PlacedSite,
  file: DayFile,
  tally: Tally | undefined,
): Promise<FileChecked | undefined> {
  const { table, archive } = store
  const read = recordsIn(await itemsIn(table, ledgerPartition(file.site, file.feed, file.day)))
  if (read.items.size === 0 && read.faults.length === 0 && !tally) return undefined
  const { close } = read
  const faults = [...read.faults]
  let right: Content[] | undefined
  if (close) {
    const checked = checkArchive(close, await archive.get(close.archive.path), read.items)
    right = checked.right
    faults.push(...checked.faults)
    if (right) faults.push(...recordFaults(read, right))
  }
  faults.push(...unreadFaults(read, close && right ? close.sequence : 0, tally?.sequence ?? 0))
  const records = allRecords(read, right)
  if (right) faults.push(...(await olderFaults(archive, records, right)))
  if (faults.length === 0) faults.push(...wrongShape(records, close))
  if (faults.length === 0)
    faults.push(...(await wrongCounts(store, placed, file, close, records, tally)))
  return { records, faults, read, ...(right && { right }) }
}

/** The records of the ledger from the first one on, as far as there is no hole. */
function allRecords(read: InTable, right: readonly Content[] | undefined): LedgerRecord[] {
  if (!read.close || !right) return withoutHole(read, 1)
  const { archive, sequence } = read.close
  const below = right.map((content, index) => {
    const sort = sequenceKey(index + 1)
    return decodeRecord({ ...content, partition: archive.path, sort, version: '' })
  })
  return [...below, ...withoutHole(read, sequence)]
}

/** What is wrong with the archives that the newest one has replaced. */
async function olderFaults(
  archive: Objects,
  records: readonly LedgerRecord[],
  right: readonly Content[],
): Promise<Fault[]> {
  const faults: Fault[] = []
  for (const close of records.filter(isClose)) {
    if (close.sequence > right.length) continue
    faults.push(...checkOlder(close, await archive.get(close.archive.path), right))
  }
  return faults
}

function wrongShape(records: readonly LedgerRecord[], close: CloseRecord | undefined): Fault[] {
  const fault = shapeFault(records, 'table')
  if (fault) {
    const archived = (fault.record ?? 0) < (close?.sequence ?? 0)
    const hint = archived ? 'This is a fault of Siterounds: please report it.' : FROM_A_COPY
    return [{ ...fault, side: archived ? 'archive' : 'table', hint }]
  }
  const below = records.filter(({ sequence }) => sequence < (close?.sequence ?? 0))
  const unproved = close && proofFault(close, below)
  return unproved ? [unproved] : []
}

async function wrongCounts(
  store: LedgerStore,
  placed: PlacedSite,
  file: DayFile,
  close: CloseRecord | undefined,
  records: readonly LedgerRecord[],
  tally: Tally | undefined,
): Promise<Fault[]> {
  if (records.length === 0) return []
  const { atClose, counted } = await countedTwice(store, placed, file, close)
  const faults = [close && countFault(close, atClose), tallyFault(file.feed, tally, counted)]
  return faults.filter((fault) => fault !== undefined)
}
