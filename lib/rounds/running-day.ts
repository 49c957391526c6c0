import type { DescribedAlarm } from '../alarms/alarm.ts'
import { type Book, bookOf, bringUpBook } from '../alarms/book.ts'
import { type Dictionary, described, worstFirst } from '../alarms/dictionary.ts'
import { isExpired, observedSpans } from '../alarms/expiry.ts'
import { openAlarm } from '../alarms/occurrence.ts'
import { notStopped, type RoundsError } from '../errors.ts'
import { bringUpDay, newestOf, placedSite } from '../ledger/days.ts'
import { ledgersOf } from '../ledger/ledger.ts'
import { observedDays } from '../ledger/observed.ts'
import type { Day, Settings, Site } from '../site.ts'
import type { Objects } from '../store/objects.ts'
import type { Table } from '../store/table.ts'
import { addDays, type Clock, DAY_MS } from '../time.ts'

/** What computing the running day of a site works with. */
export interface RunningPorts {
  settings: Settings
  table: Table
  archive: Objects
  dictionary: Dictionary
  clock: Clock
  /** See `Rounds` of the pipeline. */
  foldLater?: boolean
}

/** Fewer records of alarms than these are folded again rather than the book written. */
const WORTH_RECORDS = 16

/** The book of a site at `atMs`, with what rounds of the running day have left for later. */
export async function bookNow(ports: RunningPorts, site: Site, atMs: number): Promise<Book> {
  const placed = placedSite(site)
  const store = ledgersOf(ports)
  const today = placed.zone.dayOf(atMs)
  const from = addDays(today, -ports.settings.retention.keepDays)
  const newest = new Map<Day, number>()
  if (ports.foldLater && site.feeds.alarm) newest.set(today, Number.POSITIVE_INFINITY)
  return bringUpBook(store, placed, newest, from, WORTH_RECORDS)
}

/** The same, or the book as it stands when its ledger cannot be read on, with the reason. */
export async function bookAsFarAsRead(
  ports: RunningPorts,
  site: Site,
  atMs: number,
): Promise<{ book: Book; failure?: RoundsError }> {
  try {
    return { book: await bookNow(ports, site, atMs) }
  } catch (thrown) {
    const failure = notStopped(thrown)
    return { book: await bookOf(ports.table, site.id), failure }
  }
}

/** The alarms of a book that stand at `atMs`: worst first, in the site's words. */
export async function standingIn(
  { table, settings, dictionary, clock }: RunningPorts,
  site: Site,
  book: Book,
  atMs: number,
): Promise<DescribedAlarm[]> {
  const { zone } = placedSite(site)
  const { expireAfterDays } = settings.thresholds
  // Observed time is no longer than time: what changed lately has not expired, whatever was read.
  const old = book.open.filter(({ changedMs }) => atMs - changedMs >= expireAfterDays * DAY_MS)
  const from = zone.dayOf(Math.min(...old.map(({ changedMs }) => changedMs), atMs))
  const observed =
    old.length > 0 ? await observedDays(table, site.id, clock.now(), { from }) : new Map()
  const spans = observedSpans(observed, zone)
  return book.open
    .filter((one) => !isExpired(one.changedMs, atMs, spans, expireAfterDays))
    .map((one) => described(openAlarm(site.id, one), dictionary, site.language))
    .sort(worstFirst)
}

/** Computes the tallies that rounds of the running day have left for later. */
async function computeRunning(ports: RunningPorts, site: Site): Promise<void> {
  if (!ports.foldLater) return
  const placed = placedSite(site)
  const store = ledgersOf(ports)
  const today = placed.zone.dayOf(ports.clock.now())
  await bringUpDay(store, placed, today, await newestOf(store, placed, today))
}

/**
 * Computes all that rounds of the running day have left for later: the book as it is now, and why
 * not everything could be computed. One ledger that cannot be read is no reason to leave out the
 * rest, and what stands of the others.
 */
export async function computedNow(
  ports: RunningPorts,
  site: Site,
): Promise<{ book?: Book; failure?: RoundsError }> {
  if (!ports.foldLater) return {}
  let failure: RoundsError | undefined
  const failed = (thrown: unknown) => {
    failure ??= notStopped(thrown)
    return undefined
  }
  await computeRunning(ports, site).catch(failed)
  const book = await bookNow(ports, site, ports.clock.now()).catch(failed)
  return { ...(book && { book }), ...(failure && { failure }) }
}
