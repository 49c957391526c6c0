import type { Day, Feed, Settings, Site } from '../site.ts'
import { addDays, DAY_MS, daysFromTo, HOUR_MS, MINUTE_MS, type Zone } from '../time.ts'
import { lastRead, leastRead, type Observed } from './observed.ts'

/** What decides which days of a site a round reads. */
export interface DueFacts {
  site: Site
  zone: Zone
  nowMs: number
  keepDays: number
  settleAfterDays: number
  /** What was read when, of the last `keepDays` days. */
  observed: ReadonlyMap<Day, Observed>
}

/** A day is settled from this time of the next day on (DESIGN section 3, rule 6). */
export const SETTLE_MS = 2 * HOUR_MS

/**
 * While rounds go on, a past day is read again so often when it is the only one, and the less often
 * the more there are: what quiet past days cost does not depend on their number.
 */
const PAST_PAUSE_MS = HOUR_MS

/**
 * The days of a site that are not settled, oldest first: today; the days within `settleAfterDays`;
 * and every day since the first one that rounds have read and that was not read once more after it
 * could not change any more. So whatever was missed while nothing ran is caught up.
 */
export function unsettledDays(facts: DueFacts): Day[] {
  const { zone, nowMs, keepDays, settleAfterDays, observed } = facts
  const today = zone.dayOf(nowMs)
  const earliest = addDays(today, -keepDays)
  const followed = [...observed.keys()]
    .filter((day) => day >= earliest && observed.get(day)!.via === 'round')
    .sort()
  const first = followed[0] ?? today
  const always = addDays(today, -settleAfterDays)
  return daysFromTo(first < always ? first : always, today).filter(
    (day) => day >= always || (isFollowed(day, observed) && !isSettled(day, facts)),
  )
}

/** A day that only a backfill has read is not followed; one that nobody has read was missed. */
function isFollowed(day: Day, observed: ReadonlyMap<Day, Observed>): boolean {
  const { via, feeds } = observed.get(day) ?? { via: 'round', feeds: {} }
  return via === 'round' || Object.keys(feeds).length === 0
}

function isSettled(day: Day, facts: DueFacts): boolean {
  const readMs = leastReadOf(day, facts)
  const finalMs = facts.zone.endOf(day) + facts.settleAfterDays * DAY_MS
  return readMs !== undefined && readMs >= finalMs
}

function leastReadOf(day: Day, { site, observed }: DueFacts): number | undefined {
  return leastRead(observed.get(day), Object.keys(site.feeds) as Feed[])
}

/**
 * The days that a round of the schedule reads: today and yesterday's until it is settled every
 * time, the other unsettled ones (two of them, once all is caught up on) every so many hours as
 * there are of them.
 */
export function dueDays(facts: DueFacts): Day[] {
  return dueAmong(unsettledDays(facts), facts)
}

/** The same when the unsettled days are known; `observed` need hold no other days then. */
export function dueAmong(unsettled: readonly Day[], facts: DueFacts): Day[] {
  const reads = new Map(unsettled.map((day) => [day, leastReadOf(day, facts)]))
  const isOpen = (day: Day) => (reads.get(day) ?? 0) < facts.zone.endOf(day) + SETTLE_MS
  const past = unsettled.filter((day) => !isOpen(day))
  const pauseMs = past.length * PAST_PAUSE_MS
  return unsettled.filter((day) => isOpen(day) || facts.nowMs - reads.get(day)! >= pauseMs)
}

/**
 * The feeds of a day whose files a round of the schedule reads, of those given: alarms always, the
 * others when they were last read `samplesEveryMinutes` ago, or as good as: half a pause between
 * rounds counts as none, because rounds come by the clock and readings a little later.
 */
export function dueFeeds(
  feeds: readonly Feed[],
  observed: Observed | undefined,
  nowMs: number,
  { everyMinutes, samplesEveryMinutes = 0 }: Settings['schedule'],
): Feed[] {
  const pauseMs = (samplesEveryMinutes - everyMinutes / 2) * MINUTE_MS
  return feeds.filter((feed) => {
    const readMs = lastRead(observed, feed)
    return feed === 'alarm' || readMs === undefined || nowMs - readMs >= pauseMs
  })
}
