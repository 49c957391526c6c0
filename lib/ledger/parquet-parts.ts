import { createHash } from 'node:crypto'
import { type ReadingOf, type ServiceReading, sameCounts } from '../parse/feeds.ts'
import type { Day, Feed } from '../site.ts'
import { unknownFormat } from '../store/item-format.ts'
import { parquetPartition } from '../store/keys.ts'
import type { Content, Item, Key, Table, Write } from '../store/table.ts'
import { type PlacedSite, siteDays } from './days.ts'
import type { LedgerStore } from './ledger.ts'
import { parquetFile, type SiteReadings } from './parquet.ts'
import { sha256 } from './record.ts'
import { mergedRows, readerOf, replacedRows } from './rows.ts'
import type { Tally } from './tally.ts'

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

/** Rises when files of the same readings come out otherwise: then all are made again. */
const PARQUET_FORM = 1

/** The form of the item that notes what a file was made from. */
const NOTE_FORMAT = 1

/** Stands while a file is being written, and when nobody knows what it holds. */
export const NOT_KNOWN: Content = { data: { format: NOTE_FORMAT, digest: '' } }

/** Where a part of a fleet's day lies in the archive; the folders are DuckDB's partitions. */
export function parquetPath(feed: Feed, day: Day, part: string): string {
  return `parquet/feed=${feed}/day=${day}/part-${part}.parquet`
}

/** Of which fleet the sites are whose files are brought up. */
export interface FleetShare {
  /** Sites of the whole fleet, also those that lack the feed: they decide the number of parts. */
  size: number
  /**
   * True when no other site of the fleet has the feed. Else the sites must be all those of their
   * parts: a file of which only some sites are given would lose the others.
   */
  whole: boolean
}

/** The part of a fleet of this size in which a site lies, `<k>-of-<m>`; m is a power of two. */
export function partOfSite(id: string, fleetSize: number): string {
  let count = 1
  while (count * SITES_A_FILE < fleetSize) count *= 2
  const hash = createHash('sha256').update(id).digest().readUInt32BE()
  return `${hash % count}-of-${count}`
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
  const [k, m] = one.split('-of-').map(Number) as [number, number]
  const [ownK, ownM] = other.split('-of-').map(Number) as [number, number]
  const least = Math.min(m, ownM)
  return k % least === ownK % least
}

/**
 * Brings the Parquet files of a feed's day up to what the ledgers hold, for all of `sites`: writes
 * those whose readings have changed, and removes those that belong to another number of parts.
 * Called again it writes nothing. A ledger that cannot be read keeps its file as it was, and
 * throws; the next export tries again.
 */
export async function exportDay(
  store: LedgerStore,
  sites: readonly PlacedSite[],
  feed: Feed,
  day: Day,
  { size, whole }: FleetShare = { size: sites.length, whole: true },
): Promise<DayExported> {
  const exported: DayExported = { written: [], removed: [], unchanged: 0, contended: [] }
  const partition = parquetPartition(feed, day)
  const notes = new Map<string, Item>()
  for (const note of await store.table.list(partition)) notes.set(note.sort, checked(note))
  const parts = partsOf(sites, size)
  const isOurs = (part: string) => whole || [...parts.keys()].some((own) => overlap(part, own))
  // First: until the new files stand readings are absent, which is seen; doubled ones are not.
  for (const [part, note] of notes) {
    if (!parts.has(part) && isOurs(part)) await removePart(store, note, feed, day, exported)
  }
  for (const [part, members] of parts) {
    const file = { feed, day, part, members }
    let note = notes.get(part)
    let tries = 1
    // Whoever had claimed the file before may have made it of less than is known now.
    while (!(await exportPart(store, file, note, exported, tries === MOST_TRIES))) {
      const standing = await store.table.get({ partition, sort: part })
      note = standing && checked(standing)
      tries += 1
    }
  }
  return exported
}

/** So often a file is claimed while others claim it: each has something newer to tell. */
const MOST_TRIES = 3

/** Brings one file up; false when another worker has claimed it since `note` was read. */
async function exportPart(
  store: LedgerStore,
  file: { feed: Feed; day: Day; part: string; members: readonly PlacedSite[] },
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

/** Whether some file of a day is not known: its writer died, or met another one. */
export async function isUnknown(table: Table, feed: Feed, day: Day): Promise<boolean> {
  const notes = await table.list(parquetPartition(feed, day))
  return notes.some((note) => checked(note).data.digest === NOT_KNOWN.data.digest)
}

/** A site that a file holds, and the tally that says up to where its ledger is known. */
interface Input {
  placed: PlacedSite
  tally: Tally
}

/** The sites of a part that have something of this day, in order of their ids. */
async function inputsOf(
  table: Table,
  members: readonly PlacedSite[],
  feed: Feed,
  day: Day,
): Promise<Input[]> {
  const all = await Promise.all(
    members.map(async (placed) => {
      const days = await siteDays(table, placed.site.id, { from: day, to: day })
      return { placed, tally: days.get(day)?.feeds[feed] }
    }),
  )
  return all.filter((one): one is Input => one.tally !== undefined)
}

/** Everything that decides what a file holds. */
function digestOf(inputs: readonly Input[]): string {
  const parts = inputs.map(({ placed: { site }, tally }) => [
    site.id,
    tally.sequence,
    site.timeZone,
    site.siteIds,
    site.units,
    site.onRewrite,
    site.serviceCountsOf,
  ])
  return sha256(Buffer.from(JSON.stringify([PARQUET_FORM, parts])))
}

async function* readingsOf<F extends Feed>(
  store: LedgerStore,
  inputs: readonly Input[],
  feed: F,
  day: Day,
): AsyncGenerator<SiteReadings<F>> {
  for (const { placed, tally } of inputs) {
    const runs = runsOf(store, placed, feed, day)
    if (feed !== 'service') {
      yield { site: placed.site, day, runs, standing: undefined }
      continue
    }
    // A day has a line or two: they are looked at twice, to find the one that counts.
    const all: ReadingOf[F][] = []
    for await (const run of runs) all.push(...run)
    const standing = all.findLast((one) => sameCounts(one as ServiceReading, tally.service))
    yield { site: placed.site, day, runs: [all], standing: standing ?? all.at(-1) }
  }
}

/** The readings of a site's day as they count, a record at a time. */
async function* runsOf<F extends Feed>(
  store: LedgerStore,
  { site, zone }: PlacedSite,
  feed: F,
  day: Day,
): AsyncGenerator<ReadingOf[F][]> {
  const file = { site: site.id, feed, day }
  const reader = readerOf(site, zone)
  const rows =
    site.onRewrite === 'merge'
      ? mergedRows(store, file, reader, 0)
      : await replacedRows(store, file, reader)
  for await (const { parsed } of rows) yield parsed.readings
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
  exported[removed.done ? 'removed' : 'contended'].push(path)
}

function checked(note: Item): Item {
  if (note.data.format === NOTE_FORMAT) return note
  throw unknownFormat(note, 'parquet-format')
}
