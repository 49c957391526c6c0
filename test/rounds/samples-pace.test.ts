import { afterEach, beforeEach, expect, it } from 'vitest'
import type { Source } from '../../lib/fetch/source.ts'
import { collect, type Rounds, report, settle } from '../../lib/pipeline.ts'
import { HOUR_MS, MINUTE_MS } from '../../lib/time.ts'
import { folderSite, newWorld, type World } from '../fixtures/rounds-world.ts'

/** Rounds that read system and service files less often than alarm files. */

const DAY = '2026-11-20'
const START_MS = Date.parse(`${DAY}T10:00:00+08:00`)
const SYSTEM = 'a/sys_monitor/system_info_20261120.txt'
const ALARM = 'a/sys_alarm/system_alarm_20261120.txt'
const sample = (time: string) => `w|1.1.1.1|a|uptime|1|${DAY} ${time}:00\n`
const alarm = (time: string) => `a|X|n|d|${DAY} ${time}:00||${DAY} ${time}:00\n`

let world: World
let nowMs: number
let rounds: Rounds & { close(): Promise<void> }
/** Paths of this day that were asked for since it was emptied. */
let asked: string[]

beforeEach(async () => {
  nowMs = START_MS
  asked = []
  world = await newWorld()
  const schedule = { everyMinutes: 5, samplesEveryMinutes: 60 }
  await world.configure({ sites: [folderSite('a')], schedule })
  const opened = world.open({ now: () => nowMs })
  const openSource: Rounds['openSource'] = (site) => {
    const source = opened.openSource(site)
    const read: Source['read'] = (path, from) => {
      if (path.includes('20261120')) asked.push(path.split('/')[0]!)
      return source.read(path, from)
    }
    return { read, close: () => source.close() }
  }
  rounds = { ...opened, openSource }
})
afterEach(async () => {
  await rounds.close()
  await world.remove()
})

/** A round so many minutes behind the first one; what it asked for and how many lines came. */
async function roundAt(minutes: number): Promise<{ asked: string[]; lines: number }> {
  nowMs = START_MS + minutes * MINUTE_MS
  asked = []
  const { totals, failures } = await collect(rounds, { via: 'round', paced: true })
  expect(failures).toEqual([])
  return { asked: asked.toSorted(), lines: totals.lines }
}

it('reads all files at first, then alarms alone, and the others when an hour is over', async () => {
  await world.write(SYSTEM, sample('09:55'))
  await world.write(ALARM, alarm('09:55'))
  const all = ['sys_alarm', 'sys_monitor', 'sys_service']
  expect(await roundAt(0)).toEqual({ asked: all, lines: 2 })
  for (let minutes = 5; minutes < 60; minutes += 5) {
    const times = Array.from({ length: minutes / 5 }, (_, n) => `10:${`${n * 5}`.padStart(2, '0')}`)
    await world.write(SYSTEM, ['09:55', ...times].map(sample).join(''))
    await world.write(ALARM, ['09:55', ...times].map(alarm).join(''))
    expect(await roundAt(minutes)).toEqual({ asked: ['sys_alarm'], lines: 1 })
  }
  expect(await roundAt(60)).toEqual({ asked: all, lines: 11 })
})

it('does so too while nothing is new, and sees at the hour what came', async () => {
  await world.write(SYSTEM, sample('09:55'))
  await world.write(ALARM, alarm('09:55'))
  await roundAt(0)
  expect((await roundAt(5)).asked).toEqual(['sys_alarm'])
  expect((await roundAt(10)).asked).toEqual(['sys_alarm'])
  const looks = (await roundAt(61)).asked
  expect(new Set(looks)).toEqual(new Set(['sys_alarm', 'sys_monitor', 'sys_service']))
  await world.write(SYSTEM, sample('09:55') + sample('10:55'))
  expect((await roundAt(66)).lines).toBe(0)
  expect((await roundAt(121)).lines).toBe(1)
})

it('reads all files by hand, and loses nothing of a day that ends', async () => {
  await world.write(SYSTEM, sample('09:55'))
  await roundAt(0)
  await world.write(SYSTEM, sample('09:55') + sample('10:01'))
  nowMs += 5 * MINUTE_MS
  expect((await collect(rounds, { via: 'round' })).totals.lines).toBe(1)
  await roundAt(10)
  await world.write(SYSTEM, sample('09:55') + sample('10:01') + sample('23:59'))
  expect((await roundAt(14 * 60 + 5)).lines).toBe(1)
  nowMs = START_MS + 17 * HOUR_MS
  const { closed, failures } = await settle(rounds)
  expect({ closed: closed.map(({ feed }) => feed), failures }).toEqual({
    closed: ['system'],
    failures: [],
  })
  expect((await report(rounds)).failures).toEqual([])
})
