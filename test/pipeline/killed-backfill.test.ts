import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { observeBackfill } from '../../lib/ledger/observed.ts'
import { pull } from '../../lib/ledger/pull.ts'
import { ledgersIn } from '../fixtures/ledgers.ts'
import { folderSite, newWorld, type World } from '../fixtures/rounds-world.ts'

let world: World
beforeEach(async () => {
  world = await newWorld()
})
afterEach(async () => {
  vi.useRealTimers()
  await world.remove()
})
const line = (n: string, d: string) => `a|${n}|n|d|2026-11-${d} 08:00:00||2026-11-${d} 08:00:00\n`
it('a backfill killed between append and fold is brought up by the next round', async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.parse('2026-11-10T09:00:00+08:00') })
  await world.configure({ sites: [folderSite('a')], thresholds: { expireAfterDays: 30 } })
  await world.write('a/sys_alarm/system_alarm_20261101.txt', line('X', '01'))
  const rounds = world.open({ now: () => Date.now() })
  await observeBackfill(rounds.table, 'a', '2026-11-01', Date.now())
  const source = rounds.openSource(rounds.settings.sites[0]!)
  const file = { site: 'a', feed: 'alarm', day: '2026-11-01' } as const
  await pull(
    { store: ledgersIn(rounds.table), source, clock: rounds.clock },
    file,
    'sys_alarm/system_alarm_20261101.txt',
    'backfill',
  )
  await source.close()
  await rounds.close()
  await world.write('a/sys_alarm/system_alarm_20261110.txt', line('Y', '10'))
  await world.json('collect')
  expect((await world.json<{ name: string }[]>('alarms')).map(({ name }) => name)).toEqual([
    'X',
    'Y',
  ])
})
