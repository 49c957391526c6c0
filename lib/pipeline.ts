import { createHash } from 'node:crypto'
import pLimit from 'p-limit'
import { bringUpBook } from './alarms/book.ts'
import { type Dictionary, described, worstFirst } from './alarms/dictionary.ts'
import { isExpired, observedSpans } from './alarms/expiry.ts'
import { openAlarm } from './alarms/occurrence.ts'
import { asRoundsError, RoundsError } from './errors.ts'
import type { Source } from './fetch/source.ts'
import { collectDay, type FileAdded, type FileFailure } from './ledger/collect-day.ts'
import type { LineCounts } from './ledger/coverage.ts'
import type { PlacedSite } from './ledger/days.ts'
import { dueDays, unsettledDays } from './ledger/due.ts'
import { nothingFound } from './ledger/nothing-found.ts'
import { observe, observedDays, type Reading } from './ledger/observed.ts'
import type { Via } from './ledger/record.ts'
import type { Log } from './log.ts'
import type { Mailer } from './mail/mailer.ts'
import { mailIsDown, notifySite, type SentMail } from './notify/send.ts'
import { publishFleet } from './publish/fleet.ts'
import { PAGE_FORM, type PublishPorts, type Report } from './publish/published.ts'
import { publishSite } from './publish/site.ts'
import type { Chance } from './random.ts'
import { STYLE } from './report/style.ts'
import { type Day, FEEDS, type Feed, type Settings, type Site } from './site.ts'
import type { Objects } from './store/objects.ts'
import type { Table } from './store/table.ts'
import { addDays, type Clock, Zone } from './time.ts'

/*
 * START HERE. The way of the data, whole:
 *
 *   collect   source -> whole lines -> ledger -> tallies of the day, book of alarms -> observed
 *   notify    open alarms, notices -> who is due, and why -> claim -> send -> mark sent
 *   report    ledger -> figures of the day -> pages -> publish
 *
 * Each looks at the state to see what is due, so a lost or doubled round costs time, never data.
 * Settling a day comes with the archive.
 */

/** All that the pipeline works with: a back end gives it (lib/backends). */
export interface Rounds {
  settings: Settings
  table: Table
  /** The report site. */
  pages: Objects
  mailer: Mailer
  openSource(site: Site): Source
  dictionary: Dictionary
  clock: Clock
  chance: Chance
  log: Log
}

/** Which sites, days and feeds to collect; what is absent means all, or what is due. */
export interface CollectRequest {
  sites?: readonly string[]
  feeds?: readonly Feed[]
  range?: { from: Day; to: Day }
  via: Via
  /** Leave out past days that were read a short while ago, as a schedule does. */
  paced?: boolean
  /** Called after each site. */
  onSite?(done: number, of: number): void
}

/** What a collect run added, file by file, and what it could not read. */
export interface Collected {
  files: FileAdded[]
  totals: LineCounts & { bytes: number }
  failures: FileFailure[]
}

/** Reads what is new, several sites at once, and brings all that is computed up to it. */
export async function collect(rounds: Rounds, request: CollectRequest): Promise<Collected> {
  const sites = chosenSites(rounds.settings, request.sites)
  const limit = pLimit(rounds.settings.schedule.sitesAtOnce)
  let done = 0
  const all = await Promise.all(
    sites.map((site) =>
      limit(async () => {
        const collected = await collectSite(rounds, site, request)
        done += 1
        request.onSite?.(done, sites.length)
        return collected
      }),
    ),
  )
  const files = all.flatMap((one) => one.files)
  const totals = { lines: 0, readings: 0, rejects: 0, unknown: 0, blank: 0, bytes: 0 }
  for (const file of files) {
    for (const count of ['lines', 'readings', 'rejects', 'unknown', 'blank'] as const) {
      totals[count] += file[count]
    }
    totals.bytes += file.end - file.start
  }
  return { files, totals, failures: all.flatMap((one) => one.failures) }
}

/** The sites named, or all; an unknown name is an error of class `stop`. */
export function chosenSites(settings: Settings, ids?: readonly string[]): Site[] {
  if (!ids || ids.length === 0) return settings.sites
  return [...new Set(ids)].map((id) => {
    const site = settings.sites.find((one) => one.id === id)
    if (site) return site
    const known = settings.sites.slice(0, 10).map((one) => one.id)
    throw new RoundsError(
      'unknown-site',
      'stop',
      `There is no site “${id}”.`,
      `The configuration has ${known.join(', ')}${settings.sites.length > 10 ? ' and more' : ''}.`,
    )
  })
}

