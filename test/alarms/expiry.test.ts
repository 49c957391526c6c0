import { describe, expect, it } from 'vitest'
import { isExpired, observedSpans } from '../../lib/alarms/expiry.ts'
import type { Interval, Observed } from '../../lib/ledger/observed.ts'
import type { Day } from '../../lib/site.ts'
import { DAY_MS, HOUR_MS, Zone } from '../../lib/time.ts'

const zone = new Zone('Europe/Berlin')
const start = (day: Day) => zone.startOf(day)
const observed = (...alarm: Interval[]): Observed => ({ via: 'round', feeds: { alarm } })
const read = (fromMs: number, toMs: number, found = true): Interval => ({ fromMs, toMs, found })

/** These days were read whole: once, after their end. */
const whole = (...days: Day[]): [Day, Observed][] =>
  days.map((day) => [day, observed(read(zone.endOf(day), zone.endOf(day)))])

const spansOf = (...days: [Day, Observed][]) => observedSpans(new Map(days), zone)

describe('observed time', () => {
  it('is a past day read after its end, and the present one up to its last reading', () => {
    const noon = start('2026-11-11') + 12 * HOUR_MS
    const today: [Day, Observed] = ['2026-11-11', observed(read(noon - HOUR_MS, noon))]
    expect(spansOf(today, ...whole('2026-11-10'))).toEqual([
      { fromMs: start('2026-11-10'), toMs: start('2026-11-11') },
      { fromMs: start('2026-11-11'), toMs: noon },
    ])
  })

  it('counts a file that is rightly absent, and not one that is gone (F18, F55)', () => {
    const end = zone.endOf('2026-11-10')
    const absent = observed(read(end, end + HOUR_MS, false))
    expect(spansOf(['2026-11-10', absent])).toEqual([{ fromMs: start('2026-11-10'), toMs: end }])
    const at = start('2026-11-10') + HOUR_MS
    const gone = observed(read(at, at), read(at + HOUR_MS, end + HOUR_MS, false))
    expect(spansOf(['2026-11-10', gone])).toEqual([{ fromMs: start('2026-11-10'), toMs: at }])
  })

  it('has 23 and 25 hours on days when the clock is moved (F68)', () => {
    const hours = (day: Day) =>
      spansOf(...whole(day)).map((span) => (span.toMs - span.fromMs) / HOUR_MS)
    expect([hours('2026-03-29'), hours('2026-10-25')]).toEqual([[23], [25]])
  })

  it('is nothing of a day of which only other feeds were read', () => {
    const other = { via: 'round', feeds: { system: [read(1e15, 1e15)] } } satisfies Observed
    expect(spansOf(['2026-11-10', other])).toEqual([])
  })
})

describe('an alarm', () => {
  const raised = start('2026-11-10')
  const [one, two, three] = ['2026-11-10', '2026-11-11', '2026-11-12'] as const

  it('expires after two days of observed time, at the very end of them', () => {
    const spans = spansOf(...whole(one, two, three))
    expect(isExpired(raised, raised + 2 * DAY_MS - 1, spans, 2)).toBe(false)
    expect(isExpired(raised, raised + 2 * DAY_MS, spans, 2)).toBe(true)
    expect(isExpired(raised + 1, raised + 2 * DAY_MS, spans, 2)).toBe(false)
  })

  it('does not expire while its site cannot be read, for however long (F73)', () => {
    const spans = spansOf(...whole(one))
    expect(isExpired(raised, raised + 300 * DAY_MS, spans, 2)).toBe(false)
    const back = spansOf(...whole(one, '2026-12-24'))
    expect(isExpired(raised, start('2026-12-24') + DAY_MS - 1, back, 2)).toBe(false)
    expect(isExpired(raised, start('2026-12-25'), back, 2)).toBe(true)
  })

  it('can be asked for as of a past instant: what was observed later does not count', () => {
    const spans = spansOf(...whole(one, two, three, '2026-11-13'))
    expect(isExpired(raised, raised + DAY_MS, spans, 2)).toBe(false)
    expect(isExpired(raised, raised + 3 * DAY_MS, spans, 2)).toBe(true)
    expect(isExpired(raised, raised + 3 * DAY_MS, spans, 4)).toBe(false)
  })
})
