import { describe, expect, it } from 'vitest'
import { type DueFacts, dueDays, dueFeeds, unsettledDays } from '../../lib/ledger/due.ts'
import type { Observed } from '../../lib/ledger/observed.ts'
import type { Via } from '../../lib/ledger/record.ts'
import { type Day, FEEDS } from '../../lib/site.ts'
import { addDays, daysFromTo, HOUR_MS, MINUTE_MS, Zone } from '../../lib/time.ts'
import { SITE } from './portal.ts'

const zone = new Zone('Europe/Berlin')
const TODAY = '2026-11-20'
const NOON = zone.startOf(TODAY) + 12 * HOUR_MS

/** All feeds were read up to an instant. */
function readUpTo(toMs: number, via: Via = 'round'): Observed {
  const interval = { fromMs: toMs - HOUR_MS, toMs, found: true }
  return { via, feeds: Object.fromEntries(FEEDS.map((feed) => [feed, [interval]])) }
}

const facts = (observed: Record<Day, Observed>, changes: Partial<DueFacts> = {}): DueFacts => ({
  site: SITE,
  zone,
  nowMs: NOON,
  keepDays: 35,
  settleAfterDays: 2,
  observed: new Map(Object.entries(observed)),
  ...changes,
})

/** Rounds have run over these days, each of which was read until nothing could change. */
const settledDays = (from: Day, to: Day) =>
  Object.fromEntries(
    daysFromTo(from, to).map((day) => [day, readUpTo(zone.endOf(day) + 2 * 24 * HOUR_MS)]),
  )

describe('the days that are not settled', () => {
  it('of a new site are today and those within the settling time', () => {
    expect(unsettledDays(facts({}))).toEqual(['2026-11-18', '2026-11-19', '2026-11-20'])
    expect(unsettledDays(facts({}, { settleAfterDays: 0 }))).toEqual([TODAY])
  })

  it('after downtime are all days since, also those never read, oldest first (F07)', () => {
    const observed = {
      ...settledDays('2026-11-01', '2026-11-09'),
      '2026-11-10': readUpTo(zone.startOf('2026-11-10') + HOUR_MS),
    }
    expect(unsettledDays(facts(observed))).toEqual(daysFromTo('2026-11-10', TODAY))
  })

  it('do not have one that was read once more after its last change', () => {
    const observed = settledDays('2026-11-01', '2026-11-17')
    expect(unsettledDays(facts(observed))).toEqual(daysFromTo('2026-11-18', TODAY))
    const finalMs = zone.endOf('2026-11-15') + 48 * HOUR_MS
    const early = { ...observed, '2026-11-15': readUpTo(finalMs - 1) }
    expect(unsettledDays(facts(early))[0]).toBe('2026-11-15')
  })

  it('have one of which a single feed was not read to its end', () => {
    const observed = settledDays('2026-11-01', '2026-11-17')
    const { alarm, service } = observed['2026-11-12']!.feeds
    observed['2026-11-12'] = { via: 'round', feeds: { alarm: alarm!, service: service! } }
    expect(unsettledDays(facts(observed))[0]).toBe('2026-11-12')
    const site = { ...SITE, feeds: { alarm: { path: 'a' }, service: { path: 's' } } }
    expect(unsettledDays(facts(observed, { site }))[0]).toBe('2026-11-18')
  })

  it('do not follow days that only a backfill has read (F74)', () => {
    const backfilled = (day: Day) => readUpTo(zone.endOf(day), 'backfill')
    const observed = {
      '2026-10-30': backfilled('2026-10-30'),
      ...settledDays('2026-11-10', '2026-11-17'),
      '2026-11-12': backfilled('2026-11-12'),
    }
    expect(unsettledDays(facts(observed))).toEqual(daysFromTo('2026-11-18', TODAY))
  })

  it('end where the ledger ends', () => {
    const observed = { '2026-01-01': readUpTo(0) }
    expect(unsettledDays(facts(observed))).toEqual(daysFromTo('2026-11-18', TODAY))
    const lately = { [addDays(TODAY, -35)]: readUpTo(0) }
    expect(unsettledDays(facts(lately))).toHaveLength(36)
  })

  it('are the days of the site: near midnight it is already tomorrow there (F70)', () => {
    const there = new Zone('Pacific/Auckland')
    const nowMs = Date.parse('2026-11-20T12:00:00Z')
    expect(unsettledDays(facts({}, { zone: there, nowMs })).at(-1)).toBe('2026-11-21')
  })
})

