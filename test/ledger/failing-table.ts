import { RoundsError } from '../../lib/errors.ts'
import type { Table } from '../../lib/store/table.ts'

/**
 * How the N-th operation of a table fails: `before` it was done, `after` it was done, or by saying
 * of a write that it was refused although it was done.
 */
export type Failure = 'before' | 'after' | 'done-but-refused'

/** A table whose N-th operation fails, and how many operations it has seen. */
export interface FailingTable extends Table {
  operations(): number
}

/** Wraps a table; `failsAt` counts from 1. */
export function failingTable(table: Table, failsAt: number, failure: Failure): FailingTable {
  let count = 0
  const broken = () => new RoundsError('store-gone', 'retry', 'The store did not answer.')
  const read =
    <A extends unknown[], R>(operation: (...args: A) => Promise<R>) =>
    async (...args: A): Promise<R> => {
      count += 1
      if (count === failsAt && failure === 'before') throw broken()
      const result = await operation(...args)
      if (count === failsAt && failure === 'after') throw broken()
      return result
    }
  const write =
    <A extends unknown[]>(operation: (...args: A) => ReturnType<Table['create']>) =>
    async (...args: A) => {
      const failsNow = count + 1 === failsAt && failure === 'done-but-refused'
      const result = await read(operation)(...args)
      return failsNow && result.done ? { done: false as const, standing: result.item } : result
    }
  return {
    get: read(table.get),
    list: read(table.list),
    create: write(table.create),
    replace: write(table.replace),
    remove: write(table.remove),
    close: table.close,
    operations: () => count,
  }
}
