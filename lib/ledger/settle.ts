import { createHash } from 'node:crypto'
import { RoundsError } from '../errors.ts'
import { compactDay } from '../time.ts'
import { archivePath, putArchive } from './archive.ts'
import type { LineCounts } from './coverage.ts'
import { bringUpDay, type PlacedSite } from './days.ts'
import { heldBytes } from './generation.ts'
import {
  createRecord,
  itemsAfter,
  type LedgerStore,
  newestClose,
  type Place,
  placeOf,
} from './ledger.ts'
import { type Pulled, type PullPorts, pull } from './pull.ts'
import type { CloseRecord, DayFile, Proof, Via } from './record.ts'
import { readerOf, readTail } from './rows.ts'
import { expireClosed, removeOwnClose } from './superseded.ts'
import type { Tally } from './tally.ts'

/** What settling one day file came to. */
export interface FileSettled {
  readAtMs: number
  found: boolean
  /** The last sequence of its ledger; 0 when there is none: the file never was. */
  sequence: number
  /** How many lines this reading brought. */
  added: number
  /** The close record that now is the newest. */
  close?: CloseRecord
  /** True when it stood there before, and holds. */
  unchanged: boolean
}

/** Losing against other writers so often in a row is no race any more. */
const MOST_RACES = 25

/**
 * Settles one day file (DESIGN section 3, rule 6): reads it once more, whole, and compares every
 * byte; brings the day up to record n; puts the records 1 to n into one object of the archive and
 * reads it back; then creates the close record at n + 1. Whoever comes between makes it begin
 * again. A file that the site no longer has is closed as the ledger holds it. Throws what made
 * reading impossible: then nothing is closed.
 */
export async function settleFile(
  ports: PullPorts,
  placed: PlacedSite,
  file: DayFile,
  via: Via,
): Promise<FileSettled> {
  const { store } = ports
  const path = placed.site.feeds[file.feed]!.path.replaceAll('{day}', compactDay(file.day))
  let added = 0
  for (let races = 0; races < MOST_RACES; races += 1) {
    const pulled = await pull(ports, file, path, via, 'whole')
    if (pulled.fault) throw pulled.fault
    added += pulled.appended.reduce((sum, { lines }) => sum + lines, 0)
    const { found, readAtMs } = pulled
    const place = await placeOf(store, file)
    const settled = { readAtMs, found, added }
    if (!found && place.sequence === 0) return { ...settled, sequence: 0, unchanged: false }
    if (place.sequence !== pulled.place.sequence) continue
    if (place.closed && holds(place.closed, pulled)) {
      const { sequence, closed: close } = place
      await bringUpDay(store, placed, file.day, new Map([[file.feed, sequence]]))
      return { ...settled, sequence, close, unchanged: true }
    }
    const close = await closeAt(store, placed, file, place, pulled, via)
    if (!close) continue
    const { sequence } = close
    await bringUpDay(store, placed, file.day, new Map([[file.feed, sequence]]))
    return { ...settled, sequence, close, unchanged: false }
  }
  throw new RoundsError(
    'too-many-writers',
    'retry',
    `Other writers were faster ${MOST_RACES} times in a row.`,
    'See that not more than a few instances share this state.',
  )
}

/** Whether a close record says what was just read: nothing came behind it, and the tail is equal. */
function holds(close: CloseRecord, { found, tail }: Pulled): boolean {
  return !found || Buffer.compare(close.tail, tail) === 0
}

/** Archives the records up to `place` and creates a close record; undefined when others came. */
async function closeAt(
  store: LedgerStore,
  placed: PlacedSite,
  file: DayFile,
  place: Place,
  pulled: Pulled,
  via: Via,
): Promise<CloseRecord | undefined> {
  const { sequence, generation, end, open, marker, mixed, charset, rows } = place
  const { after } = await bringUpDay(
    store,
    placed,
    file.day,
    new Map(sequence > 0 ? [[file.feed, sequence]] : []),
  )
  const tally = after.feeds[file.feed]
  if ((tally?.sequence ?? 0) !== sequence) {
    const now = await placeOf(store, file)
    if (tally && now.sequence < tally.sequence) {
      throw ledgerLost(file, tally.sequence, now.sequence)
    }
    return undefined
  }
  const items = []
  for await (const item of itemsAfter(store, file, 0)) items.push(item)
  if (items.length !== sequence) return undefined
  // A file that is empty or gone proves nothing about what came before.
  const compared =
    pulled.found && pulled.place.generation === generation && pulled.place.end === end
  const tail = compared ? pulled.tail : new Uint8Array()
  const proof: Proof = {
    readAtMs: Math.max(pulled.readAtMs, place.readAtMs),
    compared,
    generation,
    ...(await contentOf(store, file, place, tail)),
    ...counted(placed, file, place, tally, tail),
  }
  const archive = await putArchive(store.archive, archivePath(file, sequence), items)
  const close: CloseRecord = {
    ...{ sequence: sequence + 1, generation, end, open, via, marker, mixed, charset, rows },
    ...{ proof, archive, tail },
  }
  if (!(await createRecord(store, file, close))) return undefined
  const newest = await newestClose(store.table, file)
  if (newest && newest.sequence > close.sequence) {
    await removeOwnClose(store, file, close)
    return undefined
  }
  await expireClosed(store, file, items, pulled.readAtMs)
  return close
}

function ledgerLost({ feed, day }: DayFile, counted: number, there: number): RoundsError {
  return new RoundsError(
    'ledger-lost',
    'skip',
    `The ledger of ${feed} of ${day} ends at record ${there}, and ${counted} were counted before.`,
    'Restore the store from a copy; or run siterounds rebuild to go on with what is left.',
  )
}

/** Size and digest of the newest generation with its unfinished last line: those of the file. */
async function contentOf(store: LedgerStore, file: DayFile, place: Place, tail: Uint8Array) {
  const hash = createHash('sha256')
  for await (const bytes of heldBytes(store, file, place)) hash.update(bytes)
  return { bytes: place.end + tail.length, sha256: hash.update(tail).digest('hex') }
}

const COUNTS = ['lines', 'readings', 'rejects', 'unknown', 'blank'] as const

/** The day's counts with this tail; those of a tail that counted until now are taken out. */
function counted(
  { site, zone }: PlacedSite,
  { feed }: DayFile,
  place: Place,
  tally: Tally | undefined,
  tail: Uint8Array,
): LineCounts {
  const counts = { lines: 0, readings: 0, rejects: 0, unknown: 0, blank: 0 }
  const add = (of: Uint8Array, sign: 1 | -1) => {
    const reader = { ...readerOf(site, zone), charset: place.charset }
    const parsed = readTail(feed, of, place.open, reader)
    counts.lines += sign * parsed.lines
    counts.readings += sign * parsed.readings.length
    counts.rejects += sign * parsed.rejects.length
    counts.unknown += sign * parsed.unknown
    counts.blank += sign * parsed.blank
  }
  if (tally) for (const count of COUNTS) counts[count] = tally[count]
  if (place.closed) add(place.closed.tail, -1)
  add(tail, 1)
  return counts
}
