import { RoundsError } from '../../lib/errors.ts'
import { memoryTable } from '../../lib/store/memory.ts'
import type { Objects } from '../../lib/store/objects.ts'
import type { Content, Item, Key, Table, Write } from '../../lib/store/table.ts'
import type { Dice } from './dice.ts'
import type { MailBox } from './mail-box.ts'
import type { Worker } from './worker.ts'

/** The stores that all workers of a history share, and that never fail by themselves. */
export interface Stores {
  table: Table
  objects: Map<string, Uint8Array>
  /** Drops some of what has expired, as a store may at any time after, or without dice all. */
  sweep(nowMs: number, dice?: Dice): number
  /** All items of all partitions, by partition and sort. */
  items(): Promise<Item[]>
}

export function newStores(): Stores {
  const table = memoryTable()
  const expiries = new Map<string, Key & { expiresAt: number }>()
  const partitions = new Set<string>()
  const noted =
    <A extends unknown[]>(write: (key: Key, ...args: A) => Promise<Write>) =>
    async (key: Key, ...args: A) => {
      const result = await write(key, ...args)
      const { expiresAt } = args.at(-1) as Content
      partitions.add(key.partition)
      if (result.done && expiresAt !== undefined) {
        expiries.set(`${key.partition} ${key.sort}`, { ...key, expiresAt })
      }
      return result
    }
  return {
    table: { ...table, create: noted(table.create), replace: noted(table.replace) },
    objects: new Map(),
    sweep(nowMs, dice) {
      let dropped = 0
      for (const [name, { expiresAt, ...key }] of expiries) {
        if (expiresAt >= nowMs || dice?.chance(0.3)) continue
        expiries.delete(name)
        dropped += 1
        // Nothing here waits: the item is gone before anybody else goes on.
        void table.get(key).then((item) => {
          if (item?.expiresAt !== undefined && item.expiresAt < nowMs) {
            return table.remove(key, item.version)
          }
        })
      }
      return dropped
    },
    async items() {
      const all: Item[] = []
      for (const partition of [...partitions].sort()) all.push(...(await table.list(partition)))
      return all
    },
  }
}

function broken(worker: Worker): RoundsError {
  const kind = worker.dice.chance(0.7) ? 'retry' : 'stop'
  return new RoundsError('store-gone', kind, 'The store did not answer.')
}

/** The table as one worker has it. */
export function tableOf(stores: Stores, worker: Worker, mails: MailBox): Table {
  const { table } = stores
  const fails = { error: () => broken(worker) }
  const failsWrite = {
    ...fails,
    denied: (write: Write): Write => (write.done ? { done: false, standing: write.item } : write),
  }
  const write = async (operation: string, key: Key, act: () => Promise<Write>) => {
    const kind = key.partition.slice(0, key.partition.indexOf('#'))
    touched(worker, key.partition)
    if (kind !== 'notices') return worker.step(`${operation} ${kind}`, act, failsWrite)
    const result = mails.onNotice(worker, key)
    const met = worker.faults
    const done = await worker.step(`${operation} ${kind}`, act, failsWrite)
    if (done.done && worker.faults === met) result()
    return done
  }
  return {
    get: (key) => worker.step('get', () => table.get(key), fails),
    create: (key, content) => write('create', key, () => table.create(key, content)),
    replace: (key, version, content) =>
      write('replace', key, () => table.replace(key, version, content)),
    remove: (key, version) => write('remove', key, () => table.remove(key, version)),
    list(partition, range) {
      touched(worker, partition)
      return worker.step('list', () => table.list(partition, range), fails)
    },
    close: table.close,
  }
}

/** Who looks at the ledger of a file begins to read that file anew. */
function touched(worker: Worker, partition: string): void {
  if (!partition.startsWith('ledger#')) return
  const [, , feed, day] = partition.split('#')
  worker.attempts.delete(`${feed} ${day}`)
  worker.ledgersSeen.add(`${feed} ${day}`)
}

/** The archive as one worker has it. */
export function objectsOf({ objects }: Stores, worker: Worker): Objects {
  const fails = { error: () => broken(worker) }
  const act = <T>(kind: string, operation: () => T) =>
    worker.step(`archive ${kind}`, operation, fails)
  return {
    put: (path, body) =>
      act('put', () => {
        objects.set(path, typeof body === 'string' ? Buffer.from(body) : Uint8Array.from(body))
      }),
    get: (path) => act('get', () => objects.get(path)),
    list: (prefix) =>
      act('list', () => [...objects.keys()].filter((path) => path.startsWith(prefix)).sort()),
    remove: (path) => act('remove', () => void objects.delete(path)),
  }
}
