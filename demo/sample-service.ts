import type { Day } from '../lib/site.ts'
import { addDays, weekday } from '../lib/time.ts'
import { dayNumber, type SampleSite } from './sample-sites.ts'
import { between, seeded } from './seeded.ts'

/** Calls on Monday to Sunday beside an ordinary day. */
const WEEK = [1.02, 1, 1.01, 1.04, 1.12, 0.9, 0.84]

/** Users at the end of a day wander around their growth by at most so many days of growth. */
const MOST_WANDER_DAYS = 0.4

/** What the service feed says of one day, in the order of its columns. */
export interface SampleCounts {
  subscribed: number
  unsubscribed: number
  totalUsers: number
  calls: number
  shows: number
  mo: number
  mt: number
}

/**
 * The counts of a day. Each day's total is the total of the day before with the subscribed added
 * and the unsubscribed taken away, except on a day on which users were moved in uncounted.
 */
export function serviceCounts(site: SampleSite, day: Day): SampleCounts {
  const next = seeded(`service|${site.id}|${day}`)
  const grown = countedUsers(site, day) - countedUsers(site, addDays(day, -1))
  const unsubscribed = Math.round(site.service.usersADay * (0.9 + next()))
  const growth = 1 + dayNumber(day) * 0.0006
  const outage = site.service.outageOn?.(day) ? 0.2 : 1
  const usual = site.service.callsADay * WEEK[weekday(day) - 1]! * growth
  const calls = Math.round(usual * outage * (0.97 + next() * 0.06))
  return {
    subscribed: grown + unsubscribed,
    unsubscribed,
    totalUsers: countedUsers(site, day) + movedIn(site, day),
    calls,
    shows: Math.round(calls * (0.8 + next() * 0.03)),
    mo: Math.round(calls * (0.026 + next() * 0.003)),
    mt: Math.round(calls * (0.034 + next() * 0.003)) + between(next, 0, 40),
  }
}

/** The line of the counts, as it was recorded at a moment. */
export function serviceText(site: SampleSite, countsOf: Day, recordedMs: number): string {
  const counts = serviceCounts(site, countsOf)
  return [site.id, ...Object.values(counts), site.zone.textOf(recordedMs)].join('|')
}

/** A formula of the day alone, so that no day has to be computed from the days before it. */
function countedUsers(site: SampleSite, day: Day): number {
  const { users, usersADay } = site.service
  const wander = (seeded(`users|${site.id}|${day}`)() * 2 - 1) * MOST_WANDER_DAYS
  return Math.round(users + usersADay * (dayNumber(day) + wander))
}

function movedIn(site: SampleSite, day: Day): number {
  const moved = site.service.movedInOn
  if (!moved) return 0
  return moved.users * Math.floor((dayNumber(day) - moved.at) / moved.everyDays)
}
