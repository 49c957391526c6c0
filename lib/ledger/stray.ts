import { ledgerPartition, sequenceKey } from '../store/keys.ts'
import type { Item } from '../store/table.ts'
import type { Appended, Lost } from './append.ts'
import { archivedItems } from './archive.ts'
import { type LedgerStore, NOWHERE, newestClose, segmentsUpTo } from './ledger.ts'
import { type DayFile, decodeRecord, isClose } from './record.ts'
import { rebuilt } from './rows.ts'

/**
 * A record that its writer created at a number below a close record, after the record that stood
 * there had left the table: nobody reads it, because there the archive is the ledger.
 */
export interface Stray extends Pick<Lost, 'place' | 'bytes'> {
  item: Item
}

/**
 * Those of the records just created that nobody will read. A writer looks after its last create: a
 * zombie that woke after its day was settled and its records expired finds its number free.
 * Usually nothing stands behind what was created, and one small read is all.
 */
export async function lostBelowClose(
  store: LedgerStore,
  file: DayFile,
  appended: readonly Appended[],
): Promise<Stray[]> {
  const [first, last] = [appended[0], appended.at(-1)]
  if (!first || !last) return []
  const partition = ledgerPartition(file.site, file.feed, file.day)
  const from = sequenceKey(last.sequence + 1)
  const behind = await store.table.list(partition, { from, limit: 1 })
  if (behind.length === 0) return []
  const close = await newestClose(store.table, file)
  if (!close || close.sequence < first.sequence) return []
  const archived = new Map<string, string>()
  for await (const item of archivedItems(store.archive, close.archive)) {
    archived.set(item.sort, JSON.stringify(item.data))
  }
  const strays: Stray[] = []
  for (const { sequence } of appended.filter((one) => one.sequence <= close.sequence)) {
    const item = await store.table.get({ partition, sort: sequenceKey(sequence) })
    if (!item || archived.get(item.sort) === JSON.stringify(item.data)) continue
    strays.push(await strayOf(store, file, item))
  }
  return strays
}

async function strayOf(store: LedgerStore, file: DayFile, item: Item): Promise<Stray> {
  const record = decodeRecord(item)
  if (isClose(record)) return { item, place: NOWHERE, bytes: new Uint8Array() }
  const { sequence, generation, start } = record
  const below = await segmentsUpTo(store, file, sequence - 1)
  const own = below.findLast((one) => one.generation === generation && !one.aside)
  const bytes = rebuilt(record, new Map(below.map((one) => [one.sequence, one])))
  const open = own?.end === start && own.open
  return {
    item,
    place: { ...NOWHERE, sequence: sequence - 1, generation, end: start, open },
    bytes,
  }
}

/** Removes a stray, if it still stands there. */
export async function removeStray({ table }: LedgerStore, { item }: Stray): Promise<void> {
  await table.remove(item, item.version)
}
