import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  addDays,
  compactDay,
  DAY_MS,
  daysFromTo,
  HOUR_MS,
  isoInstant,
  isTimeZone,
  MINUTE_MS,
  parseDay,
  parseInstant,
  weekday,
  Zone,
} from '../lib/time.ts'

const utc = (text: string) => Date.parse(text)

describe('days', () => {
  it.each(['2024-02-29', '2000-02-29', '2026-12-31'])('%s is one (F70)', (day) => {
    expect(parseDay(day)).toBe(day)
  })

  it.each([
    ...['2026-02-29', '1900-02-29', '2026-13-01', '2026-00-10', '2026-04-31', '2026-1-1'],
    ...['20260101', '2026-01-01T00:00:00', ' 2026-01-01', '', '2026-01-00'],
  ])('%j is none', (text) => {
    expect(parseDay(text)).toBeUndefined()
  })

  it('follow each other over leap days, year ends and clock changes (F70)', () => {
    expect(addDays('2024-02-28', 1)).toBe('2024-02-29')
    expect(addDays('2026-02-28', 1)).toBe('2026-03-01')
    expect(addDays('2026-12-31', 1)).toBe('2027-01-01')
    expect(addDays('2026-01-01', -1)).toBe('2025-12-31')
    expect(daysFromTo('2026-03-28', '2026-03-30')).toHaveLength(3)
    expect(daysFromTo('2026-03-28', '2026-03-28')).toEqual(['2026-03-28'])
    expect(daysFromTo('2026-03-28', '2026-03-27')).toEqual([])
  })

  it('have a weekday and a compact form', () => {
    expect([weekday('2026-11-16'), weekday('2026-11-22')]).toEqual([1, 7])
    expect(compactDay('2026-11-10')).toBe('20261110')
  })
})

it('instants are written and read in ISO 8601', () => {
  const ms = utc('2026-11-10T08:00:00Z')
  expect(isoInstant(ms + 999)).toBe('2026-11-10T08:00:00Z')
  expect(parseInstant('2026-11-10T16:00:00+08:00')).toBe(ms)
  for (const text of ['2026-11-10T08:00:00', '2026-11-10', 'now', '2026-02-30T00:00:00Z', '']) {
    expect(parseInstant(text), text).toBeUndefined()
  }
})

it('time zones are IANA names, and no offsets', () => {
  for (const name of ['UTC', 'Asia/Shanghai', 'America/Argentina/Ushuaia', 'Etc/GMT+8']) {
    expect(isTimeZone(name), name).toBe(true)
  }
  for (const name of ['Mars/Olympus', '+08:00', '', 'Asia/Shanghai ', '08:00', '../UTC']) {
    expect(isTimeZone(name), name).toBe(false)
  }
  expect(() => new Zone('Mars/Olympus')).toThrow(RangeError)
})

describe('a day of a zone', () => {
  it.each([
    ['Asia/Shanghai', '2026-11-10', 24],
    ['Europe/Berlin', '2026-03-29', 23],
    ['Europe/Berlin', '2026-10-25', 25],
    ['America/New_York', '2026-03-08', 23],
    ['Australia/Lord_Howe', '2026-04-05', 24.5],
    ['Australia/Lord_Howe', '2026-10-04', 23.5],
    ['Africa/Cairo', '2026-04-24', 23],
    ['America/Santiago', '2026-09-06', 23],
    ['Asia/Kathmandu', '2026-11-10', 24],
  ])('%s %s has %d hours (F68)', (name, day, hours) => {
    const zone = new Zone(name)
    expect((zone.endOf(day) - zone.startOf(day)) / HOUR_MS).toBe(hours)
    expect(zone.startOf(addDays(day, 1))).toBe(zone.endOf(day))
    for (const [ms, expected] of [
      [zone.startOf(day), day],
      [zone.endOf(day) - 1, day],
      [zone.endOf(day), addDays(day, 1)],
    ] as const) {
      expect(zone.dayOf(ms)).toBe(expected)
    }
  })

  it('begins at 01:00 where the clock is moved at midnight', () => {
    const zone = new Zone('Africa/Cairo')
    expect(zone.textOf(zone.startOf('2026-04-24'))).toBe('2026-04-24 01:00:00')
    // In autumn Santiago has 23:00 to 24:00 of the day before twice.
    const santiago = new Zone('America/Santiago')
    expect((santiago.endOf('2026-04-04') - santiago.startOf('2026-04-04')) / HOUR_MS).toBe(25)
  })
})

