import { describe, expect, it } from 'vitest'
import { type CoverageFacts, coverageOf } from '../../lib/ledger/coverage.ts'
import type { Interval } from '../../lib/ledger/observed.ts'
import { emptyTally, longestGapMs, type Tally } from '../../lib/ledger/tally.ts'
import type { Feed } from '../../lib/site.ts'
import { HOUR_MS, Zone } from '../../lib/time.ts'

const zone = new Zone('Europe/Berlin')
const DAY = '2026-11-10'
const [START, END] = [zone.startOf(DAY), zone.endOf(DAY)]

const tally = (changes: Partial<Tally> = {}): Tally => ({
  ...emptyTally(),
  lines: 3,
  readings: 3,
  sequence: 1,
  slots: slotsWithout(0, 0),
  ...changes,
})

/** Marks of a day with a sample in every slot but those from `from` to `to`. */
function slotsWithout(from: number, to: number, count = 312): string {
  const bits = Buffer.alloc(39)
  for (let slot = 0; slot < count; slot += 1) {
    if (slot < from || slot >= to) bits[slot >> 3]! |= 1 << (slot & 7)
  }
  return bits.toString('base64')
}

const read = (fromMs: number, toMs = fromMs, found = true): Interval => ({ fromMs, toMs, found })

function judge(feed: Feed, changes: Partial<CoverageFacts>) {
  return coverageOf({
    feed,
    tally: tally(),
    intervals: [read(START, END + HOUR_MS)],
    dayStartMs: START,
    dayEndMs: END,
    gapMinutes: 30,
    provisional: false,
    ...changes,
  })
}

describe.each(['system', 'alarm', 'service'] as const)('a %s file', (feed) => {
  it('is complete when it was read after the end of the day', () => {
    expect(judge(feed, {})).toBe('complete')
    expect(judge(feed, { intervals: [read(START, END)] })).toBe('complete')
  })

  it('is missing while nothing came, whether 404 was said or nothing at all (F55)', () => {
    expect(judge(feed, { tally: undefined, intervals: [] })).toBe('missing')
    expect(judge(feed, { tally: undefined, intervals: [read(START, END, false)] })).toBe('missing')
  })

  it('is partial until it was read after the end of the day', () => {
    expect(judge(feed, { intervals: [read(START, END - 1)] })).toBe('partial')
    expect(judge(feed, { intervals: [] })).toBe('partial')
    // That it is gone since does not make it complete.
    const gone = [read(START, END - HOUR_MS), read(END, END + HOUR_MS, false)]
    expect(judge(feed, { intervals: gone })).toBe('partial')
  })

  it('is late when it was still absent two hours after the day, and came then', () => {
    const [absent, there] = [read(START, END + 2 * HOUR_MS, false), read(END + 3 * HOUR_MS)]
    expect(judge(feed, { intervals: [absent, there] })).toBe('late')
    const soon = [read(START, END + 2 * HOUR_MS - 1, false), there]
    expect(judge(feed, { intervals: soon })).toBe('complete')
  })

  it('is not late when it came in time and is gone since', () => {
    const gone = read(END + 3 * HOUR_MS, END + 30 * HOUR_MS, false)
    expect(judge(feed, { intervals: [read(START, END + HOUR_MS), gone] })).toBe('complete')
    const again = [read(START, END - 1), gone, read(END + 31 * HOUR_MS)]
    expect(judge(feed, { intervals: again })).toBe('late')
  })

  it('is replaced when the site wrote it anew, and that is worse than late', () => {
    const intervals = [read(START, END + 2 * HOUR_MS, false), read(END + 3 * HOUR_MS)]
    expect(judge(feed, { tally: tally({ generation: 1 }) })).toBe('replaced')
    expect(judge(feed, { tally: tally({ generation: 1 }), intervals })).toBe('replaced')
    const early = [read(START, END - 1)]
    expect(judge(feed, { tally: tally({ generation: 1 }), intervals: early })).toBe('partial')
  })
})

describe('a hole in the samples', () => {
  it('of a system file makes the day partial when it is longer than allowed', () => {
    expect(judge('system', { tally: tally({ slots: slotsWithout(10, 16) }) })).toBe('complete')
    expect(judge('system', { tally: tally({ slots: slotsWithout(10, 17) }) })).toBe('partial')
    expect(judge('alarm', { tally: tally({ slots: slotsWithout(0, 200) }) })).toBe('complete')
  })

  it.each([
    ['2026-03-29', 23],
    ['2026-10-25', 25],
  ])('is measured by the length of the day: %s has %i hours (F68)', (day, hours) => {
    const [dayStartMs, dayEndMs] = [zone.startOf(day), zone.endOf(day)]
    const slots = slotsWithout(0, 0, 23 * 12)
    expect(longestGapMs(slots, dayEndMs - dayStartMs)).toBe((hours - 23) * HOUR_MS)
    const facts = { dayStartMs, dayEndMs, intervals: [read(dayEndMs)], tally: tally({ slots }) }
    expect(judge('system', facts)).toBe(hours === 23 ? 'complete' : 'partial')
  })
})

describe('service counts', () => {
  it('are partial when no line could be read', () => {
    expect(judge('service', { tally: tally({ readings: 0, rejects: 3 }) })).toBe('partial')
  })

  it('are not missing when they are there as an unfinished line', () => {
    expect(judge('service', { tally: undefined, provisional: true })).toBe('complete')
    const empty = tally({ lines: 0, readings: 0 })
    expect(judge('service', { tally: empty, provisional: true })).toBe('complete')
  })
})

describe('an empty file', () => {
  it.each([
    ['system', 'partial'],
    ['alarm', 'complete'],
    ['service', 'partial'],
  ] as const)('of %s makes the day %s (F31)', (feed, coverage) => {
    expect(judge(feed, { tally: undefined })).toBe(coverage)
    expect(judge(feed, { tally: tally({ lines: 0, readings: 0 }) })).toBe(coverage)
  })
})
