import { createHash } from 'node:crypto'
import type { DescribedAlarm } from './alarms/alarm.ts'
import { bringUpBook } from './alarms/book.ts'
import type { Dictionary } from './alarms/dictionary.ts'
import { type TimeLimit, whileTime } from './at-once.ts'
import { chosenSites } from './chosen-sites.ts'
import { notStopped, type RoundsError } from './errors.ts'
import type { Source } from './fetch/source.ts'
import type { FileAdded, FileFailure } from './ledger/collect-day.ts'
import { LINE_COUNTS, type LineCounts } from './ledger/coverage.ts'
import { placedSite } from './ledger/days.ts'
import { exportDays } from './ledger/export-days.ts'
import { ledgersOf } from './ledger/ledger.ts'
import { observe, type Reading } from './ledger/observed.ts'
import { putOffExpiry, withoutClosed } from './ledger/put-off.ts'
import type { DayFile } from './ledger/record.ts'
import { settlesAsked, settlesDue } from './ledger/settle-due.ts'
import { type Closed, type SiteSettled, settleSiteDays } from './ledger/settle-site.ts'
import { sweepArchived } from './ledger/sweep.ts'
import type { Log } from './log.ts'
import type { Mailer } from './mail/mailer.ts'
import { mailIsDown, notifySite, type SentMail } from './notify/send.ts'
import { unmailed } from './notify/unmailed.ts'
import { publishFleet } from './publish/fleet.ts'
import { OVERVIEW_PATH } from './publish/paths.ts'
import { PAGE_FORM, type PublishPorts, type Report } from './publish/published.ts'
import { publishSite } from './publish/site.ts'
import type { Chance } from './random.ts'
import { STYLE } from './report/style.ts'
import { collectSite, type SiteRequest } from './rounds/collect-site.ts'
import { forgetGlance, noteMail } from './rounds/glance.ts'
import { bookAsFarAsRead, bookNow, computedNow, standingIn } from './rounds/running-day.ts'
import type { Day, Feed, Settings, Site } from './site.ts'
import { FLEET_PAGES } from './store/keys.ts'
import type { Objects } from './store/objects.ts'
import type { Table } from './store/table.ts'
import { addDays, type Clock, MINUTE_MS, zoneNamed } from './time.ts'

/*
 * START HERE. The way of the data, whole:
 *
 *   collect   source -> whole lines -> ledger -> tallies of the day, book of alarms -> observed
 *   notify    open alarms, notices -> who is due, and why -> claim -> send -> mark sent
 *   settle    source, whole -> compare -> archive -> close record -> Parquet
 *   report    ledger -> figures of the day -> pages -> publish
 *
 * Each looks at the state to see what is due, so a lost or doubled round costs time, never data.
 */

/** All that the pipeline works with: a back end gives it (lib/backends). */
export interface Rounds {
  settings: Settings
  table: Table
  /** Where settled days lie for good. */
  archive: Objects
  /** The report site. */
  pages: Objects
  mailer: Mailer
  openSource(site: Site): Source
  dictionary: Dictionary
  clock: Clock
  chance: Chance
  log: Log
  /**
   * Where each write is paid for, rounds leave what is computed of the running day (tallies, book
   * of alarms) to those who need it: notifying and reports. Any of it may be out of date anyway,
   * after a round that was killed; so what comes of it is the same.
   */
  foldLater?: boolean
}

/** Which sites, days and feeds to collect; what is absent means all, or what is due. */
export interface CollectRequest extends SiteRequest, TimeLimit {
  sites?: readonly string[]
  /** Called after each site. */
  onSite?(done: number, of: number): void
}

/** What a collect run added, file by file, and what it could not read. */
export interface Collected {
  files: FileAdded[]
  totals: LineCounts & { bytes: number }
  failures: FileFailure[]
  /** The sites about which a mail may be due; of the others it is known that none is. */
  mail: string[]
  /** Sites that were not begun, for want of time. */
  left: string[]
}

