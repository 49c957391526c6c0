import { ledgerPartition, sequenceKey } from '../store/keys.ts'
import type { Item } from '../store/table.ts'
import { archivedItems } from './archive.ts'
import { expiryOf, type LedgerStore } from './ledger.ts'
import { type CloseRecord, type DayFile, decodeRecord, isClose } from './record.ts'

/**
 * Lets older close records leave the table as the segments beside them do: the newest one, which
 * alone must stay, stands above them. One that was changed meanwhile is left for the next time.
 */
export async function expireClosed(
  store: LedgerStore,
  file: DayFile,
  items: readonly Item[],
  nowMs: number,
): Promise<void> {
  for (const item of items) {
    // What came out of the archive has no version: it has left the table, or will.
    const stays = item.version !== '' && item.data.kind === 'close' && item.expiresAt === undefined
    if (!stays) continue
    const content = { data: item.data, ...(item.bytes && { bytes: item.bytes }) }
    const expiresAt = expiryOf(store, file, nowMs)
    await store.table.replace(item, item.version, { ...content, expiresAt })
  }
}

/**
 * Removes a close record that a zombie created below a newer one, where the record that stood there
 * had left the table. One that the newer one has archived is the ledger's own: it stays, because a
 * number that is free again would be taken, and what is written there nobody reads.
 */
export async function removeOwnClose(
  { table, archive }: LedgerStore,
  { site, feed, day }: DayFile,
  { sequence, proof }: CloseRecord,
  newest: CloseRecord,
): Promise<void> {
  const key = { partition: ledgerPartition(site, feed, day), sort: sequenceKey(sequence) }
  const item = await table.get(key)
  if (!item) return
  const standing = decodeRecord(item)
  const own = isClose(standing) && standing.proof.readAtMs === proof.readAtMs
  if (!own) return
  for await (const archived of archivedItems(archive, newest.archive)) {
    const isSame = JSON.stringify(archived.data) === JSON.stringify(item.data)
    if (archived.sort === item.sort && isSame) return
  }
  await table.remove(item, item.version)
}
