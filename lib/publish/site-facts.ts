import { createHash } from 'node:crypto'
import { type Book, bookOf } from '../alarms/book.ts'
import { isExpired, observedSpans, type Span } from '../alarms/expiry.ts'
import type { Occurrence } from '../alarms/occurrence.ts'
import { type Coverage, coverageOf } from '../ledger/coverage.ts'
import { type PlacedSite, type SiteDay, siteDays } from '../ledger/days.ts'
import { type Observed, observedDays } from '../ledger/observed.ts'
import { provisionalService } from '../ledger/provisional.ts'
import { type Settling, settlingOf } from '../ledger/settling.ts'
import type { ServiceReading } from '../parse/feeds.ts'
import { type Day, FEEDS, type Feed } from '../site.ts'
import { addDays } from '../time.ts'
import type { PublishPorts } from './published.ts'

/** Everything small that is known of a site: what decides which of its pages have changed. */
export interface SiteFacts {
  placed: PlacedSite
  days: Map<Day, SiteDay>
  observed: Map<Day, Observed>
  spans: Span[]
  book: Book
  /** The service counts of every day, by the day that they are about. */
  counts: Map<Day, ServiceReading>
  /** Days whose counts come from a line that is not finished. */
  provisional: Set<Day>
  today: Day
  /** The first day of which each feed was read or is held. */
  firstDays: Map<Feed, Day>
}

/** Days of service counts that a page looks back on: eight weeks and a day. */
const LOOK_BACK_DAYS = 58

/** Reads what is known of a site about `from` to `to` and what those days' pages look back on. */
export async function siteFacts(
  { table, settings, book }: Pick<PublishPorts, 'table' | 'settings' | 'book'>,
  placed: PlacedSite,
  range: { from: Day; to: Day },
  nowMs: number,
): Promise<SiteFacts> {
  const { site, zone } = placed
  const back = Math.max(LOOK_BACK_DAYS, settings.retention.keepDays)
  const wide = { from: addDays(range.from, -back), to: addDays(range.to, 1) }
  const days = await siteDays(table, site.id, wide)
  const observed = await observedDays(table, site.id, nowMs, wide)
  const counts = new Map<Day, ServiceReading>()
  const provisional = new Set<Day>()
  for (const day of new Set([...days.keys(), ...observed.keys()])) {
    const about = countedDay(placed, day)
    const tally = days.get(day)?.feeds.service
    const tail = provisionalService(placed, observed.get(day), tally)
    const counted = tail ?? tally?.service
    if (counted) counts.set(about, counted)
    if (tail) provisional.add(about)
  }
  return {
    placed,
    days,
    observed,
    spans: observedSpans(observed, zone),
    book: book ?? (await bookOf(table, site.id)),
    counts,
    provisional,
    today: zone.dayOf(nowMs),
    firstDays: firstDaysOf(days, observed),
  }
}

/** The day that the counts in a day's service file are about. */
function countedDay({ site }: PlacedSite, day: Day): Day {
  return site.serviceCountsOf === 'dayBefore' ? addDays(day, -1) : day
}

function firstDaysOf(days: ReadonlyMap<Day, SiteDay>, observed: ReadonlyMap<Day, Observed>) {
  const first = new Map<Feed, Day>()
  for (const [day, { feeds }] of [...days, ...observed]) {
    for (const feed of Object.keys(feeds) as Feed[]) {
      if (day < (first.get(feed) ?? '9')) first.set(feed, day)
    }
  }
  return first
}

/** The feeds that a site has, in their order. */
export function feedsOf({ placed }: SiteFacts): Feed[] {
  return FEEDS.filter((feed) => placed.site.feeds[feed])
}

/**
 * The feeds of a day that were to arrive: all that the site has, but not those that were first read
 * on a later day. So a past of which only service files were read shows no missing system files.
 */
