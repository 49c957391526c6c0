import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { RoundsError } from '../errors.ts'
import type { Chance } from '../random.ts'
import { type Clock, HOUR_MS } from '../time.ts'
import { checkItemSize } from './item-size.ts'
import type { Content, Item, Key, Table, Write } from './table.ts'

/** The form of the file that this release writes and reads; kept in SQLite's `user_version`. */
const FILE_FORMAT = 1

/** How long a write waits for another process's, in milliseconds. */
const BUSY_TIMEOUT_MS = 20_000

/** Pause before a new file is opened again while another process makes it, in milliseconds. */
const OPENING_PAUSE_MS = 20

/** SQLite's code for “another one is writing”. */
const SQLITE_BUSY = 5

/** How often items past their `expiresAt` are swept out. */
const SWEEP_MS = HOUR_MS

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS items (
    partition TEXT NOT NULL,
    sort TEXT NOT NULL,
    version TEXT NOT NULL,
    data TEXT NOT NULL,
    bytes BLOB,
    expires INTEGER,
    PRIMARY KEY (partition, sort)
  ) STRICT;
  CREATE INDEX IF NOT EXISTS expiring ON items (expires) WHERE expires IS NOT NULL;
`

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
 * The table in one SQLite file, made when absent. A write is on disk when it returns
 * (`synchronous=FULL`). Any number of processes of one machine may use it at once; not over a
 * network share, where SQLite's locks do not hold.
 */
export function sqliteTable(file: string, clock: Clock, chance: Chance): Table {
  return translate(file, () => {
    const database = open(file)
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
    const sweep = database.prepare('DELETE FROM items WHERE expires < ?')
    const selects = { ASC: selectOf(database, 'ASC'), DESC: selectOf(database, 'DESC') }
    let sweptMs = Number.NEGATIVE_INFINITY

    const get = (key: Key) => itemOf(read.get(key.partition, key.sort) as Row | undefined)

    function outcome(key: Key, changes: number | bigint, written: () => Item): Write {
      if (clock.now() - sweptMs >= SWEEP_MS) {
        sweptMs = clock.now()
        sweep.run(sweptMs)
      }
      return changes ? { done: true, item: written() } : { done: false, standing: get(key) }
    }

    return {
      get: async (key) => translate(file, () => get(key)),
      create: async (key, content) =>
        translate(file, () => {
          checkItemSize(key, content)
          const version = chance.token()
          const result = insert.run(key.partition, key.sort, version, ...columns(content))
          return outcome(key, result.changes, () => ({ ...key, ...content, version }))
        }),
      replace: async (key, before, content) =>
        translate(file, () => {
          checkItemSize(key, content)
          const version = chance.token()
          const result = update.run(version, ...columns(content), key.partition, key.sort, before)
          return outcome(key, result.changes, () => ({ ...key, ...content, version }))
        }),
      remove: async (key, version) =>
        translate(file, () => {
          const there = get(key)
          const result = remove.run(key.partition, key.sort, version)
          return outcome(key, result.changes, () => there!)
        }),
      list: async (partition, { from = '', to = '\x7f', descending = false, limit = -1 } = {}) =>
        translate(file, () => {
          const rows = selects[descending ? 'DESC' : 'ASC'].all(partition, from, to, limit)
          return (rows as Row[]).map((row) => itemOf(row)!)
        }),
      close: async () => database.close(),
    }
  })
}

function open(file: string): DatabaseSync {
  mkdirSync(dirname(file), { recursive: true })
  const database = new DatabaseSync(file, { timeout: BUSY_TIMEOUT_MS })
  const { user_version: format } = database.prepare('PRAGMA user_version').get() as {
    user_version: number
  }
  if (format > FILE_FORMAT) {
    database.close()
    throw new RoundsError(
      'newer-store',
      'stop',
      `${file} was written by a newer release (format ${format}; this one knows ${FILE_FORMAT}).`,
      'Use that release, or give this one another state folder.',
    )
  }
  patiently(() => database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;'))
  if (format < FILE_FORMAT) {
    patiently(() => database.exec(`${SCHEMA} PRAGMA user_version = ${FILE_FORMAT};`))
  }
  return database
}

/**
 * SQLite does not wait for its busy time-out when a new file is switched to WAL by several
 * processes at once: it fails at once, and so it is tried again here.
 */
function patiently(work: () => void): void {
  for (let waitedMs = 0; ; waitedMs += OPENING_PAUSE_MS) {
    try {
      work()
      return
    } catch (thrown) {
      const { errcode } = thrown as { errcode?: number }
      if (((errcode ?? 0) & 0xff) !== SQLITE_BUSY || waitedMs >= BUSY_TIMEOUT_MS) throw thrown
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, OPENING_PAUSE_MS)
    }
  }
}

function selectOf(database: DatabaseSync, order: 'ASC' | 'DESC') {
  return database.prepare(
    `SELECT * FROM items WHERE partition = ? AND sort >= ? AND sort <= ?
     ORDER BY sort ${order} LIMIT ?`,
  )
}

function columns(content: Content): [string, Uint8Array | null, number | null] {
  return [JSON.stringify(content.data), content.bytes ?? null, content.expiresAt ?? null]
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
    return JSON.parse(row.data)
  } catch (thrown) {
    throw new RoundsError(
      'item-damaged',
      'skip',
      `The item ${row.partition} / ${row.sort} of the store is damaged.`,
      'Restore the state folder from a copy, or move it away and run backfill.',
      { cause: thrown },
    )
  }
}

/** What SQLite's result codes ask of the operator; https://sqlite.org/rescode.html. */
const HINTS: Readonly<Record<number, [code: string, errorClass: 'stop' | 'retry', hint: string]>> =
  {
    5: [
      'store-busy',
      'retry',
      'Another process has been writing for long: try again when it is done.',
    ],
    8: ['store-read-only', 'stop', 'Let this user write to the state folder and its files.'],
    10: ['store-io', 'stop', 'Look at the disk: the operating system reports a fault.'],
    11: [
      'store-corrupt',
      'stop',
      'Restore the state folder from a copy, or move it away and run backfill.',
    ],
    13: ['store-full', 'stop', 'Make room on the disk of the state folder, then start again.'],
    14: [
      'store-unreachable',
      'stop',
      'See that the state folder exists and this user may write to it.',
    ],
    26: [
      'store-corrupt',
      'stop',
      'Restore the state folder from a copy, or move it away and run backfill.',
    ],
  }

/** Runs `work`; what SQLite throws becomes a `RoundsError` that says what to do. */
function translate<T>(file: string, work: () => T): T {
  try {
    return work()
  } catch (thrown) {
    const {
      errcode,
      message,
      code: nodeCode,
    } = thrown as Error & { errcode?: number; code?: string }
    if (thrown instanceof RoundsError) throw thrown
    const known = errcode === undefined ? undefined : HINTS[errcode & 0xff]
    const [code, errorClass, hint] = known ?? (nodeCode === 'EACCES' ? HINTS[14]! : [])
    throw new RoundsError(
      code ?? 'store',
      errorClass ?? 'stop',
      `The store ${file} does not answer: ${message}.`,
      hint ?? 'See that the state folder is in order.',
      { cause: thrown },
    )
  }
}
