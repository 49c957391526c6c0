import { describe, expect, it } from 'vitest'
import type { Rows } from '../../lib/ledger/rows.ts'
import { emptyTally, longestGapMs, SLOT_MS, type Tally, tallied } from '../../lib/ledger/tally.ts'
import { readLines } from '../../lib/parse/readings.ts'
import type { Feed } from '../../lib/site.ts'
import { HOUR_MS, MINUTE_MS } from '../../lib/time.ts'
import { readerIn } from '../parse/reader.ts'

const START = Date.parse('2026-11-10T00:00:00Z')

type How = Partial<Rows<'alarm'>['record']>

function rowsOf<F extends Feed>(feed: F, text: string, how: How = {}): Rows<F> {
  const record = {
    ...{ sequence: 1, generation: 0, end: text.length, via: 'round' as const, aside: false },
    mixed: false,
    readAtMs: START + HOUR_MS,
    ...how,
  }
  const parsed = readLines(feed, Buffer.from(text), false, readerIn('UTC'))
  return { record, rows: parsed.lines, parsed }
}
const sample = (time: string) => `w|1|s1|uptime|1|2026-11-10 ${time}\n`
const service = (calls: number, time = '00:10:00') => `s1|1|2|3|${calls}|5|6|7|2026-11-10 ${time}\n`

describe('a tally', () => {
  it('counts every line once, and keeps the first rejects to show', () => {
    const bad = Array.from({ length: 7 }, (_, n) => `bad ${n}\n`).join('')
    const first = tallied(emptyTally(), 'system', rowsOf('system', `${bad}\n`), START)
    const text = `${sample('00:01:00')}w|1|s1|gpu|1\n${sample('25:00:00')}`
    const tally = tallied(first, 'system', rowsOf('system', text, { sequence: 2 }), START)
    expect(tally).toMatchObject({ lines: 11, readings: 1, rejects: 8, unknown: 1, blank: 1 })
    expect(tally.reasons).toEqual({ 'field-count': 7, 'bad-time': 1 })
    expect(tally.samples.map(({ text }) => text)).toEqual([0, 1, 2, 3, 4].map((n) => `bad ${n}`))
    expect(first.reasons).toEqual({ 'field-count': 7 })
  })

  it('refuses rows that do not add up', () => {
    const rows = rowsOf('system', sample('00:01:00'))
    rows.parsed.lines += 1
    expect(() => tallied(emptyTally(), 'system', rows, START)).toThrow(
      expect.objectContaining({ code: 'line-sum', class: 'skip' }),
    )
  })

  it('takes a record time in the future for the moment of reading (F66)', () => {
    const tally = tallied(emptyTally(), 'system', rowsOf('system', sample('23:00:00')), START)
    expect(tally.newestMs).toBe(START + HOUR_MS)
  })

  it('never makes the newest record time older, whatever clock read the rows (F67)', () => {
    const how = { sequence: 2, readAtMs: START + 2 * MINUTE_MS, aside: true, generation: 3 }
    const first = tallied(emptyTally(), 'system', rowsOf('system', sample('00:50:00')), START)
    const tally = tallied(first, 'system', rowsOf('system', sample('00:01:00'), how), START)
    expect(tally.newestMs).toBe(START + 50 * MINUTE_MS)
  })

  it('counts alarms of before its day, and none from a tally that did not (release 0.1.0)', () => {
    const alarm = (time: string) => `s1|A|n|d|2026-11-09 20:00:00||${time}\n`
    const text = `${alarm('2026-11-09 23:59:59')}${alarm('2026-11-10 00:00:00')}`
    const first = tallied(emptyTally(), 'alarm', rowsOf('alarm', text), START)
    expect(first.early).toBe(1)
    const again = { sequence: 2, readAtMs: START - MINUTE_MS }
    expect(tallied(first, 'alarm', rowsOf('alarm', text, again), START).early).toBe(3)
    const { early: _, ...before } = first
    expect(tallied(before, 'alarm', rowsOf('alarm', text, again), START).early).toBeUndefined()
    expect(tallied(emptyTally(), 'system', rowsOf('system', text), START).early).toBeUndefined()
  })

  it('does not take place or generation from rows aside', () => {
    const first = tallied(emptyTally(), 'system', rowsOf('system', sample('00:50:00')), START)
    const aside = rowsOf('system', sample('00:01:00'), { sequence: 2, aside: true, generation: 3 })
    const tally = tallied(first, 'system', aside, START)
    expect(tally).toMatchObject({ sequence: 2, generation: 0, bytes: first.bytes, lines: 2 })
  })

  it('has the last line of a service file, and not an older one put aside', () => {
    const both = rowsOf('service', service(10) + service(20))
    const first = tallied(emptyTally(), 'service', both, START)
    expect(first.service?.calls).toBe(20)
    const older = rowsOf('service', service(15), { sequence: 2, aside: true })
    expect(tallied(first, 'service', older, START).service?.calls).toBe(20)
    expect(tallied(emptyTally(), 'service', older, START).service?.calls).toBe(15)
    const newer = rowsOf('service', service(30), { sequence: 3 })
    expect(tallied(first, 'service', newer, START).service?.calls).toBe(30)
  })

  it('comes out the same in whatever runs the rows came', () => {
    const lines = ['00:00:00', '00:07:00', 'bad', '05:00:00'].map(sample)
    const whole = tallied(emptyTally(), 'system', rowsOf('system', lines.join('')), START)
    let pieces: Tally = emptyTally()
    for (const [index, line] of lines.entries()) {
      const end = lines.slice(0, index + 1).join('').length
      pieces = tallied(pieces, 'system', rowsOf('system', line, { sequence: 1, end }), START)
    }
    expect(pieces).toEqual(whole)
  })
})

describe('the longest gap of a day', () => {
  const gapOf = (times: string[], hours = 24) => {
    const rows = rowsOf('system', times.map(sample).join(''))
    return longestGapMs(tallied(emptyTally(), 'system', rows, START).slots, hours * HOUR_MS)
  }

  it('is found between samples, before the first one and behind the last one', () => {
    expect(gapOf(['00:00:00', '02:00:00', '23:59:00'])).toBe(22 * HOUR_MS - 2 * SLOT_MS)
    expect(gapOf(['12:00:00', '23:00:00'])).toBe(12 * HOUR_MS)
    expect(gapOf(['00:00:00', '10:00:00'])).toBe(14 * HOUR_MS - SLOT_MS)
  })

  it('is the whole day without samples, and none with one every five minutes', () => {
    expect(longestGapMs(undefined, 25 * HOUR_MS)).toBe(25 * HOUR_MS)
    const all = Array.from({ length: 288 }, (_, n) =>
      new Date(START + n * SLOT_MS + 59_000).toISOString().slice(11, 19),
    )
    expect(gapOf(all)).toBe(0)
    expect(gapOf(all, 25)).toBe(HOUR_MS)
    expect(gapOf(all, 23)).toBe(0)
  })

  it('is not changed by samples of other days', () => {
    const before = 'w|1|s1|uptime|1|2026-11-09 23:59:59\nw|1|s1|uptime|1|2026-11-13 00:00:00\n'
    const tally = tallied(emptyTally(), 'system', rowsOf('system', before), START)
    expect(longestGapMs(tally.slots, 24 * HOUR_MS)).toBe(24 * HOUR_MS)
  })
})
