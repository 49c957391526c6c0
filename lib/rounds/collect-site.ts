import { type Book, bringUpBook } from '../alarms/book.ts'
import { asRoundsError } from '../errors.ts'
import type { Source } from '../fetch/source.ts'
import {
  collectDay,
  type DayCollected,
  type FileAdded,
  type FileFailure,
} from '../ledger/collect-day.ts'
import { bringUpDay, newestOf, type PlacedSite, placedSite } from '../ledger/days.ts'
import { type DaysAsked, type DaysToRead, daysToRead } from '../ledger/days-to-read.ts'
import { dueFeeds } from '../ledger/due.ts'
import { ledgersOf } from '../ledger/ledger.ts'
import { nothingFound } from '../ledger/nothing-found.ts'
import { observe, observeBackfill, type Reading } from '../ledger/observed.ts'
import type { Via } from '../ledger/record.ts'
import type { Log } from '../log.ts'
import { type Day, FEEDS, type Feed, type Settings, type Site } from '../site.ts'
import type { Objects } from '../store/objects.ts'
import type { Table } from '../store/table.ts'
import { addDays, type Clock, zoneNamed } from '../time.ts'
import {
  bookState,
  forgetGlance,
  glanceWith,
  isAtRest,
  mayNeedMail,
  readGlance,
  writeGlance,
} from './glance.ts'
import { filesSeen, lookAgain } from './look-again.ts'

/** What collecting works with. */
export interface CollectPorts {
  settings: Settings
  table: Table
  archive: Objects
  openSource(site: Site): Source
  clock: Clock
  log: Log
  /** See `Rounds` of the pipeline. */
  foldLater?: boolean
}

/** Which days and feeds of a site to collect; what is absent means what is due, or all. */
export interface SiteRequest {
  feeds?: readonly Feed[]
  range?: { from: Day; to: Day }
  via: Via
  /** Leave out past days that were read a short while ago, as a schedule does. */
  paced?: boolean
}

/** What came of collecting one site. */
export interface SiteCollected {
  files: FileAdded[]
  failures: FileFailure[]
  /** False when it is known that no mail about the site can be due. */
  mail: boolean
}

/**
 * Reads what is new of one site, day by day, oldest first, and brings all that is computed up to
 * it. Of a site that was quiet before, only the files are looked at. Only an error of class `stop`
 * is thrown.
 */
export async function collectSite(
  ports: CollectPorts,
  site: Site,
  request: SiteRequest,
): Promise<SiteCollected> {
  const collected = await collectPlaced(ports, placedSite(site), request).catch(
    (thrown: unknown): SiteCollected => {
      // Not even the days to read could be told: what is known of the site cannot be read.
      const day = request.range?.to ?? zoneNamed(site.timeZone).dayOf(ports.clock.now())
      const failures = failedDay(site, day, feedsAsked(site, request), thrown)
      return { files: [], failures, mail: true }
    },
  )
  for (const { feed, day, error } of collected.failures) {
    const { code, message } = error
    ports.log('warn', 'file:failed', { site: site.id, feed, day, code, message })
  }
  return collected
}

async function collectPlaced(
  ports: CollectPorts,
  placed: PlacedSite,
  request: SiteRequest,
): Promise<SiteCollected> {
  const { table, settings, clock } = ports
  const { site } = placed
  const source = ports.openSource(site)
  try {
    const isWhole = feedsAsked(site, request).length === feedsAsked(site, {}).length
    if (!request.paced || request.range || !isWhole) {
      // First: whoever dies behind this leaves what only a whole round brings up.
      await forgetGlance(table, site.id)
      const { files, failures } = await collectDays(ports, placed, source, request)
      return { files, failures, mail: true }
    }
    const nowMs = clock.now()
    const standing = await readGlance(table, placed, settings, nowMs)
    const { glance } = standing
    if (glance && isAtRest(glance)) {
      const looked = await lookAgain({ table, source, clock, settings }, placed, glance)
      if (looked) return { files: [], ...looked, mail: mayNeedMail(site, glance, nowMs) }
    }
    // The first round of a part of the day computes all that was left to do.
    const later = ports.foldLater && glance ? placed.zone.dayOf(nowMs) : undefined
    const known = glance && { known: glance.days }
    const asked = { ...request, ...known, ...(later && { later }), isFirst: !glance }
    const collected = await collectDays(ports, placed, source, asked)
    const { files, failures, book, read, unsettled } = collected
    const isCalm = files.length === 0 && failures.length === 0
    // While new lines come, only the files of past days are seen at rest.
    const resting = isCalm ? unsettled : unsettled.slice(0, -1)
    const seen = filesSeen(placed, read, resting, glance)
    // Also the first one of a part of the day, so that the next ones know which days to look at.
    if (seen || glance?.files || !glance) {
      const facts = { with: glanceWith(settings, site), madeMs: nowMs, days: unsettled }
      const { mail } = glance ?? {}
      // What was noted of another state of the book, or one that was not looked at, counts no more.
      const isSame = mail && book && mail.book === bookState(book)
      const next = { ...facts, ...(seen && { files: seen }), ...(isSame && { mail }) }
      await writeGlance(table, site.id, standing, next)
    }
    const isMailed = site.recipients.length > 0 && site.feeds.alarm !== undefined
    const mail = isMailed && (!book || mayNeedMail(site, glance, nowMs, book))
    return { files, failures, mail }
  } finally {
    await source.close()
  }
}

