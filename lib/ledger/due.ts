import type { Day, Feed, Site } from '../site.ts'
import { addDays, DAY_MS, daysFromTo, HOUR_MS, type Zone } from '../time.ts'
import { leastRead, type Observed } from './observed.ts'

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

/** While rounds go on, a past day that was read after its settling time is read once in an hour. */
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
 * time, other unsettled days once in an hour.
 */
export function dueDays(facts: DueFacts): Day[] {
  return unsettledDays(facts).filter((day) => {
    const readMs = leastReadOf(day, facts)
    if (readMs === undefined || readMs < facts.zone.endOf(day) + SETTLE_MS) return true
    return facts.nowMs - readMs >= PAST_PAUSE_MS
  })
}
