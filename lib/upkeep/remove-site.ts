import { atOnce } from '../at-once.ts'
import { siteIdRule } from '../config-rules.ts'
import { RoundsError } from '../errors.ts'
import { archiveFolder } from '../ledger/archive.ts'
import { placedSite, siteDays } from '../ledger/days.ts'
import { ledgersOf } from '../ledger/ledger.ts'
import { countOfParts, exportDay, partOfSite } from '../ledger/parquet-parts.ts'
import type { DayFile } from '../ledger/record.ts'
import type { Rounds } from '../pipeline.ts'
import { siteFolders } from '../publish/paths.ts'
import { type Day, FEEDS } from '../site.ts'
import {
  bookKey,
  daysPartition,
  glanceKey,
  ledgerPartition,
  lettersPartition,
  observedPartition,
  pagesPartition,
  parquetPartition,
} from '../store/keys.ts'
import type { Objects } from '../store/objects.ts'
import { addDays, daysFromTo, isoInstant } from '../time.ts'
import { emptied, removed } from './emptied.ts'
import { knownDays } from './rebuild-days.ts'
import { type RebuildFailure, tried } from './rebuilt.ts'

/** What is kept of a site. */
export interface Kept {
  /** Days of which anything was read or tried, oldest first. */
  days: Day[]
  /** Paths of its pages. */
  pages: string[]
}

/** What removing a site deleted, and what is still to be done. */
export interface SiteRemoved {
  days: number
  /** Items of the table: records, and what was computed of them. */
  items: number
  /** Archives of day files. */
  archives: number
  pages: number
  /** Parquet files that were made again without the site, or deleted with it. */
  parquet: number
  /** Days that could not be done: their rest stands, and is found when this is run again. */
  failures: RebuildFailure[]
}

/** Objects deleted side by side. */
const AT_ONCE = 16

/** Another worker that exports the same day is done soon. */
const TRIES = 5

/** What is kept of a site that may be configured or not. */
export async function keptOf({ table, pages }: Rounds, site: string): Promise<Kept> {
  refuseId(site)
  return { days: await knownDays(table, site), pages: await pagesOf(pages, site) }
}

/** How many day files of a site have records in the table alone. */
export async function notArchived({ table }: Rounds, site: string): Promise<number> {
  const days = await siteDays(table, site)
  const files = [...days.values()].flatMap(({ feeds }) => Object.values(feeds))
  return files.filter(({ proof, lines }) => !proof && lines > 0).length
}

/**
 * Deletes all that is kept of a site that is not configured any more: its pages, ledgers, archives,
 * figures and alarms. Parquet files that held it are made again of the other sites. What was mailed
 * about it stays noted: it belongs to the recipients. It may be stopped and run again at any
 * moment: what says which days there are goes last. A configured site is refused.
 */
export async function removeSite(
  rounds: Rounds,
  site: string,
  onDay: (done: number, of: number) => void = () => {},
): Promise<SiteRemoved> {
  refuseConfigured(rounds, site)
  const { table, pages } = rounds
  const counts: SiteRemoved = { ...NOTHING, failures: [] }
  // First: whoever wants a site gone wants its pages gone.
  const paths = await pagesOf(pages, site)
  await deleted(pages, paths)
  counts.pages = paths.length
  counts.items += await removed(table, glanceKey(site))
  const known = await knownDays(table, site)
  const isKnown = new Set(known)
  const days = [...new Set([...known, ...recentDays(rounds)])].sort()
  let done = 0
  await atOnce(rounds.settings.schedule.sitesAtOnce, days, async (day) => {
    const own = { site, day, isKnown: isKnown.has(day) }
    await tried(counts, { site, day }, () => removeDay(rounds, own, counts))
    done += 1
    onDay(done, days.length)
  })
  const partitions = [bookKey(site).partition, pagesPartition(site), lettersPartition(site)]
  // Without its days, nothing would say where the rest of a day lies that failed.
  if (counts.failures.length === 0) partitions.push(observedPartition(site), daysPartition(site))
  for (const partition of partitions) counts.items += await emptied(table, partition)
  counts.days = known.length
  return counts
}

