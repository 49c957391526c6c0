import { statSync } from 'node:fs'
import type { DatabaseSync } from 'node:sqlite'
import { crc32 } from 'node:zlib'
import { RoundsError } from '../errors.ts'
import type { Chance } from '../random.ts'
import type { Clock } from '../time.ts'
import { DamagedItem } from './damaged-item.ts'
import { checkItemSize } from './item-size.ts'
import { RESTORE, translated } from './sqlite-faults.ts'
import { openStoreFile } from './sqlite-file.ts'
import type { Content, Item, Key, Table, Write } from './table.ts'

/** A row of `items`. */
type Row = {
  partition: string
  sort: string
  version: string
  data: string
  bytes: Uint8Array | null
  expires: number | null
}

/**
 * The table in one SQLite file, made where there never was one (`openStoreFile` says when that is).
 * A write is on disk when it returns (`synchronous=FULL`). Any number of processes of one machine
 * may use it at once. `besides` are folders that hold something only if the store once did.
 */
export function sqliteTable(
  file: string,
  clock: Clock,
  chance: Chance,
  besides: readonly string[] = [],
): Table {
  const database = translated(file, () => openStoreFile(file, { clock, chance, besides }))
  const over = <T>(work: () => T): T =>
    translated(file, () => {
      refuseMoved(file, opened)
      return work()
    })
  const opened = translated(file, () => placeOf(file))
  const read = database.prepare('SELECT * FROM items WHERE partition = ? AND sort = ?')
  const insert = database.prepare(
    'INSERT INTO items VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING',
  )
  const update = database.prepare(
    `UPDATE items SET version = ?, data = ?, bytes = ?, expires = ?
     WHERE partition = ? AND sort = ? AND version = ?`,
  )
  const remove = database.prepare(
    'DELETE FROM items WHERE partition = ? AND sort = ? AND version = ?',
  )
  const selects = { ASC: selectOf(database, 'ASC'), DESC: selectOf(database, 'DESC') }

  const get = (key: Key) => itemOf(read.get(key.partition, key.sort) as Row | undefined)

  function outcome(key: Key, changes: number | bigint, written: () => Item): Write {
    return changes ? { done: true, item: written() } : { done: false, standing: get(key) }
  }

  return {
    get: async (key) => over(() => get(key)),
    create: async (key, content) =>
      over(() => {
        const row = rowOf(key, content, chance.token())
        const { changes } = insert.run(key.partition, key.sort, row.version, ...columns(row))
        return outcome(key, changes, () => ({ ...key, ...content, version: row.version }))
      }),
    replace: async (key, before, content) =>
      over(() => {
        const row = rowOf(key, content, chance.token())
        const { changes } = update.run(
          row.version,
          ...columns(row),
          key.partition,
          key.sort,
          before,
        )
        return outcome(key, changes, () => ({ ...key, ...content, version: row.version }))
      }),
    remove: async (key, version) =>
      over(() => {
        const there = get(key)
        const { changes } = remove.run(key.partition, key.sort, version)
        return outcome(key, changes, () => there!)
      }),
    list: async (partition, { from = '', to = '\x7f', descending = false, limit = -1 } = {}) =>
      over(() => {
        const rows = selects[descending ? 'DESC' : 'ASC'].all(partition, from, to, limit)
        return (rows as Row[]).map((row) => itemOf(row)!)
      }),
    sweep: (upTo) => sweepOf(database, over, clock.now(), upTo),
    close: async () => translated(file, () => database.close()),
  }
}

/** Drops what has expired, partition by partition: see the port. */
async function sweepOf(
  database: DatabaseSync,
  over: <T>(work: () => T) => T,
  nowMs: number,
  upTo: (partition: string) => Promise<string | undefined>,
): Promise<number> {
  const expired = database.prepare('SELECT DISTINCT partition FROM items WHERE expires < ?')
  const drop = database.prepare(
    'DELETE FROM items WHERE partition = ? AND sort <= ? AND expires < ?',
  )
  let dropped = 0
  for (const { partition } of over(() => expired.all(nowMs)) as { partition: string }[]) {
    const last = await upTo(partition)
    if (last === undefined) continue
    dropped += Number(over(() => drop.run(partition, last, nowMs).changes))
  }
  return dropped
}

/** Which file stands under a name. */
interface Place {
  dev: number
  ino: number
}

function placeOf(file: string): Place | undefined {
  return statSync(file, { throwIfNoEntry: false })
}

/** A file that was removed can be written on and on, and nobody would ever read it again. */
function refuseMoved(file: string, opened: Place | undefined): void {
  const now = placeOf(file)
  if (now && now.ino === opened?.ino && now.dev === opened.dev) return
  throw new RoundsError(
    'store-missing',
    'stop',
    `The store ${file} was ${now ? 'replaced' : 'removed'} while it was in use.`,
    now ? 'Start again: it goes on with the one that is there now.' : RESTORE,
  )
}

function selectOf(database: DatabaseSync, order: 'ASC' | 'DESC') {
  return database.prepare(
    `SELECT * FROM items WHERE partition = ? AND sort >= ? AND sort <= ?
     ORDER BY sort ${order} LIMIT ?`,
  )
}

/** An item as a row; `token` is one that no other write has. */
function rowOf(key: Key, content: Content, token: string): Row {
  checkItemSize(key, content)
  const row = {
    partition: key.partition,
    sort: key.sort,
    version: token,
    data: JSON.stringify(content.data),
    bytes: content.bytes ?? null,
    expires: content.expiresAt ?? null,
  }
  return { ...row, version: `${token}.${sumOf(row, token)}` }
}

function columns({ data, bytes, expires }: Row): [string, Uint8Array | null, number | null] {
  return [data, bytes, expires]
}

/**
 * The sum of a row that its version ends with. SQLite has none: without it, a byte that a disk
 * changed would be a figure like any other.
 */
function sumOf({ partition, sort, data, bytes, expires }: Row, token: string): string {
  const text = crc32([partition, sort, token, expires ?? '', data].join('\0'))
  return crc32(bytes ?? '', text)
    .toString(16)
    .padStart(8, '0')
}

function itemOf(row: Row | undefined): Item | undefined {
  if (!row) return undefined
  return {
    partition: row.partition,
    sort: row.sort,
    version: row.version,
    data: dataOf(row),
    ...(row.bytes && { bytes: row.bytes }),
    ...(row.expires !== null && { expiresAt: row.expires }),
  }
}

function dataOf(row: Row): Record<string, unknown> {
  try {
    // The versions of release 0.1.0 are a token alone.
    const [token = '', sum] = row.version.split('.')
    if (sum === undefined || sum === sumOf(row, token)) return JSON.parse(row.data)
  } catch (thrown) {
    throw damaged(row, thrown)
  }
  throw damaged(row)
}

function damaged(row: Row, cause?: unknown): RoundsError {
  const { partition, sort, version, data, bytes } = row
  return new DamagedItem({ partition, sort, version }, { data, bytes }, cause)
}
