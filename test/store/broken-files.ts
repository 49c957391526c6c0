import { mkdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

/** What may become of a state folder that holds a closed store and its marker. */
export interface Breakage {
  what: string
  breaks(folder: string): void
  /** The error's code, and what is said. */
  code: string
  says: RegExp
}

const db = (folder: string) => join(folder, 'state.db')
const size = (folder: string) => readFileSync(db(folder)).length

/** Bytes without any order, the same ones each time. */
export function noise(length: number): Buffer {
  const bytes = Buffer.alloc(length)
  let state = 1
  for (let at = 0; at < length; at += 1) {
    state = (state * 48_271) % 2_147_483_647
    bytes[at] = state & 0xff
  }
  return bytes
}

function over(folder: string, from: number, bytes: Buffer): void {
  const whole = readFileSync(db(folder))
  bytes.copy(whole, from)
  writeFileSync(db(folder), whole)
}

function sql(folder: string, text: string): void {
  const database = new DatabaseSync(db(folder))
  database.exec(text)
  database.close()
}

function foreign(folder: string): void {
  rmSync(db(folder))
  sql(folder, 'CREATE TABLE photos (name TEXT, size INTEGER)')
}

const DAMAGED = /is damaged \(.+\)\. Restore the state folder from a copy, or move it away/
const MARKED = /, but \S+state\.json says that one was made\. Restore the state folder from a copy/

/** Every way to break a store that is told when it is opened. */
export const BREAKAGES: Breakage[] = [
  {
    what: 'missing',
    breaks: (folder) => rmSync(db(folder)),
    code: 'store-missing',
    says: new RegExp(`is missing${MARKED.source}`),
  },
  ...[0, 1].map((bytes) => ({
    what: `cut to ${bytes} bytes`,
    breaks: (folder: string) => truncateSync(db(folder), bytes),
    code: 'store-missing',
    says: new RegExp(`is empty${MARKED.source}`),
  })),
  {
    what: 'an empty database',
    breaks: (folder) => {
      rmSync(db(folder))
      sql(folder, 'CREATE TABLE t (x); DROP TABLE t')
    },
    code: 'store-missing',
    says: new RegExp(`is empty${MARKED.source}`),
  },
  ...[50, 99, 100, 512, 4096, 5000].map((bytes) => ({
    what: `cut to ${bytes} bytes`,
    breaks: (folder: string) => truncateSync(db(folder), bytes),
    code: 'store-corrupt',
    says: DAMAGED,
  })),
  {
    what: 'cut in the middle',
    breaks: (folder) => truncateSync(db(folder), Math.floor(size(folder) / 2)),
    code: 'store-corrupt',
    says: DAMAGED,
  },
  {
    what: 'cut by its last byte',
    breaks: (folder) => truncateSync(db(folder), size(folder) - 4096),
    code: 'store-corrupt',
    says: DAMAGED,
  },
  {
    what: 'NUL bytes only',
    breaks: (folder) => writeFileSync(db(folder), Buffer.alloc(size(folder))),
    code: 'store-corrupt',
    says: DAMAGED,
  },
  {
    what: 'random bytes',
    breaks: (folder) => writeFileSync(db(folder), noise(size(folder))),
    code: 'store-corrupt',
    says: DAMAGED,
  },
  {
    what: 'NUL bytes in its first page',
    breaks: (folder) => over(folder, 0, Buffer.alloc(4096)),
    code: 'store-corrupt',
    says: DAMAGED,
  },
  {
    what: 'a folder',
    breaks: (folder) => {
      rmSync(db(folder))
      mkdirSync(db(folder))
    },
    code: 'store-unreachable',
    says: /cannot be opened \(.+\)\. See that the state folder exists/,
  },
  {
    what: 'of a newer release',
    breaks: (folder) => sql(folder, 'PRAGMA user_version = 99'),
    code: 'newer-store',
    says: /was written by a newer release \(format 99; this one knows 1\)\. Use that release/,
  },
  {
    what: 'a database of another program',
    breaks: foreign,
    code: 'store-foreign',
    says: /is a database of another program\. Let state in the configuration name a folder/,
  },
  {
    what: 'a database of another program that counts its formats too',
    breaks: (folder) => {
      foreign(folder)
      sql(folder, 'PRAGMA user_version = 1; CREATE TABLE items (name TEXT, price INTEGER)')
    },
    code: 'store-foreign',
    says: /is a database of another program\./,
  },
  {
    what: 'another store',
    breaks: (folder) => sql(folder, "UPDATE siterounds SET id = 'another'"),
    code: 'store-missing',
    says: /is not the one that state\.json beside it names\. Put the right state\.db back; or,/,
  },
  {
    what: 'without its newest writes',
    breaks: (folder) => writeFileSync(`${db(folder)}-shm`, Buffer.alloc(32_768)),
    code: 'store-corrupt',
    says: /has lost state\.db-wal, and with it what was written last\. Restore the state folder/,
  },
]
