import { expect, it } from 'vitest'
import type { SystemReading } from '../../lib/parse/feeds.ts'
import { thinned } from '../../lib/publish/system-rows.ts'

/** A page is made from a bounded number of readings, however large the day file is. */

const cpu = (server: string, ms: number): SystemReading => ({
  type: 'cpu',
  server,
  ip: '',
  recorded: { text: '', ms },
  user: ms,
  system: 0,
  io: 0,
  idle: 0,
})
const disk = (mount: string, ms: number, used: number): SystemReading => ({
  type: 'disk',
  server: 'a',
  ip: '',
  recorded: { text: '', ms },
  mount,
  used,
  total: 100,
})

it('keeps every sample while they are few', () => {
  const thin = thinned(10)
  const all = Array.from({ length: 10 }, (_, ms) => cpu('a', ms))
  for (const reading of all) thin.take(reading)
  expect(thin.readings()).toEqual(all)
})

it('keeps an even choice of many, never more than the most', () => {
  const thin = thinned(100)
  for (let ms = 0; ms < 10_000; ms += 1) thin.take(cpu('a', ms))
  const kept = thin.readings().map(({ recorded }) => recorded.ms)
  expect(kept.length).toBeGreaterThan(50)
  expect(kept.length).toBeLessThanOrEqual(100)
  const gaps = kept.slice(1).map((ms, index) => ms - kept[index]!)
  expect(new Set(gaps).size).toBe(1)
})

it('keeps the newest of each mount, the later line of equally new ones', () => {
  const thin = thinned(10)
  for (const one of [disk('/', 2, 1), disk('/', 1, 2), disk('/', 2, 3), disk('/b', 0, 4)]) {
    thin.take(one)
  }
  expect(thin.readings()).toEqual([disk('/', 2, 3), disk('/b', 0, 4)])
})