/** Reads what is new, several sites at once, and brings all that is computed up to it. */
export async function collect(rounds: Rounds, request: CollectRequest): Promise<Collected> {
  const sites = chosenSites(rounds.settings, request.sites)
  let done = 0
  const { sitesAtOnce } = rounds.settings.schedule
  const { results: all, left } = await whileTime(sitesAtOnce, sites, request, async (site) => {
    const collected = await collectSite(rounds, site, request)
    done += 1
    request.onSite?.(done, sites.length)
    return { site: site.id, ...collected }
  })
  const files = all.flatMap((one) => one.files)
  const totals = { lines: 0, readings: 0, rejects: 0, unknown: 0, blank: 0, bytes: 0 }
  for (const file of files) {
    for (const count of LINE_COUNTS) {
      totals[count] += file[count] ?? 0
    }
    totals.bytes += file.end - file.start
  }
  const failures = all.flatMap((one) => one.failures)
  const mail = all.filter((one) => one.mail).map(({ site }) => site)
  return { files, totals, failures, mail, left: left.map(({ id }) => id) }
}

/** What a notify run did. */
export interface Notified {
  sent: SentMail[]
  /** Alarms that stand and that somebody has not been mailed about yet. */
  waiting: number
  /** Those of them that have stood long enough: somebody should have been mailed and was not. */
  overdue: number
  failures: { site: string; error: RoundsError }[]
  /** Sites of which somebody was not looked at, for want of time. */
  left: string[]
}

/** Which sites to mail about; what is absent means all. */
export interface NotifyRequest extends TimeLimit {
  sites?: readonly string[]
  /** A collect just before: it knows of most sites that no mail about them can be due. */
  behind?: Pick<Collected, 'mail'>
  /** When it is decided what is due, in epoch milliseconds; leases go by the clock all the same. */
  at?: number
}

/**
 * A site with alarms that are newer gets more of them with the next round, most likely: then what
 * notifying came to would be noted in vain.
 */
const BUSY_MS = 5 * MINUTE_MS

/** Mails, site by site, what stands and was not mailed yet. A mail server that is down ends it. */
export async function notify(rounds: Rounds, request: NotifyRequest = {}): Promise<Notified> {
  const notified: Notified = { sent: [], waiting: 0, overdue: 0, failures: [], left: [] }
  const mayNeed = request.behind && new Set(request.behind.mail)
  const sites = chosenSites(rounds.settings, request.sites).filter(
    ({ id, recipients, feeds }) =>
      recipients.length > 0 && feeds.alarm && (mayNeed?.has(id) ?? true),
  )
  const { at = rounds.clock.now(), hasTime = () => true } = request
  const { standsForMinutes } = rounds.settings.thresholds
  let down = false
  const tellFailed = ({ id }: Site, error: RoundsError) => {
    notified.failures.push({ site: id, error })
    rounds.log('warn', 'mail:failed', { site: id, code: error.code, message: error.message })
  }
  for (const site of sites) {
    if (!hasTime()) {
      notified.left.push(site.id)
      continue
    }
    let known: Awaited<ReturnType<typeof bookAsFarAsRead>>
    let open: DescribedAlarm[]
    const readMs = Math.max(at, rounds.clock.now())
    try {
      known = await bookAsFarAsRead(rounds, site, at)
      open = await standingIn(rounds, site, known.book, at)
    } catch (thrown) {
      const error = notStopped(thrown)
      tellFailed(site, error)
      continue
    }
    if (down) {
      const judging = { at, nowMs: rounds.clock.now(), standsForMinutes }
      const { waiting, overdue } = await unmailed(rounds.table, site, open, judging)
      notified.waiting += waiting
      notified.overdue += overdue
      continue
    }
    const result = await notifySite(rounds, rounds.settings, { site, open, at, hasTime })
    notified.sent.push(...result.sent)
    notified.waiting += result.waiting
    notified.overdue += result.overdue
    if (result.left) notified.left.push(site.id)
    for (const error of result.failures) tellFailed(site, error)
    const { book, failure } = known
    if (failure) tellFailed(site, failure)
    else if (result.nextMs !== undefined && at - book.newestMs >= BUSY_MS) {
      await noteMail(rounds, placedSite(site), book, { readMs, nextMs: result.nextMs })
    }
    down = result.failures.some(mailIsDown)
  }
  return notified
}

/** The alarms of a site that stand at `atMs`, from the book: worst first, in the site's words. */
export async function openAlarms(rounds: Rounds, site: Site, atMs: number) {
  return standingIn(rounds, site, await bookNow(rounds, site, atMs), atMs)
}

