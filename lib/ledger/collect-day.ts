import { asRoundsError, RoundsError } from '../errors.ts'
import { dayFilePath } from '../fetch/day-file-path.ts'
import type { Day, Feed } from '../site.ts'
import { LINE_COUNTS, type LineCounts } from './coverage.ts'
import { bringUpDay, type PlacedSite, type SiteDay } from './days.ts'
import type { LedgerStore } from './ledger.ts'
import type { Reading } from './observed.ts'
import { type Pulled, type PullPorts, pull } from './pull.ts'
import type { DayFile, Via } from './record.ts'
import { mergedRows, readerOf } from './rows.ts'

/**
 * What one run added of a day file: bytes `start` to `end` of a generation, and their lines. What
 * the lines are is absent where that is computed later.
 */
export interface FileAdded extends DayFile, Partial<Omit<LineCounts, 'lines'>> {
  lines: number
  generation: number
  start: number
  end: number
}

/** A day file that could not be read, or not to its end. */
export interface FileFailure extends DayFile {
  error: RoundsError
}

/** What came of reading one site's day. */
export interface DayCollected {
  added: FileAdded[]
  failures: FileFailure[]
  /** Successful readings, for `observe`; written last, when all that they brought is computed. */
  readings: Reading[]
  /** What each file that was read to its end held, and where its ledger ends. */
  pulled: Map<Feed, Pulled>
  /** The last sequence of each feed's ledger, as far as it was read. */
  newest: Map<Feed, number>
  /** True when the site itself did not answer: its other days would not answer either. */
  down: boolean
}

/** Of an unfinished last line, so much is shown at most: no such line of a feed is longer. */
export const MOST_TAIL_BYTES = 4096

/** Errors that say that nothing of the site answers. */
export const DOWN = new Set([
  ...['connection', 'timed-out', 'name-not-found', 'tls', 'refused-address', 'site-slow'],
])

/**
 * Reads the day files of one site and day, appends what is new, and brings the day's tallies up to
 * it unless they are computed `later`. One feed's failure does not keep the others; only an error
 * of class `stop` is thrown.
 */
export async function collectDay(
  ports: PullPorts,
  placed: PlacedSite,
  day: Day,
  feeds: readonly Feed[],
  { via, later = false }: { via: Via; later?: boolean },
): Promise<DayCollected> {
  const collected: DayCollected = {
    added: [],
    failures: [],
    readings: [],
    pulled: new Map(),
    newest: new Map(),
    down: false,
  }
  const pulls = await Promise.all(feeds.map((feed) => pullFeed(ports, placed, day, feed, via)))
  const pulled = new Map<Feed, Pulled>()
  for (const [index, outcome] of pulls.entries()) {
    const feed = feeds[index]!
    const file = { site: placed.site.id, feed, day }
    const error = outcome instanceof RoundsError ? outcome : outcome.fault
    if (error) collected.failures.push({ ...file, error })
    if (error && DOWN.has(error.code)) collected.down = true
    if (outcome instanceof RoundsError) continue
    pulled.set(feed, outcome)
    collected.newest.set(feed, outcome.place.sequence)
    if (error) continue
    collected.pulled.set(feed, outcome)
    const { found, readAtMs } = outcome
    const tail = outcome.tail.subarray(0, MOST_TAIL_BYTES)
    collected.readings.push({ feed, atMs: readAtMs, found, tail })
  }
  const days = later ? undefined : await bringUpDay(ports.store, placed, day, collected.newest)
  for (const [feed, one] of pulled) {
    const file = { site: placed.site.id, feed, day }
    const added = addedBy(file, one)
    if (!added) continue
    const counts = days && (await countsOf(ports.store, placed, file, one, days))
    collected.added.push({ ...added, ...counts })
  }
  return collected
}

async function pullFeed(
  ports: PullPorts,
  { site }: PlacedSite,
  day: Day,
  feed: Feed,
  via: Via,
): Promise<Pulled | RoundsError> {
  const path = dayFilePath(site.feeds[feed]!.path, day)
  try {
    return await pull(ports, { site: site.id, feed, day }, path, via)
  } catch (thrown) {
    const error = asRoundsError(thrown)
    if (error.class === 'stop') throw error
    return error
  }
}

/** What a pull added, or undefined when that is nothing. */
function addedBy(file: DayFile, { appended }: Pulled): FileAdded | undefined {
  const [first, last] = [appended[0], appended.findLast((one) => !one.aside) ?? appended.at(-1)]
  if (!first || !last || appended.every((one) => one.start === one.end)) return undefined
  const { generation, end } = last
  const own = appended.filter((one) => one.generation === generation)
  const lines = appended.reduce((sum, one) => sum + one.lines, 0)
  return { ...file, generation, start: Math.min(...own.map(({ start }) => start)), end, lines }
}

/**
 * How many lines the records of a pull brought: by the tallies before and after, when just these
 * records lie between them; else by reading them once more.
 */
async function countsOf(
  store: LedgerStore,
  placed: PlacedSite,
  file: DayFile,
  { before, appended }: Pulled,
  days: { before: SiteDay; after: SiteDay },
): Promise<LineCounts> {
  const counts = { lines: 0, readings: 0, rejects: 0, unknown: 0, blank: 0 }
  const [was, is] = [days.before.feeds[file.feed], days.after.feeds[file.feed]]
  // An unfinished line that counted until now counts no more: that is no line less that came.
  const alone =
    placed.site.onRewrite === 'merge' &&
    !was?.tail &&
    (was?.sequence ?? 0) === before.sequence &&
    is?.sequence === before.sequence + appended.length
  if (alone) {
    for (const count of LINE_COUNTS) counts[count] = is[count] - (was?.[count] ?? 0)
    return counts
  }
  const own = new Set(appended.map(({ sequence }) => sequence))
  const reader = readerOf(placed.site, placed.zone)
  for await (const { record, parsed } of mergedRows(store, file, reader, before.sequence)) {
    if (!own.has(record.sequence)) continue
    counts.lines += parsed.lines
    counts.readings += parsed.readings.length
    counts.rejects += parsed.rejects.length
    counts.unknown += parsed.unknown
    counts.blank += parsed.blank
  }
  return counts
}