export function expectedFeeds(facts: SiteFacts, day: Day): Feed[] {
  return feedsOf(facts).filter((feed) => {
    const first = facts.firstDays.get(feed)
    return first === undefined || first <= day
  })
}

/** The coverage of one feed of a day. */
export function coverage(facts: SiteFacts, feed: Feed, day: Day, gapMinutes: number): Coverage {
  const { placed, days, observed } = facts
  return coverageOf({
    feed,
    tally: days.get(day)?.feeds[feed],
    intervals: observed.get(day)?.feeds[feed] ?? [],
    dayStartMs: placed.zone.startOf(day),
    dayEndMs: placed.zone.endOf(day),
    gapMinutes,
    provisional: feed === 'service' && isProvisional(facts, day),
  })
}

/** True when the counts in this day's service file stand in a line that is not finished. */
export function isProvisional({ placed, provisional }: SiteFacts, day: Day): boolean {
  return provisional.has(countedDay(placed, day))
}

/** How far one feed of a day is on its way to being settled. */
export function settling({ placed, days, observed }: SiteFacts, feed: Feed, day: Day): Settling {
  const tally = days.get(day)?.feeds[feed]
  return settlingOf(placed.zone, day, feed, tally, observed.get(day))
}

/** The occurrences of the book that stand now: neither recovered nor expired. */
export function standingNow(facts: SiteFacts, nowMs: number, expireAfterDays: number) {
  return facts.book.open.filter(
    (one) => !isExpired(one.changedMs, nowMs, facts.spans, expireAfterDays),
  )
}

/** What of a feed's settling the page shows: of a file that is absent no time, which may change. */
function shownSettling(facts: SiteFacts, feed: Feed, day: Day) {
  const known = settling(facts, feed, day)
  return known.state === 'reopened' ? [known.state, known.settledMs] : known.state
}

/**
 * A fingerprint of all that a day's page is made from, cheap to make: while it stays the same the
 * page need not be built. `form` stands for the code and the settings, `standing` is what stands
 * now: alarms expire by time alone, without a new line.
 */
export function dayFingerprint(
  facts: SiteFacts,
  day: Day,
  form: string,
  links: unknown,
  gapMinutes: number,
  standing: readonly Occurrence[],
): string {
  const { days, counts, spans, today, placed } = facts
  const running = day >= today
  const endMs = placed.zone.endOf(day)
  const { name, timeZone, feeds, serviceCountsOf } = placed.site
  // Not what lies further back: it moves from day to day, and nothing of it stands any more.
  const backDay = addDays(day, -LOOK_BACK_DAYS)
  const backMs = placed.zone.startOf(backDay)
  const alarmDays = [...days]
    .filter(([other]) => other >= backDay && other <= day)
    .map(([other, { feeds }]) => [other, feeds.alarm?.sequence ?? 0])
  // Of the next day's file only the lines that came late: it grows all day long.
  const next = days.get(addDays(day, 1))?.feeds.alarm
  const late = (placed.site.onRewrite === 'merge' ? next?.early : undefined) ?? next?.sequence
  const lookedBack = Array.from({ length: LOOK_BACK_DAYS }, (_, back) =>
    counts.get(addDays(day, -back)),
  )
  return createHash('sha256')
    .update(
      JSON.stringify([
        form,
        [name, timeZone, feeds, serviceCountsOf],
        links,
        running,
        Object.keys(facts.observed.get(day)?.feeds ?? {}),
        days.get(day)?.feeds ?? null,
        expectedFeeds(facts, day).map((feed) => [
          feed,
          coverage(facts, feed, day, gapMinutes),
          shownSettling(facts, feed, day),
        ]),
        lookedBack,
        facts.provisional.has(day),
        running ? standing : [alarmDays, late ?? 0],
        running
          ? null
          : spans
              .filter(({ fromMs, toMs }) => fromMs < endMs && toMs > backMs)
              .map(({ fromMs, toMs }) => [Math.max(fromMs, backMs), toMs]),
      ]),
    )
    .digest('hex')
}