/** What failed for these feeds of a day; all of the site's unless they are given. */
function failedDay(
  site: Site,
  day: Day,
  thrown: unknown,
  feeds = Object.keys(site.feeds) as Feed[],
): FileFailure[] {
  const error = notStopped(thrown)
  return feeds.map((feed) => ({ site: site.id, feed, day, error }))
}

/** Which sites and days to settle; what is absent means all, and what is due. */
export interface SettleRequest extends TimeLimit {
  sites?: readonly string[]
  range?: { from: Day; to: Day }
  /** Look through the whole past only once in a day, as a schedule does. */
  paced?: boolean
  /**
   * The whole fleet, when the settings hold only some of its sites: then they hold all sites of the
   * parts of the archive in which the settled ones lie (ledger/parquet-parts.ts).
   */
  fleet?: { size: number; sitesOf(part: string): Promise<readonly Site[]> }
  onSite?(done: number, of: number): void
}

/** A settle run: the day files that are closed, those that should be long since, and failures. */
export interface Settled {
  closed: Closed[]
  /** Not archived a week before their records leave the table: their expiry was put off. */
  late: DayFile[]
  failures: FileFailure[]
  /** Sites that were not begun, for want of time. */
  left: string[]
}

const NOTHING_SETTLED = { closed: [], late: [], failures: [], readings: new Map<Day, Reading[]>() }

/** Settles the days that are due: reads them once more, whole; archives them; closes them. */
export async function settle(rounds: Rounds, request: SettleRequest = {}): Promise<Settled> {
  const { table, settings, log } = rounds
  const sites = chosenSites(settings, request.sites)
  let done = 0
  const settleOne = async (site: Site) => {
    const settled = await settleSite(rounds, site, request).catch((thrown: unknown) => {
      const day = request.range?.to ?? zoneNamed(site.timeZone).dayOf(rounds.clock.now())
      return { ...NOTHING_SETTLED, failures: failedDay(site, day, thrown) }
    })
    done += 1
    request.onSite?.(done, sites.length)
    return { placed: placedSite(site), ...settled }
  }
  const { sitesAtOnce } = settings.schedule
  const { results: all, left } = await whileTime(sitesAtOnce, sites, request, settleOne)
  const closed = all.flatMap((one) => one.closed)
  const late = all.flatMap((one) => one.late)
  const failures = all.flatMap((one) => one.failures)
  const placed = (sites: readonly Site[]) => sites.map((site) => placedSite(site))
  const { size, sitesOf } = request.fleet ?? { size: settings.sites.length }
  const share = {
    size,
    ...(sitesOf && { sitesOf: async (part: string) => placed(await sitesOf(part)) }),
  }
  // A schedule comes by again and again; what nobody knows is looked for with the next settled day.
  const isDue = !request.paced || closed.length > 0
  const exports = isDue
    ? await exportDays(ledgersOf(rounds), placed(settings.sites), closed, rounds.clock.now(), share)
    : []
  failures.push(...exports)
  const notExported = new Set(exports.map(({ feed, day }) => `${feed} ${day}`))
  // Last: a day of which anything was not computed is not settled either, so it is due again.
  for (const { placed, readings } of all) {
    const { site, zone } = placed
    for (const [day, own] of readings) {
      const done = own.map((one) => ({ ...one, settled: !notExported.has(`${one.feed} ${day}`) }))
      await observe(table, site.id, day, zone.endOf(day), 'settle', done)
    }
  }
  await sweepArchived(table)
  for (const { site, feed, day } of late) log('warn', 'settle:late', { site, feed, day })
  for (const { site, feed, day, error } of failures) {
    const { code, message } = error
    log('warn', 'settle:failed', { site, feed, day, code, message })
  }
  return { closed, late, failures, left: left.map(({ id }) => id) }
}