describe('a time that a site writes', () => {
  it.each([
    ...['2026-02-29 00:00:00', '2026-11-10 24:00:00', '2026-11-10 23:60:00', '2026-11-10'],
    ...['2026-11-10 23:59:60', '2026-11-10T01:02:03', ' 2026-11-10 01:02:03', '', '0'],
    ...[
      '2026-11-10 1:02:03',
      '2026-11-10 01:02:03Z',
      '2026-11-10 01:02:03.5',
      '2026-00-01 01:02:03',
    ],
    ...['2026-11-10 01:02:03\n', '２０２６-11-10 01:02:03', '2026/11/10 01:02:03'],
  ])('is not %j', (text) => {
    expect(new Zone('Asia/Shanghai').parse(text)).toBeUndefined()
  })

  it('is read in the zone of the site, also on leap days and at year ends (F70)', () => {
    const zone = new Zone('Asia/Shanghai')
    expect(zone.parse('2024-02-29 23:59:59')).toBe(utc('2024-02-29T15:59:59Z'))
    expect(zone.parse('2027-01-01 00:00:00')).toBe(utc('2026-12-31T16:00:00Z'))
  })

  it('in a repeated hour is the earlier one, unless the line before proves the later (F68)', () => {
    const zone = new Zone('America/New_York')
    const early = utc('2026-11-01T05:30:00Z')
    expect(zone.parse('2026-11-01 01:30:00')).toBe(early)
    expect(zone.parse('2026-11-01 01:30:00', early)).toBe(early)
    expect(zone.parse('2026-11-01 01:30:00', early + 1)).toBe(early + HOUR_MS)
    expect(zone.parse('2026-11-01 01:30:00', early + HOUR_MS)).toBe(early + HOUR_MS)
    // A line before that lies behind both proves nothing.
    expect(zone.parse('2026-11-01 01:30:00', early + HOUR_MS + 1)).toBe(early)
  })

  it('in the repeated half hour of Lord Howe is told apart too', () => {
    const zone = new Zone('Australia/Lord_Howe')
    const early = zone.parse('2026-04-05 01:45:00')!
    expect(zone.parse('2026-04-05 01:45:00', early + 1)! - early).toBe(30 * MINUTE_MS)
    expect(zone.parse('2026-04-05 01:15:00', early + 1)).toBe(early - 30 * MINUTE_MS)
  })

  it('in a skipped hour is taken as if the clock had not been moved (F68)', () => {
    const zone = new Zone('Europe/Berlin')
    expect(zone.parse('2026-03-29 01:59:59')).toBe(utc('2026-03-29T00:59:59Z'))
    expect(zone.parse('2026-03-29 02:00:00')).toBe(utc('2026-03-29T01:00:00Z'))
    expect(zone.parse('2026-03-29 02:59:59')).toBe(utc('2026-03-29T01:59:59Z'))
    expect(zone.parse('2026-03-29 03:00:00')).toBe(utc('2026-03-29T01:00:00Z'))
  })

  it('comes back from the instant that it names, in any zone', () => {
    const names = ['Europe/Berlin', 'Australia/Lord_Howe', 'Africa/Cairo', 'Asia/Kathmandu']
    const zones = new Map(names.map((name) => [name, new Zone(name)]))
    const instants = fc.integer({ min: utc('2020-01-01') / 1000, max: utc('2034-01-01') / 1000 })
    fc.assert(
      fc.property(fc.constantFrom(...names), instants, (name, second) => {
        const zone = zones.get(name)!
        const ms = second * 1000
        const parsed = zone.parse(zone.textOf(ms), ms)
        expect(parsed).toBe(ms)
        expect(zone.isoOf(ms).slice(0, 19).replace('T', ' ')).toBe(zone.textOf(ms))
      }),
      { numRuns: 2000 },
    )
  })

  it('is right after more different times than a zone remembers', () => {
    const zone = new Zone('Asia/Shanghai')
    const from = utc('2026-01-01T00:00:00Z')
    for (let count = 0; count < 10_500; count += 1) {
      const ms = from + count * 10 * MINUTE_MS
      const text = new Date(ms + 8 * HOUR_MS).toISOString().slice(0, 19).replace('T', ' ')
      if (zone.parse(text) !== ms) expect(zone.parse(text), text).toBe(ms)
    }
    expect(zone.parse('2026-01-01 08:00:00')).toBe(from)
    expect(zone.dayOf(from + DAY_MS)).toBe('2026-01-02')
  })
})
