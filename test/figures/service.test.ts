import { describe, expect, it } from 'vitest'
import { serviceFigures } from '../../lib/figures/service.ts'
import type { ServiceReading } from '../../lib/parse/feeds.ts'
import { addDays } from '../../lib/time.ts'

const DAY = '2026-11-10'

function reading(calls: number, more: Partial<ServiceReading> = {}): ServiceReading {
  return {
    subscribed: 5,
    unsubscribed: 2,
    totalUsers: 1000,
    calls,
    shows: 0,
    mo: 0,
    mt: 0,
    recorded: { text: '', ms: 0 },
    ...more,
  }
}

/** Calls by how many days before the day they were. */
function figures(calls: Record<number, number>) {
  const counts = new Map(
    Object.entries(calls).map(([ago, count]) => [addDays(DAY, -Number(ago)), reading(count)]),
  )
  return serviceFigures(DAY, counts)
}

describe('serviceFigures', () => {
  it('sets today beside yesterday and the same weekday of last week', () => {
    expect(figures({ 0: 150, 1: 100, 7: 200 }).counts.calls).toMatchObject({
      today: 150,
      yesterday: 100,
      lastWeek: 200,
      changeFromYesterday: 50,
      changeFromLastWeek: -25,
    })
  })

  it('knows no change from nothing or from 0', () => {
    const { calls } = figures({ 0: 150, 1: 0 }).counts
    expect([calls.changeFromYesterday, calls.changeFromLastWeek]).toEqual([null, null])
    expect(figures({ 1: 5 }).counts.calls).toMatchObject({ today: null, odd: null })
  })

  it('gives thirty days with gaps, today last', () => {
    const { series } = figures({ 0: 9, 2: 7, 29: 1, 30: 4 }).counts.calls
    expect(series).toHaveLength(30)
    expect([series[0], series[1], ...series.slice(-3)]).toEqual([1, null, 7, null, 9])
  })

  it('calls nothing odd with fewer than four weeks of past', () => {
    const three = figures({ 0: 1, 7: 100, 14: 100, 21: 100 }).counts.calls
    expect(three).toMatchObject({ usual: null, odd: null })
    expect(figures({ 0: 1, 7: 100, 14: 100, 21: 100, 28: 100 }).counts.calls.odd).toBe('low')
  })

  it('ignores what is older than eight weeks', () => {
    expect(figures({ 0: 1, 7: 9, 14: 9, 21: 9, 63: 9, 70: 9 }).counts.calls.usual).toBeNull()
  })

  it.each([
    [131, 'high'],
    [130, null],
    [70, null],
    [69, 'low'],
  ])('of a steady 100, %i is %s', (today, odd) => {
    const { calls } = figures({ 0: today, 7: 100, 14: 100, 21: 100, 28: 100 }).counts
    expect(calls.odd).toBe(odd)
  })

  it('allows four median absolute deviations where the past varies', () => {
    // Median 100, deviations 20, 20, 20, 20: up to 80 away is usual.
    const past = { 7: 80, 14: 120, 21: 80, 28: 120 }
    expect(figures({ ...past, 0: 180 }).counts.calls.odd).toBeNull()
    expect(figures({ ...past, 0: 181 }).counts.calls.odd).toBe('high')
    expect(figures({ ...past, 0: 19 }).counts.calls.odd).toBe('low')
  })

  it('is not led astray by one holiday in the past', () => {
    const { calls } = figures({ 0: 20, 7: 10, 14: 100, 21: 100, 28: 100, 35: 100 }).counts
    expect(calls).toMatchObject({ usual: 100, odd: 'low' })
  })

  it('checks the balance of users', () => {
    const on = (today: ServiceReading, yesterday?: ServiceReading) => {
      const counts = new Map([[DAY, today]])
      if (yesterday) counts.set(addDays(DAY, -1), yesterday)
      const { balance, balanceDifference } = serviceFigures(DAY, counts)
      return [balance, balanceDifference]
    }
    expect(on(reading(0, { totalUsers: 1003 }), reading(0))).toEqual(['holds', 0])
    expect(on(reading(0, { totalUsers: 1001 }), reading(0))).toEqual(['broken', -2])
    expect(on(reading(0))).toEqual(['unknown', 0])
  })
})