async function settleSite(rounds: Rounds, site: Site, { range, paced = false }: SettleRequest) {
  const { table, settings, clock } = rounds
  const { keepDays, settleAfterDays } = settings.retention
  const store = ledgersOf(rounds)
  const placed = placedSite(site)
  const nowMs = clock.now()
  const due = range
    ? await settlesAsked(store, placed, nowMs, range)
    : await settlesDue(store, placed, { nowMs, settleAfterDays }, paced)
  if (paced && due.length === 0) {
    return NOTHING_SETTLED
  }
  await forgetGlance(table, site.id)
  // First: however often settling fails behind this, no record leaves before it is archived.
  const late = await putOffExpiry(store, placed, nowMs)
  const source = rounds.openSource(site)
  let settled: SiteSettled
  try {
    settled = await settleSiteDays({ store, source, clock }, placed, due)
  } finally {
    await source.close()
  }
  const { newestAlarms, ...rest } = settled
  const today = placed.zone.dayOf(nowMs)
  try {
    await bringUpBook(store, placed, newestAlarms, addDays(today, -keepDays))
  } catch (thrown) {
    // Without its alarms no day is done: what was settled is due again, what failed is told.
    const days = due.length > 0 ? due.map(({ day }) => day) : [today]
    for (const day of days) rest.failures.push(...failedDay(site, day, thrown, ['alarm']))
    rest.readings.clear()
  }
  return { ...rest, late: withoutClosed(late, rest.closed) }
}

/** Which pages a report looks at. */
export interface ReportRequest extends TimeLimit {
  sites?: readonly string[]
  range?: { from: Day; to: Day }
  /** Build and write every page, changed or not. */
  force?: boolean
  /** Leave out the page of all sites: see `reportFleet`. */
  sitesOnly?: boolean
  onSite?(done: number, of: number): void
}

/** A report run: what was published, and the sites whose pages could not be made. */
export interface Reported extends Report {
  failures: { site: string; error: RoundsError }[]
  /** Sites that were not begun, for want of time. */
  left: string[]
}

/** Sites reported side by side: while one waits for the disk, another one draws. */
const REPORTS_AT_ONCE = 4

/** Publishes the pages that have changed: every site's days and calendar, then the page of all. */
export async function report(rounds: Rounds, request: ReportRequest = {}): Promise<Reported> {
  const reported: Reported = { published: [], unchanged: 0, failures: [], left: [] }
  const { settings, clock, log } = rounds
  const ports: PublishPorts = { ...rounds, form: formOf(rounds) }
  const force = request.force || (!request.sitesOnly && (await isRemoved(rounds)))
  const sites = chosenSites(settings, request.sites)
  let done = 0
  const reportSite = async (site: Site) => {
    const placed = placedSite(site)
    const today = placed.zone.dayOf(clock.now())
    const range = request.range ?? {
      from: addDays(today, -settings.retention.keepDays),
      to: today,
    }
    try {
      const { book, failure } = await computedNow(rounds, site)
      const known = book && { book }
      await publishSite({ ...ports, ...known }, placed, range, clock.now(), force, reported)
      if (failure) throw failure
    } catch (thrown) {
      const error = notStopped(thrown)
      reported.failures.push({ site: site.id, error })
      log('error', 'report:failed', { site: site.id, code: error.code, message: error.message })
    }
    done += 1
    request.onSite?.(done, sites.length)
  }
  const { left } = await whileTime(REPORTS_AT_ONCE, sites, request, reportSite)
  reported.left.push(...left.map(({ id }) => id))
  if (!request.sitesOnly) await publishFleet(ports, force, reported)
  return reported
}

/**
 * Publishes the page of all sites alone: behind reports that were made of some sites each. When
 * somebody has removed it, it is written again; pages of sites are with `force` of `report`.
 */
export async function reportFleet(rounds: Rounds): Promise<Reported> {
  const reported: Reported = { published: [], unchanged: 0, failures: [], left: [] }
  const ports = { ...rounds, form: formOf(rounds) }
  await publishFleet(ports, await isRemoved(rounds), reported)
  return reported
}

/**
 * Pages that somebody removed are noted as published: without the first of them, all are written.
 * It is read whole, so this is for whoever makes it, not for each of thousands of messages.
 */
async function isRemoved({ table, pages }: Rounds): Promise<boolean> {
  return (await table.get(FLEET_PAGES)) !== undefined && !(await pages.get(OVERVIEW_PATH))
}

/** Pages depend on the code that makes them and on the settings that all of them show. */
function formOf({ settings, dictionary }: Rounds): string {
  const { thresholds, report: shown } = settings
  const parts = [PAGE_FORM, STYLE, thresholds, shown.title, shown.languages, [...dictionary]]
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex')
}
