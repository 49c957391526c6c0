import { expect, it } from 'vitest'
import { clockFrom } from '../../lib/work/clock.ts'
import { siteTime } from '../../lib/work/site-time.ts'

it('a job’s clock begins at its own time and goes on as the machine’s does', () => {
  const machine = { nowMs: 5_000 }
  const clock = clockFrom(1_000_000, { now: () => machine.nowMs })
  expect(clock.now()).toBe(1_000_000)
  machine.nowMs += 1_234
  expect(clock.now()).toBe(1_001_234)
})

it('a machine whose clock is set back does not take a job back behind its own time', () => {
  const machine = { nowMs: 5_000 }
  const clock = clockFrom(1_000_000, { now: () => machine.nowMs })
  machine.nowMs = 0
  expect(clock.now()).toBe(1_000_000)
})

it('a site is read for as long as it may, and ends before the function does', () => {
  const run = { leftMs: 300_000 }
  const siteMs = siteTime(180_000, () => run.leftMs)
  expect(siteMs()).toBe(180_000)
  run.leftMs = 200_000
  expect(siteMs()).toBe(170_000)
  run.leftMs = 10_000
  expect(siteMs()).toBe(0)
})
