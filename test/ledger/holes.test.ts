import { expect, it } from 'vitest'
import { holesOf } from '../../lib/ledger/holes.ts'
import { longestGapMs } from '../../lib/ledger/tally.ts'
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../../lib/time.ts'

/** Slots of five minutes, of which those in `taken` have a sample. */
function slots(taken: readonly number[]): string {
  const bits = Buffer.alloc(39)
  for (const slot of taken) bits[slot >> 3]! |= 1 << (slot & 7)
  return bits.toString('base64')
}

const START_MS = Date.parse('2026-11-10T00:00:00Z')
const END_MS = START_MS + DAY_MS
const range = (from: number, to: number) => Array.from({ length: to - from }, (_, n) => from + n)

it('finds holes before, between and behind the samples, longer than is allowed only', () => {
  const taken = slots([...range(24, 100), ...range(112, 124), ...range(137, 276)])
  const hours = (from: number, to: number) => ({
    fromMs: START_MS + from * 5 * MINUTE_MS,
    toMs: START_MS + to * 5 * MINUTE_MS,
  })
  // 12 slots are an hour, which is allowed; 13 are more.
  expect(holesOf(taken, START_MS, END_MS, HOUR_MS)).toEqual([hours(0, 24), hours(124, 137)])
  expect(holesOf(taken, START_MS, END_MS, HOUR_MS - 1)).toHaveLength(4)
})

it('looks no further than it is told, and agrees with the longest gap', () => {
  const taken = slots(range(0, 144))
  expect(holesOf(taken, START_MS, START_MS + DAY_MS / 2, HOUR_MS)).toEqual([])
  const [hole, ...more] = holesOf(taken, START_MS, END_MS, HOUR_MS)
  expect(more).toEqual([])
  expect(hole!.toMs - hole!.fromMs).toBe(longestGapMs(taken, DAY_MS))
  expect(holesOf(undefined, START_MS, END_MS, HOUR_MS)).toEqual([
    { fromMs: START_MS, toMs: END_MS },
  ])
})
