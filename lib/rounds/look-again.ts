import { asRoundsError } from '../errors.ts'
import { dayFilePath } from '../fetch/day-file-path.ts'
import type { Source } from '../fetch/source.ts'
import { type DayCollected, DOWN, type FileFailure } from '../ledger/collect-day.ts'
import type { PlacedSite } from '../ledger/days.ts'
import { dueAmong, dueFeeds } from '../ledger/due.ts'
import { observe, observedIn, observedItems, type Reading } from '../ledger/observed.ts'
import type { Day, Feed, Settings } from '../site.ts'
import type { Table } from '../store/table.ts'
import type { Clock } from '../time.ts'
import { fileName, type Glance, looksSame, type SeenFile, seenBy } from './glance.ts'

/** What looking at files needs. */
export interface LookPorts {
  table: Table
  source: Source
  clock: Clock
  settings: Settings
}

/**
 * Looks whether the files that are due still look as they did. Undefined when one does not, or was
 * not looked at before: then the site is collected as always. Files that could not be read are told
 * as failures, and the others are observed.
 */
export async function lookAgain(
  { table, source, clock, settings }: LookPorts,
  placed: PlacedSite,
  glance: Glance,
): Promise<{ failures: FileFailure[] } | undefined> {
  const { site, zone } = placed
  const nowMs = clock.now()
  const { days, files = {} } = glance
  const range = { from: days[0]!, to: days.at(-1)! }
  const items = await observedItems(table, site.id, range)
  const observed = observedIn(items, nowMs)
  const facts = { site, zone, nowMs, keepDays: 0, settleAfterDays: 0, observed }
  const failures: FileFailure[] = []
  const readings = new Map<Day, Reading[]>()
  for (const day of dueAmong(days, facts)) {
    const all = Object.keys(site.feeds) as Feed[]
    const feeds = dueFeeds(all, observed.get(day), nowMs, settings.schedule)
    const tail = Buffer.from(observed.get(day)?.serviceTail ?? '', 'base64')
    const looks = await Promise.all(
      feeds.map(async (feed) => {
        const seen = files[fileName(day, feed)]
        const one = await look(source, placed, day, feed, seen, clock)
        return one && 'atMs' in one && feed === 'service' ? { ...one, tail } : one
      }),
    )
    const failed = looks.filter((one) => one !== undefined && 'error' in one)
    if (looks.some((one) => one === undefined)) return undefined
    failures.push(...failed)
    readings.set(day, looks.filter((one) => one !== undefined && !('error' in one)) as Reading[])
    if (failed.some(({ error }) => DOWN.has(error.code))) break
  }
  for (const [day, own] of readings) {
    const noted = items.find(({ sort }) => sort === day)
    await observe(table, site.id, day, zone.endOf(day), 'round', own, noted)
  }
  return { failures }
}

/** One file: a reading when it looks the same, undefined when not, or why that is not known. */
async function look(
  source: Source,
  { site }: PlacedSite,
  day: Day,
  feed: Feed,
  seen: SeenFile | undefined,
  clock: Clock,
): Promise<Reading | FileFailure | undefined> {
  if (!seen) return undefined
  const atMs = clock.now()
  try {
    const isSame = await looksSame(source, dayFilePath(site.feeds[feed]!.path, day), seen)
    return isSame ? { feed, atMs, found: seen.found } : undefined
  } catch (thrown) {
    const error = asRoundsError(thrown)
    if (error.class === 'stop') throw error
    return { site: site.id, feed, day, error }
  }
}

/**
 * How all files of the unsettled days look: those that were read now, and the others as they were
 * known before. Undefined when one that was read cannot be kept so short.
 */
export function filesSeen(
  { site }: PlacedSite,
  read: ReadonlyMap<Day, DayCollected>,
  unsettled: readonly Day[],
  before: Glance | undefined,
): Glance['files'] | undefined {
  const files: Record<string, SeenFile> = {}
  for (const day of unsettled) {
    for (const feed of Object.keys(site.feeds) as Feed[]) {
      const name = fileName(day, feed)
      const pulled = read.get(day)?.pulled.get(feed)
      const seen = pulled ? seenBy(pulled) : before?.files?.[name]
      if (pulled && !seen) return undefined
      if (seen) files[name] = seen
    }
  }
  return files
}