describe('the days that a round of the schedule reads', () => {
  const allRead = (nowMs: number) => ({
    ...settledDays('2026-11-01', '2026-11-17'),
    '2026-11-18': readUpTo(nowMs - 5 * MINUTE_MS),
    '2026-11-19': readUpTo(nowMs - 5 * MINUTE_MS),
    '2026-11-20': readUpTo(nowMs - 5 * MINUTE_MS),
  })

  it('are today alone, when the others were read a short while ago', () => {
    expect(dueDays(facts(allRead(NOON)))).toEqual([TODAY])
  })

  it('have yesterday until its settling time, 02:00 (F69)', () => {
    const early = zone.startOf(TODAY) + HOUR_MS
    expect(dueDays(facts(allRead(early), { nowMs: early }))).toEqual(['2026-11-19', TODAY])
    const later = zone.startOf(TODAY) + 2 * HOUR_MS + 5 * MINUTE_MS
    expect(dueDays(facts(allRead(later), { nowMs: later }))).toEqual([TODAY])
  })

  it('have every day that was never read', () => {
    const { '2026-11-18': _, ...observed } = allRead(NOON)
    expect(dueDays(facts(observed))).toEqual(['2026-11-18', TODAY])
  })

  it('have two other days every two hours', () => {
    const observed = { ...allRead(NOON), '2026-11-18': readUpTo(NOON - 2 * HOUR_MS) }
    expect(dueDays(facts(observed))).toEqual(['2026-11-18', TODAY])
    const sooner = { ...allRead(NOON), '2026-11-18': readUpTo(NOON - 2 * HOUR_MS + 1) }
    expect(dueDays(facts(sooner))).toEqual([TODAY])
  })

  it('have one other day every hour, and five every five', () => {
    const one = { ...allRead(NOON), '2026-11-19': readUpTo(NOON - HOUR_MS) }
    expect(dueDays(facts(one, { settleAfterDays: 1 }))).toEqual(['2026-11-19', TODAY])
    const settleAfterDays = 5
    const days = daysFromTo('2026-11-15', TODAY)
    const five = Object.fromEntries(days.map((day) => [day, readUpTo(NOON - 4 * HOUR_MS)]))
    expect(dueDays(facts(five, { settleAfterDays }))).toEqual([TODAY])
    five['2026-11-18'] = readUpTo(NOON - 5 * HOUR_MS)
    expect(dueDays(facts(five, { settleAfterDays }))).toEqual(['2026-11-18', TODAY])
  })

  it('come to two other days every two hours and no more, over a whole day of rounds', () => {
    const observed = allRead(NOON)
    const reads = new Map<Day, number>()
    for (let nowMs = NOON; nowMs < NOON + 6 * HOUR_MS; nowMs += 5 * MINUTE_MS) {
      for (const day of dueDays(facts(observed, { nowMs }))) {
        reads.set(day, (reads.get(day) ?? 0) + 1)
        observed[day as '2026-11-18'] = readUpTo(nowMs)
      }
    }
    expect([...reads].sort()).toEqual([
      ['2026-11-18', 3],
      ['2026-11-19', 3],
      ['2026-11-20', 72],
    ])
  })
})

describe('the feeds of a day that are due', () => {
  const observed = readUpTo(NOON)
  const at = (minutes: number, samplesEveryMinutes?: number) => {
    const schedule = {
      everyMinutes: 5,
      sitesAtOnce: 1,
      ...(samplesEveryMinutes && { samplesEveryMinutes }),
    }
    return dueFeeds(FEEDS, observed, NOON + minutes * MINUTE_MS, schedule)
  }

  it('are all, when nothing else is said or nothing was read', () => {
    expect(at(0)).toEqual(FEEDS)
    const schedule = { everyMinutes: 5, sitesAtOnce: 1, samplesEveryMinutes: 60 }
    expect(dueFeeds(FEEDS, undefined, NOON, schedule)).toEqual(FEEDS)
  })

  it('are alarms, and the others when the pause is over but for half a round', () => {
    expect(at(5, 60)).toEqual(['alarm'])
    expect(at(57, 60)).toEqual(['alarm'])
    expect(at(57.5, 60)).toEqual(FEEDS)
  })
})