/** One site, day by day, oldest first; its failures keep no other site. */
async function collectSite(rounds: Rounds, site: Site, request: CollectRequest) {
  const { table, settings, clock, log } = rounds
  const placed = { site, zone: new Zone(site.timeZone) }
  const files: FileAdded[] = []
  const failures: FileFailure[] = []
  const feeds = FEEDS.filter(
    (feed) => site.feeds[feed] && (!request.feeds?.length || request.feeds.includes(feed)),
  )
  const readings = new Map<Day, Reading[]>()
  const newestAlarms = new Map<Day, number>()
  const days = await daysToRead(rounds, placed, request)
  const source = rounds.openSource(site)
  try {
    for (const day of days) {
      const collected = await collectDay({ table, source, clock }, placed, day, feeds, request.via)
      files.push(...collected.added)
      failures.push(...collected.failures)
      readings.set(day, collected.readings)
      const newest = collected.newest.get('alarm')
      if (newest !== undefined) newestAlarms.set(day, newest)
      if (collected.down) break
    }
  } finally {
    await source.close()
  }
  const keepFrom = addDays(placed.zone.dayOf(clock.now()), -settings.retention.keepDays)
  await bringUpBook(table, placed, newestAlarms, keepFrom)
  const notFound = failures.length > 0 ? [] : await nothingFound(table, site, readings)
  failures.push(...notFound)
  // Last: a day that was not computed is not observed either, so it is due again.
  for (const [day, all] of notFound.length > 0 ? [] : readings) {
    await observe(table, site.id, day, placed.zone.endOf(day), request.via, all)
  }
  for (const { feed, day, error } of failures) {
    const { code, message } = error
    log('warn', 'file:failed', { site: site.id, feed, day, code, message })
  }
  return { files, failures }
}

async function daysToRead(
  { table, settings, clock }: Rounds,
  { site, zone }: PlacedSite,
  { range, paced }: CollectRequest,
): Promise<Day[]> {
  if (range) {
    const days: Day[] = []
    for (let day = range.from; day <= range.to; day = addDays(day, 1)) days.push(day)
    return days
  }
  const { keepDays, settleAfterDays } = settings.retention
  const nowMs = clock.now()
  const from = addDays(zone.dayOf(nowMs), -keepDays)
  const observed = await observedDays(table, site.id, { from })
  const facts = { site, zone, nowMs, keepDays, settleAfterDays, observed }
  return paced ? dueDays(facts) : unsettledDays(facts)
}

/** What a notify run did. */
export interface Notified {
  sent: SentMail[]
  /** Alarms that stand and that somebody has not been mailed about yet. */
  waiting: number
  failures: { site: string; error: RoundsError }[]
}

/** Mails, site by site, what stands and was not mailed yet. A mail server that is down ends it. */
export async function notify(rounds: Rounds, only?: readonly string[]): Promise<Notified> {
  const notified: Notified = { sent: [], waiting: 0, failures: [] }
  const at = rounds.clock.now()
  let down = false
  for (const site of chosenSites(rounds.settings, only)) {
    if (site.recipients.length === 0 || !site.feeds.alarm) continue
    const open = await openAlarms(rounds, site, at)
    if (down) {
      notified.waiting += open.filter((alarm) => !alarm.backfilled).length
      continue
    }
    const result = await notifySite(rounds, rounds.settings, { site, open, at })
    notified.sent.push(...result.sent)
    notified.waiting += result.waiting
    for (const error of result.failures) {
      notified.failures.push({ site: site.id, error })
      rounds.log('warn', 'mail:failed', { site: site.id, code: error.code, message: error.message })
    }
    down = result.failures.some(mailIsDown)
  }
  return notified
}

/** The alarms of a site that stand at `atMs`, from the book: worst first, in the site's words. */
export async function openAlarms(rounds: Rounds, site: Site, atMs: number) {
  const { table, settings, dictionary } = rounds
  const placed = { site, zone: new Zone(site.timeZone) }
  const from = addDays(placed.zone.dayOf(atMs), -settings.retention.keepDays)
  const book = await bringUpBook(table, placed, new Map(), from)
  const spans = observedSpans(await observedDays(table, site.id, { from }), placed.zone)
  return book.open
    .filter((one) => !isExpired(one.changedMs, atMs, spans, settings.thresholds.expireAfterDays))
    .map((one) => described(openAlarm(site.id, one), dictionary, site.language))
    .sort(worstFirst)
}

/** Which pages a report looks at. */
export interface ReportRequest {
  sites?: readonly string[]
  range?: { from: Day; to: Day }
  /** Build and write every page, changed or not. */
  force?: boolean
  onSite?(done: number, of: number): void
}

/** A report run: what was published, and the sites whose pages could not be made. */
export interface Reported extends Report {
  failures: { site: string; error: RoundsError }[]
}

/** Publishes the pages that have changed: every site's days and calendar, then the page of all. */
export async function report(rounds: Rounds, request: ReportRequest = {}): Promise<Reported> {
  const reported: Reported = { published: [], unchanged: 0, failures: [] }
  const { settings, clock, log } = rounds
  const ports: PublishPorts = { ...rounds, form: formOf(rounds) }
  const force = request.force ?? false
  const sites = chosenSites(settings, request.sites)
  for (const [index, site] of sites.entries()) {
    const placed = { site, zone: new Zone(site.timeZone) }
    const today = placed.zone.dayOf(clock.now())
    const range = request.range ?? {
      from: addDays(today, -settings.retention.keepDays),
      to: today,
    }
    try {
      await publishSite(ports, placed, range, clock.now(), force, reported)
    } catch (thrown) {
      const error = asRoundsError(thrown)
      if (error.class === 'stop') throw error
      reported.failures.push({ site: site.id, error })
      log('error', 'report:failed', { site: site.id, code: error.code, message: error.message })
    }
    request.onSite?.(index + 1, sites.length)
  }
  await publishFleet(ports, force, reported)
  return reported
}

/** Pages depend on the code that makes them and on the settings that all of them show. */
function formOf({ settings, dictionary }: Rounds): string {
  const { thresholds, report: shown } = settings
  const parts = [PAGE_FORM, STYLE, thresholds, shown.title, shown.languages, [...dictionary]]
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex')
}