const NOTHING = { days: 0, items: 0, archives: 0, pages: 0, parquet: 0 }

/** Every path of the report site below a folder of the site. */
async function pagesOf(pages: Objects, site: string): Promise<string[]> {
  const all = await Promise.all(siteFolders(site).map((folder) => pages.list(folder)))
  return all.flat()
}

/** A round that died may have left records of days that nothing else tells of yet. */
function recentDays({ settings, clock }: Rounds): Day[] {
  const today = isoInstant(clock.now()).slice(0, 10)
  return daysFromTo(addDays(today, -settings.retention.keepDays - 1), addDays(today, 1))
}

async function removeDay(
  rounds: Rounds,
  { site, day, isKnown }: { site: string; day: Day; isKnown: boolean },
  counts: SiteRemoved,
): Promise<void> {
  const { table, archive } = rounds
  for (const feed of FEEDS) {
    const records = await emptied(table, ledgerPartition(site, feed, day))
    counts.items += records
    // Whoever archived or exported a day had counted it before.
    if (!isKnown && records === 0) continue
    const archives = await archive.list(archiveFolder({ site, feed, day }))
    await deleted(archive, archives)
    counts.archives += archives.length
    // Added behind each await: other days are counted meanwhile.
    const files = await exportedWithout(rounds, { site, feed, day })
    counts.parquet += files
  }
  if (!isKnown) return
  for (const partition of [observedPartition(site), daysPartition(site)]) {
    const items = await removed(table, { partition, sort: day })
    counts.items += items
  }
}

async function deleted(objects: Objects, paths: readonly string[]): Promise<void> {
  await atOnce(AT_ONCE, paths, (path) => objects.remove(path))
}

/**
 * Makes the Parquet file of a day that may have held the site again, of the sites that are
 * configured; gives how many files were made or deleted.
 */
async function exportedWithout(rounds: Rounds, { site, feed, day }: DayFile): Promise<number> {
  const { table, settings } = rounds
  const notes = await table.list(parquetPartition(feed, day))
  if (notes.length === 0) return 0
  const { length: size } = settings.sites
  const part = partOfSite(site, size)
  const having = settings.sites.filter(({ feeds }) => feeds[feed]).map((one) => placedSite(one))
  const sitesOf = async (one: string) =>
    having.filter((placed) => partOfSite(placed.site.id, size) === one)
  const beside = await sitesOf(part)
  // When the fleet had another number of parts, each of its files has to be made again.
  const isSplitSo = notes.every(({ sort }) => countOfParts(sort) === countOfParts(part))
  const whole = beside.length === 0 || !isSplitSo
  let count = 0
  for (let tries = 1; tries <= TRIES; tries += 1) {
    const members = whole ? having : beside
    const share = { size, ...(!whole && { sitesOf }) }
    const exported = await exportDay(ledgersOf(rounds), members, feed, day, share)
    count += exported.written.length + exported.removed.length
    if (exported.contended.length === 0) return count
  }
  throw new RoundsError(
    'parquet-contended',
    'skip',
    `Others go on writing the Parquet files of ${feed} ${day}.`,
    'Run this again when they are done.',
  )
}

/** An id that is none could reach other sites' pages, such as `en`, the folder of a language. */
function refuseId(site: string): void {
  const finding = siteIdRule(site)
  if (!finding) return
  throw new RoundsError('usage', 'stop', `${finding.message}.`, 'Nothing is kept under that name.')
}

/** Refuses a site that is configured. Ids differ by more than case: some folders ignore it. */
export function refuseConfigured({ settings }: Rounds, site: string): void {
  refuseId(site)
  const known = settings.sites.find(({ id }) => id.toLowerCase() === site.toLowerCase())
  if (!known) return
  throw new RoundsError(
    'site-configured',
    'stop',
    `The site “${known.id}” is configured: rounds would bring back what is deleted.`,
    'Take it out of the settings first.',
  )
}
