import { packed, putArchive } from '../ledger/archive.ts'
import { expiryOf, type LedgerStore } from '../ledger/ledger.ts'
import { type DayFile, isClose } from '../ledger/record.ts'
import { isProved } from './verify-archive.ts'
import type { FileChecked } from './verify-file.ts'

/**
 * Puts right what another copy proves: an archive from the records of the table or of a newer
 * archive, a record of the table from the archive. Says how many faults it saw to; verifying again
 * says whether they are gone.
 */
export async function repairFile(
  store: LedgerStore,
  file: DayFile,
  { read, right, records, faults }: FileChecked,
): Promise<number> {
  const { close, items } = read
  if (!close || !right) return 0
  const ofArchive = faults.filter(({ side, path }) => side === 'archive' && path)
  const paths = new Set(ofArchive.map(({ path }) => path))
  for (const { archive, sequence } of records.filter(isClose)) {
    const own = right.slice(0, sequence - 1)
    const isRight = paths.has(archive.path) && isProved(archive, packed(own))
    if (isRight) await putArchive(store.archive, archive.path, own)
  }
  const ofTable = faults.filter(({ side, record = 0 }) => {
    return side === 'table' && record > 0 && record <= right.length
  })
  for (const { record = 0 } of ofTable) {
    const item = items.get(record)
    const content = right[record - 1]
    if (!item || !content) continue
    const { partition, sort, version } = item
    const expiresAt = item.expiresAt ?? expiryOf(store, file, close.proof.readAtMs)
    await store.table.replace({ partition, sort }, version, { ...content, expiresAt })
  }
  return ofArchive.length + ofTable.length
}
