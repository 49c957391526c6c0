import { RoundsError } from '../errors.ts'
import { dayFilePath } from '../fetch/day-file-path.ts'
import { archivePath, isArchived, putArchive } from './archive.ts'
import { LINE_COUNTS } from './coverage.ts'
import { bringUpDay, type PlacedSite } from './days.ts'
import { createRecord, itemsAfter, type LedgerStore, newestClose, placeOf } from './ledger.ts'
import { type Found, isEmptied, provedAt } from './proof.ts'
import { MOST_RACES, type Pulled, type PullPorts, pull, tooManyWriters } from './pull.ts'
import type { CloseRecord, DayFile, Via } from './record.ts'
import { expireClosed, removeOwnClose } from './superseded.ts'
import { emptyTally, type Tally } from './tally.ts'

/** What settling one day file came to. */
export interface FileSettled {
  readAtMs: number
  /** False when the site has the file no more, or has emptied it. */
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
  const path = dayFilePath(placed.site.feeds[file.feed]!.path, file.day)
  let added = 0
  for (let races = 0; races < MOST_RACES; races += 1) {
    const pulled = await pull(ports, file, path, via, 'whole')
    if (pulled.fault) throw pulled.fault
    added += pulled.appended.reduce((sum, { lines }) => sum + lines, 0)
    const { readAtMs } = pulled
    const place = await placeOf(store, file)
    const found = pulled.found && !isEmptied(place, pulled)
    const settled = { readAtMs, found, added }
    if (place.sequence !== pulled.place.sequence) continue
    const tally = await talliedAt(store, placed, file, place.sequence)
    if (!tally) continue
    if (!found && place.sequence === 0) return { ...settled, sequence: 0, unchanged: false }
    if (place.closed && (await stands(store, place.closed, tally, found ? pulled : undefined))) {
      const { sequence, closed: close } = place
      return { ...settled, sequence, close, unchanged: true }
    }
    const close = await closeAt(store, placed, file, { place, tally, pulled }, via)
    if (!close) continue
    const { sequence } = close
    await bringUpDay(store, placed, file.day, new Map([[file.feed, sequence]]))
    return { ...settled, sequence, close, unchanged: false }
  }
  throw tooManyWriters()
}

/**
 * Whether a close record says what was just read, if anything was: nothing came behind it, its
 * unfinished line is the same, its counts are those of today's settings, its archive is there.
 */
async function stands(
  store: LedgerStore,
  close: CloseRecord,
  tally: Tally,
  pulled: Pulled | undefined,
): Promise<boolean> {
  const { generation, tail, proof, archive } = close
  if (pulled && generation !== pulled.place.generation) return false
  if (pulled && Buffer.compare(tail, pulled.tail) !== 0) return false
  if (LINE_COUNTS.some((count) => proof[count] !== tally[count])) return false
  return isArchived(store.archive, archive)
}

/** The file's tally at just this record; undefined when others came, throws when some are lost. */
async function talliedAt(
  store: LedgerStore,
  placed: PlacedSite,
  file: DayFile,
  sequence: number,
): Promise<Tally | undefined> {
  const { after } = await bringUpDay(store, placed, file.day, new Map([[file.feed, sequence]]))
  const tally = after.feeds[file.feed] ?? emptyTally()
  if (tally.sequence === sequence) return tally
  const now = await placeOf(store, file)
  if (now.sequence < tally.sequence) throw ledgerLost(file, tally.sequence, now.sequence)
  return undefined
}

/** Archives the records up to `place` and creates a close record; undefined when others came. */
async function closeAt(
  store: LedgerStore,
  placed: PlacedSite,
  file: DayFile,
  found: Found,
  via: Via,
): Promise<CloseRecord | undefined> {
  const { place, pulled } = found
  const { sequence, rows } = place
  const items = []
  for await (const item of itemsAfter(store, file, 0)) items.push(item)
  if (items.length !== sequence) return undefined
  const { at, proof, tail } = await provedAt(store, placed, file, found)
  const { generation, end, open, marker, mixed, charset } = at
  const archive = await putArchive(store.archive, archivePath(file, sequence), items)
  const close: CloseRecord = {
    ...{ sequence: sequence + 1, generation, end, open, via, marker, mixed, charset, rows },
    ...{ proof, archive, ...tail },
  }
  if (!(await createRecord(store, file, close))) return undefined
  const newest = await newestClose(store.table, file)
  if (newest && newest.sequence > close.sequence) {
    await removeOwnClose(store, file, close, newest)
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
