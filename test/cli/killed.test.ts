import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { between, seeded } from '../../demo/seeded.ts'
import { collect } from '../../lib/pipeline.ts'
import { systemClock } from '../../lib/time.ts'
import { builtProgram } from '../fixtures/built-program.ts'
import { startProgram } from '../fixtures/cli-process.ts'
import { type Portal, portalServer } from '../fixtures/portal-server.ts'
import { REAL_DAYS, unpackRealWeek } from '../fixtures/real-week.ts'
import { type Known, knownOf } from '../fixtures/rounds-hash.ts'
import { newWorld, realSites, type World } from '../fixtures/rounds-world.ts'

/** Real processes that are killed, or that run at the same time over one state. */

const WEEK = { from: REAL_DAYS[0]!, to: REAL_DAYS.at(-1)! }
const COLLECT = ['collect', '--from', WEEK.from, '--to', WEEK.to, '--json']
const END_MS = Date.parse('2026-11-14T23:59:59+08:00')

/** Requests of one run over the week: three sites, seven days, three feeds. */
const REQUESTS = 63

let program: Awaited<ReturnType<typeof builtProgram>>
let portals: World
let portal: Portal
let whole: Known
const worlds: World[] = []

beforeAll(async () => {
  program = await builtProgram()
  portals = await newWorld()
  await unpackRealWeek(portals.portals)
  portal = await portalServer(portals.portals)
  const world = await emptyState()
  const rounds = world.open(systemClock)
  await collect(rounds, { via: 'round', range: WEEK })
  await rounds.close()
  whole = await known(world)
}, 60_000)

afterAll(async () => {
  await portal?.close()
  for (const world of [portals, ...worlds]) await world?.remove()
})

/** A state that holds nothing, over the same web server. */
async function emptyState(): Promise<World> {
  const world = await newWorld()
  worlds.push(world)
  await world.configure({ sites: realSites(portal.url) })
  return world
}

async function known(world: World): Promise<Known> {
  const rounds = world.open(systemClock)
  try {
    return await knownOf(rounds, WEEK, END_MS)
  } finally {
    await rounds.close()
  }
}

interface Printed {
  files: unknown[]
  totals: { lines: number; bytes: number }
  failures: unknown[]
}

describe('real processes', () => {
  it('killed at random moments lose nothing and double nothing', async () => {
    const world = await emptyState()
    const next = seeded('when a process is killed')
    let killed = 0
    for (let cycle = 0; cycle < 20; cycle += 1) {
      // It dies some milliseconds after it made a random one of its requests.
      const until = portal.requests.length + between(next, 1, REQUESTS)
      const run = startProgram(world.folder, COLLECT, program)
      let over = false
      const ended = run.ended.finally(() => {
        over = true
      })
      while (portal.requests.length < until && !over) await sleep(1)
      await sleep(between(next, 0, 30))
      run.process.kill('SIGKILL')
      const { signal, stderr } = await ended
      expect(stderr).toBe('')
      if (signal === 'SIGKILL') killed += 1
    }
    expect(killed).toBeGreaterThan(10)
    const last = await startProgram(world.folder, COLLECT, program).ended
    expect(last).toMatchObject({ exitCode: 0, stderr: '' })
    expect(await known(world)).toEqual(whole)
    const again = await startProgram(world.folder, COLLECT, program).ended
    expect(JSON.parse(again.stdout)).toMatchObject({ files: [], failures: [] })
  }, 120_000)

  it('two at once over one state share the work: their lines add up to the whole', async () => {
    for (let turn = 0; turn < 2; turn += 1) {
      const world = await emptyState()
      const runs = [0, 1].map(() => startProgram(world.folder, COLLECT, program))
      const both = await Promise.all(runs.map(({ ended }) => ended))
      for (const run of both) expect(run).toMatchObject({ exitCode: 0, stderr: '' })
      const printed = both.map(({ stdout }) => JSON.parse(stdout) as Printed)
      const lines = printed.map(({ totals }) => totals.lines)
      expect(lines[0]! + lines[1]!).toBe(whole.rows)
      expect(printed.flatMap(({ failures }) => failures)).toEqual([])
      expect(await known(world)).toEqual(whole)
    }
  }, 60_000)
})
