import { createHash } from 'node:crypto'
import { atOnce } from '../at-once.ts'
import type { Day, Feed } from '../site.ts'
import { unknownFormat } from '../store/item-format.ts'
import { parquetPartition } from '../store/keys.ts'
import type { Content, Item, Key, Table, Write } from '../store/table.ts'
import type { PlacedSite } from './days.ts'
import type { LedgerStore } from './ledger.ts'
import { parquetFile } from './parquet.ts'
import { digestOf, inputsOf, readingsOf } from './parquet-inputs.ts'
import { sha256 } from './record.ts'

/*
 * A fleet's day is few files: each holds some 64 sites of one feed and day. What a file was made
 * from is noted in the table, so that only files whose sites have changed are made again.
 */

/** What an export of a day did. Paths are those of the archive. */
export interface DayExported {
  written: string[]
  removed: string[]
  unchanged: number
  /** Another worker was writing these at the same time; the next export sees to them again. */
  contended: string[]
}

/** So many sites at most share a file, on the average. */
const SITES_A_FILE = 64

/** The form of the item that notes what a file was made from. */
const NOTE_FORMAT = 1

/** Stands while a file is being written, and when nobody knows what it holds. */
export const NOT_KNOWN: Content = { data: { format: NOTE_FORMAT, digest: '' } }

/** Stands for a file that is yet to be made, and that nobody writes: see `makeWay`. */
const AWAITED: Content = { data: { format: NOTE_FORMAT, digest: '', awaited: true } }

/** Notes of files that are yet to be made, written side by side. */
const NOTES_AT_ONCE = 16

/**
 * So many files of others' sites at most are made by whoever took away the one that they take the
 * place of: some minutes of work. The rest is made by those who settle the sites.
 */
const MOST_HELPED = 32

/** Where a part of a fleet's day lies in the archive; the folders are DuckDB's partitions. */
export function parquetPath(feed: Feed, day: Day, part: string): string {
  return `parquet/feed=${feed}/day=${day}/part-${part}.parquet`
}

/** Of which fleet the sites are whose files are brought up. */
export interface FleetShare {
  /** Sites of the whole fleet, also those that lack the feed: they decide the number of parts. */
  size: number
  /**
   * All sites of a part. Absent when no other site of the fleet has the feed. Else those given must
   * be all those of their parts: a file of which only some sites are given would lose the others.
   */
  sitesOf?(part: string): Promise<readonly PlacedSite[]>
}

/** The number of parts of a fleet of this size: a power of two. */
function splitOf(fleetSize: number): number {
  let count = 1
  while (count * SITES_A_FILE < fleetSize) count *= 2
  return count
}

/** The part of a fleet of this size in which a site lies, `<k>-of-<m>`; m is a power of two. */
export function partOfSite(id: string, fleetSize: number): string {
  return partAmong(id, splitOf(fleetSize))
}

/** The part in which a site lies among so many parts. */
export function partAmong(id: string, count: number): string {
  const hash = createHash('sha256').update(id).digest().readUInt32BE()
  return `${hash % count}-of-${count}`
}

/** Among how many parts a part is one. */
export function countOfParts(part: string): number {
  return numbersOf(part)[1]
}

function numbersOf(part: string): [k: number, m: number] {
  return part.split('-of-').map(Number) as [number, number]
}

/** The sites of each part, in order of their ids. */
export function partsOf(
  sites: readonly PlacedSite[],
  fleetSize: number,
): Map<string, PlacedSite[]> {
  const parts = new Map<string, PlacedSite[]>()
  const byId = [...sites].sort((one, other) => (one.site.id < other.site.id ? -1 : 1))
  for (const placed of byId) {
    const part = partOfSite(placed.site.id, fleetSize)
    parts.set(part, [...(parts.get(part) ?? []), placed])
  }
  return parts
}

/** Whether two parts can hold the same site. */
function overlap(one: string, other: string): boolean {
  const [k, m] = numbersOf(one)
  const [ownK, ownM] = numbersOf(other)
  const least = Math.min(m, ownM)
  return k % least === ownK % least
}

/** Those of `count` parts that can hold a site of this part. */
function partsWithin(part: string, count: number): string[] {
  const [k, m] = numbersOf(part)
  const found: string[] = []
  for (let own = k % Math.min(m, count); own < count; own += m) found.push(`${own}-of-${count}`)
  return found
}

