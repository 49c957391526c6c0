import { mkdirSync, readdirSync, statSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { pathToFileURL } from 'node:url'
import { RoundsError } from '../errors.ts'
import type { Chance } from '../random.ts'
import type { Clock } from '../time.ts'
import { refuseNetworkShare } from './network-share.ts'
import { RESTORE } from './sqlite-faults.ts'
import { MARKER_NAME, readMarker, type StateMarker, writeMarker } from './state-marker.ts'

/** The form of the file that this release writes and reads; kept in SQLite's `user_version`. */
const FILE_FORMAT = 1

/** How long a write waits for another process's, in milliseconds. */
const BUSY_TIMEOUT_MS = 20_000

/** Pause before a new file is opened again while another process makes it, in milliseconds. */
const OPENING_PAUSE_MS = 20

/** SQLite's code for “another one is writing”. */
const SQLITE_BUSY = 5

/** `siterounds` has one row, which says which store this is: `state.json` names the same id. */
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
  CREATE TABLE IF NOT EXISTS siterounds (id TEXT NOT NULL, made INTEGER NOT NULL) STRICT;
`

/** What opening a store needs beside its file. */
export interface StoreDeps {
  clock: Clock
  chance: Chance
  /** Folders that hold something only if the store once did. */
  besides: readonly string[]
}

/**
 * Opens a store's file, and makes it where there never was one. A store that is lost, empty,
 * another one, of a newer release or of another program is an error of class `stop`: to begin anew
 * in silence would be to forget what was mailed, and what sites no longer have.
 */
export function openStoreFile(file: string, deps: StoreDeps): DatabaseSync {
  const folder = dirname(file)
  mkdirSync(folder, { recursive: true })
  refuseNetworkShare(folder)
  // In this order: whoever sees what another process made last also sees what it made first.
  const used = deps.besides.some(holdsSomething)
  const marker = readMarker(folder)
  const known = used || marker !== undefined
  if (known && sizeOf(file) === 0) throw storeMissing(file, marker)
  refuseLostLog(file)
  const database = connect(file, known)
  try {
    if (isEmpty(database)) {
      if (known) throw storeMissing(file, marker)
    } else refuseForeign(file, database)
    makeReady(database, deps)
    const made = database.prepare('SELECT id, made AS atMs FROM siterounds').get() as
      | { id: string; atMs: number }
      | undefined
    if (marker?.id !== undefined && marker.id !== made?.id) throw anotherStore(file)
    // Also where an earlier release, which knew no markers, made the store.
    if (made && marker?.id === undefined) writeMarker(folder, made, deps.chance.token())
    return database
  } catch (thrown) {
    database.close()
    throw thrown
  }
}

function holdsSomething(folder: string): boolean {
  try {
    return readdirSync(folder).length > 0
  } catch {
    return false
  }
}

function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0
}

/**
 * SQLite keeps the newest writes in `-wal` until it moves them into the file, and removes `-shm`
 * before `-wal`. So `-shm` alone means that somebody took those writes away.
 */
function refuseLostLog(file: string): void {
  const there = (end: string) => statSync(`${file}${end}`, { throwIfNoEntry: false }) !== undefined
  // Another process may be closing the store between two looks: then the second one sees neither.
  if (!there('-shm') || there('-wal') || !there('-shm') || there('-wal')) return
  const name = basename(file)
  throw new RoundsError(
    'store-corrupt',
    'stop',
    `The store ${file} has lost ${name}-wal, and with it what was written last.`,
    `Restore the state folder from a copy, or remove ${name}-shm to go on with what is left.`,
  )
}

/** A store that must be there is not made: it may go between the look at it and this. */
function connect(file: string, known: boolean): DatabaseSync {
  const url = pathToFileURL(file)
  url.searchParams.set('mode', known ? 'rw' : 'rwc')
  return new DatabaseSync(url, { timeout: BUSY_TIMEOUT_MS })
}

function formatOf(database: DatabaseSync): number {
  return (database.prepare('PRAGMA user_version').get() as { user_version: number }).user_version
}

function tablesOf(database: DatabaseSync): string[] {
  const rows = database.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").all()
  return rows.map(({ name }) => String(name))
}

function isEmpty(database: DatabaseSync): boolean {
  return formatOf(database) === 0 && tablesOf(database).length === 0
}

function refuseForeign(file: string, database: DatabaseSync): void {
  const columns = database.prepare("SELECT name FROM pragma_table_info('items')").all()
  const beginning = columns.slice(0, 3).map(({ name }) => name)
  const ours = tablesOf(database).includes('siterounds')
  if (!ours && beginning.join() !== 'partition,sort,version') {
    throw new RoundsError(
      'store-foreign',
      'stop',
      `${file} is a database of another program.`,
      'Let state in the configuration name a folder that is Siterounds’ own.',
    )
  }
  const format = formatOf(database)
  if (format <= FILE_FORMAT) return
  throw new RoundsError(
    'newer-store',
    'stop',
    `${file} was written by a newer release (format ${format}; this one knows ${FILE_FORMAT}).`,
    'Use that release, or give this one another state folder.',
  )
}

/** Every step may be the last one of a process that is killed; the next start goes on there. */
function makeReady(database: DatabaseSync, { clock, chance }: StoreDeps): void {
  patiently(() => database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;'))
  if (formatOf(database) === FILE_FORMAT && tablesOf(database).includes('siterounds')) return
  patiently(() => database.exec('BEGIN IMMEDIATE'))
  try {
    database.exec(SCHEMA)
    database
      .prepare('INSERT INTO siterounds SELECT ?, ? WHERE NOT EXISTS (SELECT 1 FROM siterounds)')
      .run(chance.token(), clock.now())
    database.exec(`PRAGMA user_version = ${FILE_FORMAT}; COMMIT`)
  } catch (thrown) {
    if (database.isTransaction) database.exec('ROLLBACK')
    throw thrown
  }
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

/** A store of which traces are left, and nothing else. */
function storeMissing(file: string, marker: StateMarker | undefined): RoundsError {
  const trace = marker
    ? `${join(dirname(file), MARKER_NAME)} says that one was made`
    : 'pages, mails or archived days of one stand beside it'
  const lost = sizeOf(file) === 0 && !statSync(file, { throwIfNoEntry: false })
  return new RoundsError(
    'store-missing',
    'stop',
    `The store ${file} is ${lost ? 'missing' : 'empty'}, but ${trace}.`,
    RESTORE,
  )
}

function anotherStore(file: string): RoundsError {
  return new RoundsError(
    'store-missing',
    'stop',
    `The store ${file} is not the one that ${MARKER_NAME} beside it names.`,
    `Put the right ${basename(file)} back; or, if this is the right one, remove ${MARKER_NAME}.`,
  )
}
