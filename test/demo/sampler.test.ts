import { appendFile, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import type { MachineState } from '../../demo/machine.ts'
import { changedLines, repeatedLines, standingAfter } from '../../demo/machine-alarms.ts'
import { sampleThisMachine, systemTexts } from '../../demo/sampler.ts'
import { DAY_MS, MINUTE_MS } from '../../lib/time.ts'

const STATE: MachineState = {
  server: 'box',
  ip: '10.0.0.9',
  cpu: { user: 10, system: 5, io: 0.126, idle: 84.874 },
  memory: { used: 300, free: 500, buffer: 200, total: 1000 },
  disks: [{ mount: '/', used: 40, total: 100 }],
  osName: 'Debian',
  kernel: '6.1',
  uptimeSeconds: 77,
}

const full = (used: number): MachineState => ({
  ...STATE,
  disks: [{ mount: '/', used, total: 100 }],
})

test('a sample in the format of the system feed', () => {
  expect(systemTexts(STATE, '2026-11-20 10:00:00')).toEqual([
    'box|10.0.0.9|this-machine|os|Debian|6.1|2026-11-20 10:00:00',
    'box|10.0.0.9|this-machine|uptime|77|2026-11-20 10:00:00',
    'box|10.0.0.9|this-machine|cpu|10.00|5.00|0.13|84.87|2026-11-20 10:00:00',
    'box|10.0.0.9|this-machine|mem|300|500|200|1000|2026-11-20 10:00:00',
    'box|10.0.0.9|this-machine|disk|/|40|100|2026-11-20 10:00:00',
  ])
})

test('an alarm is raised once, recovers well below its limit, and is repeated on a new day', () => {
  const lines: string[] = []
  const sample = (used: number, nowText: string) => {
    lines.push(...changedLines('me', standingAfter(lines), full(used), nowText))
  }
  sample(89, '2026-11-20 10:00:00')
  expect(lines).toEqual([])
  sample(93, '2026-11-20 10:01:00')
  sample(95, '2026-11-20 10:02:00')
  sample(86, '2026-11-20 10:03:00')
  const raised = 'me|ALM-3003|box /|Disk / used 93.0 %|2026-11-20 10:01:00'
  expect(lines).toEqual([`${raised}||2026-11-20 10:01:00`])
  expect(repeatedLines('me', standingAfter(lines), '2026-11-21 00:00:05')).toEqual([
    `${raised}||2026-11-21 00:00:05`,
  ])
  sample(84, '2026-11-20 10:04:00')
  expect(lines.at(-1)).toBe(`${raised}|2026-11-20 10:04:00|2026-11-20 10:04:00`)
  expect(standingAfter(lines).size).toBe(0)
})

test('cpu and memory raise theirs on the server', () => {
  const busy = {
    ...STATE,
    cpu: { user: 90, system: 8, io: 0, idle: 2 },
    memory: { used: 950, free: 50, buffer: 0, total: 1000 },
  }
  const names = changedLines('me', new Map(), busy, 'now').map((line) => line.split('|')[1])
  expect(names).toEqual(['ALM-3001', 'ALM-3002'])
})

test('a line that was cut off says nothing', () => {
  expect(standingAfter(['me|ALM-3003|box /|Disk', '']).size).toBe(0)
})

test('samples this machine into day files, over a cut line and over midnight', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'sampler-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  const read = (path: string) => readFile(join(folder, 'this-machine', path), 'utf8')
  // 23:30 in Berlin.
  const nowMs = Date.parse('2026-11-20T22:30:00Z')
  await sampleThisMachine(folder, nowMs, 'Europe/Berlin')
  const first = await read('sys_monitor/system_info_20261120.txt')
  const cpu = first.split('\n').find((line) => line.includes('|cpu|'))!
  const percents = cpu.split('|').slice(4, 8).map(Number)
  expect(percents.reduce((one, other) => one + other, 0)).toBeCloseTo(100, 0)
  expect(cpu).toMatch(/\|2026-11-20 23:30:00$/)
  expect(first.endsWith('\n')).toBe(true)

  const alarmPath = 'sys_alarm/system_alarm_20261120.txt'
  const standing = 'this-machine|ALM-2017|licence|Licence|2026-11-20 09:00:00||2026-11-20 09:00:00'
  await appendFile(join(folder, 'this-machine', alarmPath), `${standing}\n`)
  await appendFile(join(folder, 'this-machine/sys_monitor/system_info_20261120.txt'), 'cut|off')
  await sampleThisMachine(folder, nowMs + MINUTE_MS, 'Europe/Berlin')
  const second = await read('sys_monitor/system_info_20261120.txt')
  expect(second.startsWith(`${first}cut|off\n`)).toBe(true)
  expect(second.split('\n').filter((line) => line.includes('|cpu|'))).toHaveLength(2)

  await sampleThisMachine(folder, nowMs + DAY_MS, 'Europe/Berlin')
  await sampleThisMachine(folder, nowMs + DAY_MS + MINUTE_MS, 'Europe/Berlin')
  const nextDay = (await read('sys_alarm/system_alarm_20261121.txt')).split('\n')
  expect(nextDay.filter((line) => line.includes('ALM-2017'))).toEqual([
    'this-machine|ALM-2017|licence|Licence|2026-11-20 09:00:00||2026-11-21 23:30:00',
  ])
  for (const line of nextDay.slice(0, -1)) expect(line.split('|')).toHaveLength(7)
})