/** What is brought up: a feed's day, the sites of each part that are given, and the fleet. */
interface Exporting {
  store: LedgerStore
  feed: Feed
  day: Day
  parts: ReadonlyMap<string, readonly PlacedSite[]>
  share: FleetShare
  exported: DayExported
}

/**
 * Brings the Parquet files of a feed's day up to what the ledgers hold, for all of `sites`: writes
 * those whose readings have changed, and removes those that belong to another number of parts; what
 * these held of other sites is written too. Called again it writes nothing. A ledger that cannot be
 * read keeps its file as it was, and throws; the next export tries again.
 */
export async function exportDay(
  store: LedgerStore,
  sites: readonly PlacedSite[],
  feed: Feed,
  day: Day,
  share: FleetShare = { size: sites.length },
): Promise<DayExported> {
  const exported: DayExported = { written: [], removed: [], unchanged: 0, contended: [] }
  const parts = partsOf(sites, share.size)
  const exporting = { store, feed, day, parts, share, exported }
  let notes = await notesOf(store.table, feed, day)
  for (let tries = 1; tries <= MOST_TRIES; tries += 1) {
    if (await makeWay(exporting, notes)) notes = await notesOf(store.table, feed, day)
    exported.unchanged = 0
    for (const [part, members] of parts) {
      await exportFile(exporting, { feed, day, part, members }, notes.get(part))
    }
    // Nobody else looks whether two workers made files of different splits at the same time.
    if (exported.unchanged === parts.size) break
    notes = await notesOf(store.table, feed, day)
    if (foreignOf(exporting, notes).length === 0) break
  }
  await help(exporting, notes)
  return exported
}

async function notesOf(table: Table, feed: Feed, day: Day): Promise<Map<string, Item>> {
  const notes = await table.list(parquetPartition(feed, day))
  return new Map(notes.map((note) => [note.sort, checked(note)]))
}

/** The notes of files that may not stand beside those of the parts. */
function foreignOf(
  { parts, share: { size, sitesOf } }: Exporting,
  notes: ReadonlyMap<string, Item>,
): Item[] {
  const all = [...notes.values()].filter(({ sort }) => !parts.has(sort))
  if (!sitesOf) return all
  const split = splitOf(size)
  const own = [...parts.keys()]
  return all.filter(
    ({ sort }) => countOfParts(sort) !== split && own.some((part) => overlap(part, sort)),
  )
}

/**
 * Removes the files that belong to another number of parts; false when there are none. They hold
 * sites that are not given, too: before one goes, all that take its place are noted as awaited, so
 * that however this ends they are made. Until they stand readings are absent, which is seen;
 * doubled ones are not.
 */
async function makeWay(exporting: Exporting, notes: ReadonlyMap<string, Item>): Promise<boolean> {
  const { store, feed, day, parts, share, exported } = exporting
  const foreign = foreignOf(exporting, notes)
  const split = splitOf(share.size)
  const awaited = new Set(
    foreign
      .filter(({ sort }) => countOfParts(sort) !== split)
      .flatMap(({ sort }) => partsWithin(sort, split))
      .filter((part) => !notes.has(part) && (share.sitesOf || parts.has(part))),
  )
  const partition = parquetPartition(feed, day)
  await atOnce(NOTES_AT_ONCE, [...awaited], (sort) =>
    store.table.create({ partition, sort }, AWAITED),
  )
  for (const note of foreign) await removePart(store, note, feed, day, exported)
  return foreign.length > 0
}

/** Makes files that are awaited since one was removed that held their sites, and these as well. */
async function help(exporting: Exporting, notes: ReadonlyMap<string, Item>): Promise<void> {
  const { store, feed, day, parts, share } = exporting
  if (!share.sitesOf) return
  const awaited = [...notes.values()].filter(({ sort, data }) => data.awaited && !parts.has(sort))
  for (const note of awaited.slice(0, MOST_HELPED)) {
    const part = note.sort
    if (countOfParts(part) !== splitOf(share.size)) continue
    const standing = await store.table.get({ partition: note.partition, sort: part })
    if (standing?.version !== note.version) continue
    const all = await share.sitesOf(part)
    const members = all.filter(({ site }) => site.feeds[feed])
    await exportFile(exporting, { feed, day, part, members }, note)
  }
}