/** What came of reading days of a site. */
interface DaysCollected {
  files: FileAdded[]
  failures: FileFailure[]
  /** The book of alarms, unless it could not be brought up. */
  book: Book | undefined
  read: Map<Day, DayCollected>
  unsettled: Day[]
}

/** What collecting days is asked for besides. */
interface DaysRequest extends SiteRequest, Pick<DaysAsked, 'known'> {
  /** The day of which tallies and alarms are computed later. */
  later?: Day
  /** Compute too what rounds of the day before may have left for later. */
  isFirst?: boolean
}

/** Reads the days that are asked for or due. */
async function collectDays(
  ports: CollectPorts,
  placed: PlacedSite,
  source: Source,
  request: DaysRequest,
): Promise<DaysCollected> {
  const { table, settings, clock } = ports
  const { site } = placed
  const store = ledgersOf(ports)
  const feeds = feedsAsked(site, request)
  const files: FileAdded[] = []
  const failures: FileFailure[] = []
  const read = new Map<Day, DayCollected>()
  const toRead = await daysToRead(ports, placed, clock.now(), request)
  const { unsettled, leftBehind, unseen, standing } = toRead
  const asked = feedsToRead(ports, feeds, toRead, request)
  const days = [...asked.keys()]
  for (const [day, feeds] of asked) {
    try {
      // Before anything of a day is kept: whoever dies behind this leaves a day that is known.
      if (request.via === 'backfill') await observeBackfill(table, site.id, day, clock.now())
      else if (unseen.has(day)) await observe(table, site.id, day, 0, 'round', [])
      const how = { via: request.via, later: day === request.later }
      const one = await collectDay({ store, source, clock }, placed, day, feeds, how)
      read.set(day, one)
      files.push(...one.added)
      failures.push(...one.failures)
      if (one.down) break
    } catch (thrown) {
      failures.push(...failedDay(site, day, feeds, thrown))
    }
  }
  const readings = new Map([...read].map(([day, one]) => [day, one.readings]))
  const newestAlarms = new Map<Day, number>()
  for (const [day, { newest }] of read) {
    if (newest.has('alarm') && day !== request.later) newestAlarms.set(day, newest.get('alarm')!)
  }
  const today = placed.zone.dayOf(clock.now())
  const keepFrom = addDays(today, -settings.retention.keepDays)
  let lost: FileFailure[] = []
  let book: Book | undefined
  try {
    const isRead = (day: Day) => read.get(day)?.newest.size === feeds.length
    const left = unsettled.filter((day) => day < today && !isRead(day))
    if (ports.foldLater && request.isFirst) leftBehind.push(...left)
    for (const day of leftBehind) {
      const newest = await newestOf(store, placed, day)
      await bringUpDay(store, placed, day, newest)
      newestAlarms.set(day, newest.get('alarm') ?? 0)
    }
    if (!request.later || newestAlarms.size > 0) {
      book = await bringUpBook(store, placed, newestAlarms, keepFrom)
    }
    if (failures.length === 0) lost = await nothingFound(table, site, readings)
  } catch (thrown) {
    lost = failedDay(site, toRead.days.at(-1)!, feeds, thrown)
  }
  failures.push(...lost)
  // Last: a day that was not computed is not observed either, so it is due again.
  for (const day of days) {
    const own: Reading[] = lost.length > 0 ? [] : (readings.get(day) ?? [])
    // A round that failed is noted, so that the day is caught up on; a backfill takes no day.
    if (own.length === 0 && request.via === 'backfill') continue
    const endMs = placed.zone.endOf(day)
    await observe(table, site.id, day, endMs, request.via, own, standing.get(day)).catch(
      (thrown: unknown) => void failures.push(...failedDay(site, day, feeds, thrown)),
    )
  }
  return { files, failures, book, read, unsettled }
}

/** The feeds that are read of each day, of those asked for: all, but for a schedule those due. */
function feedsToRead(
  { settings, clock }: CollectPorts,
  feeds: Feed[],
  { days, observed }: DaysToRead,
  { paced, range, isFirst }: DaysRequest,
): Map<Day, Feed[]> {
  if (!paced || range || isFirst) return new Map(days.map((day) => [day, feeds]))
  const nowMs = clock.now()
  const due = (day: Day) => dueFeeds(feeds, observed.get(day), nowMs, settings.schedule)
  return new Map(days.map((day) => [day, due(day)] as const).filter(([, own]) => own.length > 0))
}

/** The feeds of a site that are asked for. */
function feedsAsked(site: Site, { feeds }: Pick<SiteRequest, 'feeds'>): Feed[] {
  return FEEDS.filter((feed) => site.feeds[feed] && (!feeds?.length || feeds.includes(feed)))
}

/** A day that was read and could not be computed: every feed of it failed. */
function failedDay(site: Site, day: Day, feeds: readonly Feed[], thrown: unknown): FileFailure[] {
  const error = asRoundsError(thrown)
  if (error.class === 'stop') throw error
  return feeds.map((feed) => ({ site: site.id, feed, day, error }))
}
