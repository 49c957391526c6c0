import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { folderSite, newWorld, type World } from '../fixtures/rounds-world.ts'

/** Days that rounds follow, whoever read them first. */

interface Added {
  totals: { lines: number }
}

let world: World
beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['Date'] })
  world = await newWorld()
  await world.configure({ sites: [folderSite('a')] })
})
afterEach(async () => {
  vi.useRealTimers()
  await world.remove()
})
const ALARM = (d: string) => `a/sys_alarm/system_alarm_202611${d}.txt`
const line = (d: string, t: string) => `a|X|n|d|2026-11-${d} ${t}:00||2026-11-${d} ${t}:00\n`
const at = (t: string) => vi.setSystemTime(`2026-11-${t.replace(' ', 'T')}+08:00`)
it('a day that a backfill read first and rounds read on is caught up after an outage', async () => {
  await world.write(ALARM('10'), line('10', '08:00'))
  at('10 09:00:00')
  await world.json('backfill', '--day', '2026-11-10')
  await world.write(ALARM('10'), line('10', '08:00') + line('10', '12:00'))
  at('10 13:00:00')
  expect((await world.json<Added>('collect')).totals.lines).toBe(1)
  await world.write(ALARM('10'), line('10', '08:00') + line('10', '12:00') + line('10', '23:00'))
  at('15 13:00:00')
  expect((await world.json<Added>('collect')).totals.lines).toBe(1)
})