/** A file of the archive, and the sites that it is to hold. */
interface PartFile {
  feed: Feed
  day: Day
  part: string
  members: readonly PlacedSite[]
}

async function exportFile(
  { store, exported }: Exporting,
  file: PartFile,
  known: Item | undefined,
): Promise<void> {
  const key = { partition: parquetPartition(file.feed, file.day), sort: file.part }
  let note = known
  // Whoever had claimed the file before may have made it of less than is known now.
  for (let tries = 1; ; tries += 1) {
    if (await exportPart(store, file, note, exported, tries === MOST_TRIES)) return
    const standing = await store.table.get(key)
    note = standing && checked(standing)
  }
}

/** So often a file is claimed while others claim it: each has something newer to tell. */
const MOST_TRIES = 3

/** Brings one file up; false when another worker has claimed it since `note` was read. */
async function exportPart(
  store: LedgerStore,
  file: PartFile,
  note: Item | undefined,
  exported: DayExported,
  isLast: boolean,
): Promise<boolean> {
  const { feed, day, part, members } = file
  const inputs = await inputsOf(store.table, members, feed, day)
  const digest = digestOf(inputs)
  if (inputs.length === 0) {
    if (note) await removePart(store, note, feed, day, exported)
  } else if (note?.data.digest === digest) {
    exported.unchanged += 1
  } else {
    const path = parquetPath(feed, day, part)
    const key = { partition: parquetPartition(feed, day), sort: part }
    const make = () => parquetFile(feed, readingsOf(store, inputs, feed, day))
    const outcome = await writePart(store, key, note, digest, path, make)
    if (outcome === 'claimed' && !isLast) return false
    exported[outcome === 'written' ? 'written' : 'contended'].push(path)
  }
  return true
}

/**
 * Whether some file of a day is not known, because its writer died or met another one, or two can
 * hold the same site.
 */
export async function isUnknown(table: Table, feed: Feed, day: Day): Promise<boolean> {
  const notes = await notesOf(table, feed, day)
  const counts = new Set([...notes.keys()].map(countOfParts))
  return [...notes].some(([part, { data }]) => {
    if (data.digest === NOT_KNOWN.data.digest) return true
    const coarser = [...counts].filter((count) => count < countOfParts(part))
    return coarser.some((count) => partsWithin(part, count).some((other) => notes.has(other)))
  })
}

/**
 * Writes a file between two notes: that it is unknown, then what it was made from. When another
 * worker wrote in between nobody knows whose file came last, so it stays unknown: `contended`. One
 * that somebody else has `claimed` before is not written.
 */
async function writePart(
  { table, archive }: LedgerStore,
  key: Key,
  note: Item | undefined,
  digest: string,
  path: string,
  make: () => Promise<Uint8Array>,
): Promise<'written' | 'contended' | 'claimed'> {
  const claimed = await noted(table, key, note, NOT_KNOWN)
  if (!claimed.done) return 'claimed'
  const bytes = await make()
  await archive.put(path, bytes, { contentType: 'application/vnd.apache.parquet' })
  const content = { data: { format: NOTE_FORMAT, digest, sha256: sha256(bytes) } }
  let write = await noted(table, key, claimed.item, content)
  if (write.done) return 'written'
  // Written even where it says so already: that refuses the other worker's last note.
  while (!write.done) write = await noted(table, key, write.standing, NOT_KNOWN)
  return 'contended'
}

function noted(table: Table, key: Key, note: Item | undefined, content: Content): Promise<Write> {
  return note ? table.replace(key, note.version, content) : table.create(key, content)
}

/** Removes a file, then its note: one that is interrupted is done again. */
async function removePart(
  { table, archive }: LedgerStore,
  note: Item,
  feed: Feed,
  day: Day,
  exported: DayExported,
): Promise<void> {
  const path = parquetPath(feed, day, note.sort)
  await archive.remove(path)
  const removed = await table.remove({ partition: note.partition, sort: note.sort }, note.version)
  // Without a note another worker has removed it just before.
  if (removed.done) exported.removed.push(path)
  else if (removed.standing) exported.contended.push(path)
}

function checked(note: Item): Item {
  if (note.data.format === NOTE_FORMAT) return note
  throw unknownFormat(note, 'parquet-format')
}
