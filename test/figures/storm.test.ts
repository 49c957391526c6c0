import { describe, expect, it } from 'vitest'
import { noneOfEach, stormFigures } from '../../lib/figures/storm.ts'
import { HOUR_MS, Zone } from '../../lib/time.ts'

describe('stormFigures', () => {
  it('counts by hour and severity, and leaves out what lies outside the window', () => {
    const window = { startMs: 1000, endMs: 1000 + 24 * HOUR_MS }
    const storm = stormFigures(
      [
        { ms: 999, severity: 'critical' },
        { ms: 1000, severity: 'critical' },
        { ms: 1000 + HOUR_MS - 1, severity: 'minor' },
        { ms: 1000 + HOUR_MS, severity: 'unknown' },
        { ms: window.endMs, severity: 'critical' },
      ],
      7,
      window,
    )
    expect(storm).toMatchObject({ raised: 3, recovered: 7 })
    expect(storm.hours[0]).toEqual({ ...noneOfEach(), critical: 1, minor: 1 })
    expect(storm.hours[1]).toEqual({ ...noneOfEach(), unknown: 1 })
    expect(storm.hours).toHaveLength(24)
  })

  it('has 23 and 25 hours when clocks change', () => {
    const zone = new Zone('America/New_York')
    const hours = (day: string) =>
      stormFigures([], 0, { startMs: zone.startOf(day), endMs: zone.endOf(day) }).hours.length
    expect([hours('2026-03-08'), hours('2026-11-01')]).toEqual([23, 25])
  })
})
