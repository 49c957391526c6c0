import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { World } from '../fixtures/rounds-world.ts'

/** An item as it lies in the database. */
export interface StoredItem {
  partition: string
  sort: string
  version: string
  data: string
  bytes: Uint8Array | null
}

/** Partitions of everything that is computed. */
const COMPUTED = ['days#%', 'alarms#%', 'parquet#%', 'pages%']

/**
 * Changes every computed item behind the program's back: `change` says what is put in its place,
 * or undefined when it is to go. Gives back how many there were.
 */
export function changeComputed(
  { folder }: World,
  change: (item: StoredItem) => Pick<StoredItem, 'version' | 'data' | 'bytes'> | undefined,
): number {
  const database = new DatabaseSync(join(folder, 'var', 'state.db'))
  const is = COMPUTED.map(() => 'partition LIKE ?').join(' OR ')
  const items = database.prepare(`SELECT * FROM items WHERE ${is}`).all(...COMPUTED)
  const remove = database.prepare('DELETE FROM items WHERE partition = ? AND sort = ?')
  const put = database.prepare(
    'UPDATE items SET version = ?, data = ?, bytes = ? WHERE partition = ? AND sort = ?',
  )
  for (const item of items as unknown as StoredItem[]) {
    const next = change(item)
    const { partition, sort } = item
    if (next) put.run(next.version, next.data, next.bytes, partition, sort)
    else remove.run(partition, sort)
  }
  database.close()
  return items.length
}

/** Everything that is computed is gone: items, pages, Parquet files. */
export async function loseComputed(world: World): Promise<number> {
  for (const path of ['site', 'archive/parquet']) {
    await rm(join(world.folder, 'var', path), { recursive: true, force: true })
  }
  return changeComputed(world, () => undefined)
}

/** An item's data otherwise: what no computing comes to, and positions of more than there is. */
export function wrongData({ partition, data }: StoredItem): object {
  const item = JSON.parse(data)
  if (partition.startsWith('days#')) {
    for (const tally of Object.values<{ sequence: number; lines: number }>(item.feeds)) {
      tally.sequence += 1_000
      tally.lines += 1
    }
    // A day of no day files has no counts to be wrong.
    return { ...item, more: 1 }
  }
  if (partition.startsWith('alarms#')) {
    for (const position of Object.values<{ sequence: number }>(item.days))
      position.sequence += 1_000
    return item
  }
  return partition.startsWith('parquet#')
    ? { ...item, sha256: 'wrong' }
    : { ...item, files: { 'index.html': 'wrong' } }
}
