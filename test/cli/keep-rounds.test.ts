import { expect, it } from 'vitest'
import { type Round, roundJson } from '../../lib/cli/round.ts'
import { keepRounds } from '../../lib/cli/run.ts'
import { HOUR_MS } from '../../lib/time.ts'
import { folderSite, newWorld } from '../fixtures/rounds-world.ts'

const LINE = 'a|x|n|d|2026-11-10 08:00:00||2026-11-10 08:00:00\n'

it('rounds go on when the clock is set back, and end when they are stopped (F67)', async () => {
  const world = await newWorld()
  await world.configure({ sites: [folderSite('a')] })
  await world.write('a/sys_alarm/system_alarm_20261110.txt', LINE)
  let nowMs = Date.parse('2026-11-10T12:00:00+08:00')
  const rounds = world.open({ now: () => nowMs })
  const lines: string[] = []
  let stop = () => {}
  const stopped = new Promise<void>((resolve) => {
    stop = resolve
  })
  const tell = (line: string) => {
    lines.push(line)
    nowMs -= 8 * HOUR_MS
    if (lines.length === 3) stop()
  }
  await keepRounds(rounds, { tell }, 20, stopped)
  expect(lines.slice(0, 3).every((line) => /new line|nothing new/.test(line))).toBe(true)
  expect(lines.length).toBeLessThan(6)
  await rounds.close()
  await world.remove()
})

it('every round is handed on as others’ scripts get it', async () => {
  const world = await newWorld()
  await world.configure({ sites: [folderSite('a')] })
  await world.write('a/sys_alarm/system_alarm_20261110.txt', LINE)
  const rounds = world.open({ now: () => Date.parse('2026-11-10T12:00:00+08:00') })
  const made: unknown[] = []
  let stop = () => {}
  const stopped = new Promise<void>((resolve) => {
    stop = resolve
  })
  const onRound = (round: Round, startedMs: number) => {
    made.push({ startedMs, ...roundJson(round) })
    if (made.length === 2) stop()
  }
  await keepRounds(rounds, { tell: () => {}, onRound }, 20, stopped)
  expect(made[0]).toMatchObject({
    startedMs: Date.parse('2026-11-10T04:00:00Z'),
    collect: { files: 1, totals: { lines: 1 }, failures: [] },
    notify: { sent: [], waiting: 0 },
    report: { published: expect.any(Number) },
  })
  expect(made[1]).toMatchObject({ collect: { files: 0 } })
  await rounds.close()
  await world.remove()
})
