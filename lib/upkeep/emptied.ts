import { atOnce } from '../at-once.ts'
import { RoundsError } from '../errors.ts'
import { DamagedItem } from '../store/damaged-item.ts'
import type { Key, Table } from '../store/table.ts'
import { itemIn, itemsIn, removeItem, type Standing } from './standing.ts'

/** Items that are looked at together: of records, as many MiB at most. */
const BATCH = 32

/** Items removed side by side. */
const AT_ONCE = 8

/** An item that was changed this often while it was to be removed is somebody's work. */
const TRIES = 5

/** Removes every item of a partition, damaged ones too; gives how many there were. */
export async function emptied(table: Table, partition: string): Promise<number> {
  let count = 0
  for (let tries = 1; tries <= TRIES; ) {
    const items = await someOf(table, partition)
    if (items.length === 0) return count
    const outcomes = await atOnce(AT_ONCE, items, (item) => removeItem(table, item))
    const gone = outcomes.filter(Boolean).length
    count += gone
    if (gone === 0) tries += 1
  }
  throw contended(partition)
}

/** Removes one item, also a damaged one; gives 1, or 0 when there was none. */
export async function removed(table: Table, key: Key): Promise<number> {
  for (let tries = 1; tries <= TRIES; tries += 1) {
    const item = await itemIn(table, key)
    if (!item) return 0
    if (await removeItem(table, item)) return 1
  }
  throw contended(key.partition)
}

async function someOf(table: Table, partition: string): Promise<Standing[]> {
  try {
    return await table.list(partition, { limit: BATCH })
  } catch (thrown) {
    if (thrown instanceof DamagedItem) return itemsIn(table, partition)
    throw thrown
  }
}

function contended(partition: string): RoundsError {
  return new RoundsError(
    'item-contended',
    'skip',
    `Somebody goes on writing ${partition} while it is removed.`,
    'Run this again when rounds that are under way have ended.',
  )
}
