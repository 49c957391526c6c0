import { statfsSync } from 'node:fs'
import { dirname } from 'node:path'
import { type ErrorClass, RoundsError } from '../errors.ts'

/** What is wrong with a store, and what the operator can do about it. */
interface Fault {
  code: string
  class: ErrorClass
  /** Goes on from “The store <file>”. */
  says: string
  hint: string
}

/** The two ways out of a store that is lost or damaged. */
export const RESTORE = 'Restore the state folder from a copy, or move it away and run backfill.'

const DAMAGED: Fault = { code: 'store-corrupt', class: 'stop', says: 'is damaged', hint: RESTORE }

const FULL: Fault = {
  code: 'store-full',
  class: 'stop',
  says: 'has no room left on its disk',
  hint: 'Make room on the disk of the state folder, then start again.',
}

const READ_ONLY: Fault = {
  code: 'store-read-only',
  class: 'stop',
  says: 'cannot be written to',
  hint: 'Let this user write to the state folder and to all files in it.',
}

const UNREACHABLE: Fault = {
  code: 'store-unreachable',
  class: 'stop',
  says: 'cannot be opened',
  hint: 'See that the state folder exists and that this user may write to it.',
}

const IN_THE_WAY: Fault = {
  ...UNREACHABLE,
  hint: 'A file stands where the state folder should be: move it, or let state name another.',
}

const UNFORESEEN: Fault = {
  code: 'store',
  class: 'stop',
  says: 'does not answer',
  hint: 'See that the state folder is in order.',
}

/** What SQLite's primary result codes ask of the operator; https://sqlite.org/rescode.html. */
const BY_RESULT: Readonly<Record<number, Fault>> = {
  // PERM, READONLY, AUTH
  3: READ_ONLY,
  8: READ_ONLY,
  23: READ_ONLY,
  // BUSY
  5: {
    code: 'store-busy',
    class: 'retry',
    says: 'is busy',
    hint: 'Another process has been writing for long: try again when it is done.',
  },
  // IOERR
  10: {
    code: 'store-io',
    class: 'stop',
    says: 'cannot be read or written',
    hint: 'Look at the disk: the operating system reports a fault.',
  },
  // CORRUPT, NOTADB
  11: DAMAGED,
  26: DAMAGED,
  // FULL, CANTOPEN
  13: FULL,
  14: UNREACHABLE,
}

/** What the operating system's codes ask of the operator. */
const BY_SYSTEM_CODE: Readonly<Record<string, Fault>> = {
  EACCES: UNREACHABLE,
  EPERM: UNREACHABLE,
  EROFS: READ_ONLY,
  ENOSPC: FULL,
  EDQUOT: FULL,
  EEXIST: IN_THE_WAY,
  ENOTDIR: IN_THE_WAY,
}

/** Faults of SQLite that a full disk hides behind: it cannot make the files that it needs. */
const MAY_BE_FULL = [10, 14]

/** Less free room than this, in bytes, and SQLite cannot make the smallest of its files. */
const LEAST_FREE_BYTES = 65_536

/** Runs `work` over the store `file`; its errors become `RoundsError`s that say what to do. */
export function translated<T>(file: string, work: () => T): T {
  try {
    return work()
  } catch (thrown) {
    if (thrown instanceof RoundsError) throw thrown
    const { code, class: errorClass, says, hint } = faultOf(file, thrown)
    const reason = thrown instanceof Error ? thrown.message : String(thrown)
    const message = `The store ${file} ${says} (${reason}).`
    throw new RoundsError(code, errorClass, message, hint, { cause: thrown })
  }
}

function faultOf(file: string, thrown: unknown): Fault {
  const { errcode, code = '' } = thrown as { errcode?: number; code?: string }
  if (errcode === undefined) return BY_SYSTEM_CODE[code] ?? UNFORESEEN
  // The lowest byte is the primary code; the others say more than an operator needs.
  const primary = errcode & 0xff
  if (MAY_BE_FULL.includes(primary) && isFull(dirname(file))) return FULL
  return BY_RESULT[primary] ?? UNFORESEEN
}

function isFull(folder: string): boolean {
  try {
    const { bavail, bsize } = statfsSync(folder)
    return bavail * bsize < LEAST_FREE_BYTES
  } catch {
    return false
  }
}
