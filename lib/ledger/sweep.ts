import type { Table } from '../store/table.ts'
import { newestCloseIn } from './ledger.ts'

/** Above every sort, which is ASCII. */
const WHOLE = '\u007f'

/**
 * Drops what has expired from a store that does not do so by itself; gives how many items. Records
 * of a ledger go only below its newest close record, because just those are archived: what was
 * never settled stays, also when its site is not configured any more, or nobody settles it.
 */
export async function sweepArchived(table: Table): Promise<number> {
  const upTo = async (partition: string) =>
    partition.startsWith('ledger#') ? (await newestCloseIn(table, partition))?.sort : WHOLE
  return (await table.sweep?.(upTo)) ?? 0
}
