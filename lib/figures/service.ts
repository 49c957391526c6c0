import type { ServiceCount, ServiceReading } from '../parse/feeds.ts'
import { SERVICE_COUNTS } from '../parse/feeds.ts'
import type { Day } from '../site.ts'
import { addDays } from '../time.ts'

/** Days of the series beside a count: a month, so that four weeks can be compared by eye. */
export const SERIES_DAYS = 30

/** Weeks back that say what is usual for a weekday: longer would lag behind a growing site. */
const USUAL_WEEKS = 8

/** With fewer values nobody can say what is usual. */
const FEWEST_VALUES = 4

/** Small deviations are no news, however steady the past was. */
const LEAST_DEVIATION = 0.3

/**
 * A count is odd beyond so many median absolute deviations. The MAD times 1.4826 estimates the
 * standard deviation without being moved by one bad week; 4 MAD are thus 2.7 standard deviations,
 * between the 2.5 and the 3 that Leys et al. recommend (Journal of Experimental Social
 * Psychology 49, 2013). One holiday in the past does not hide the next one.
 */
const MOST_MADS = 4

/** One count of a day beside its own past. Null is "not known", never zero. */
export interface CountFigures {
  today: number | null
  yesterday: number | null
  /** The same weekday of last week. */
  lastWeek: number | null
  /** Changes in percent; null also when the earlier count is 0. */
  changeFromYesterday: number | null
  changeFromLastWeek: number | null
  /** The last 30 days, today last; null for a day without counts. */
  series: (number | null)[]
  /** Median of the same weekday over the last eight weeks; null with fewer than four values. */
  usual: number | null
  /** Set when today lies outside the usual range. */
  odd: 'low' | 'high' | null
}

/** The service counts of a site's day. */
export interface ServiceFigures {
  counts: Record<ServiceCount, CountFigures>
  /** Whether today's users are yesterday's plus those who came minus those who left. */
  balance: 'holds' | 'broken' | 'unknown'
  /** Users today that the balance cannot explain; 0 unless it is broken. */
  balanceDifference: number
}

/** The figures of `day` from the counts of every day that is known. */
export function serviceFigures(day: Day, counts: ReadonlyMap<Day, ServiceReading>): ServiceFigures {
  const entries = SERVICE_COUNTS.map((count) => [count, countFigures(day, count, counts)] as const)
  const today = counts.get(day)
  const yesterday = counts.get(addDays(day, -1))
  const difference =
    today && yesterday
      ? today.totalUsers - (yesterday.totalUsers + today.subscribed - today.unsubscribed)
      : undefined
  return {
    counts: Object.fromEntries(entries) as Record<ServiceCount, CountFigures>,
    balance: difference === undefined ? 'unknown' : difference === 0 ? 'holds' : 'broken',
    balanceDifference: difference ?? 0,
  }
}

function countFigures(
  day: Day,
  count: ServiceCount,
  counts: ReadonlyMap<Day, ServiceReading>,
): CountFigures {
  const on = (daysBefore: number) => counts.get(addDays(day, -daysBefore))?.[count] ?? null
  const today = on(0)
  const sameWeekday = Array.from({ length: USUAL_WEEKS }, (_, week) => on(7 * (week + 1)))
  const past = sameWeekday.filter((value) => value !== null)
  const usual = past.length >= FEWEST_VALUES ? median(past) : null
  return {
    today,
    yesterday: on(1),
    lastWeek: on(7),
    changeFromYesterday: change(on(1), today),
    changeFromLastWeek: change(on(7), today),
    series: Array.from({ length: SERIES_DAYS }, (_, index) => on(SERIES_DAYS - 1 - index)),
    usual,
    odd: today === null || usual === null ? null : oddness(today, usual, past),
  }
}

function oddness(today: number, usual: number, past: number[]): 'low' | 'high' | null {
  const mad = median(past.map((value) => Math.abs(value - usual)))
  const allowed = Math.max(LEAST_DEVIATION * usual, MOST_MADS * mad)
  if (Math.abs(today - usual) <= allowed) return null
  return today < usual ? 'low' : 'high'
}

function change(from: number | null, to: number | null): number | null {
  return from === null || to === null || from === 0 ? null : ((to - from) / from) * 100
}

/** The middle of at least one value, or the mean of the two in the middle. */
function median(values: number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const upper = sorted[Math.floor(sorted.length / 2)] ?? 0
  const lower = sorted[Math.floor((sorted.length - 1) / 2)] ?? 0
  return (lower + upper) / 2
}
