import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3'
import { collect, notify, type Rounds, report, settle } from '../../lib/pipeline.ts'
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../../lib/time.ts'
import { LOCAL } from '../fixtures/dynamodb-server.ts'
import { REAL_SITES, realWeekFiles } from '../fixtures/real-week.ts'
import { newWorld, realSites, type World } from '../fixtures/rounds-world.ts'
import { openRounds } from './cpu-rounds.ts'
import type { Told } from './cpu-services.ts'

/** What one call of a job took of this process, and asked of the sites' web server. */
export interface Taken {
  cpuMs: number
  requests: number
  connections: number
  /** New lines, where it was a round. */
  lines: number
}

/** A day of the three sites of the real week; every list has one entry a call. */
export interface DayTaken {
  /** Rounds, of which the mails are counted apart. */
  rounds: Taken[]
  /** Rounds behind them that find nothing new. */
  quiet: Taken[]
  /** What mails took: one entry for each call that sent some. */
  mails: { cpuMs: number; sent: number }[]
  /** Looks at the pages of the running day. */
  reports: Taken[]
  /** The settling of the day that ended, with its pages; then looks that find nothing due. */
  settlings: Taken[]
  idle: Taken[]
  /** A round in a process that has just begun, behind its imports. */
  cold: Taken[]
}

/** The day that is measured; the one before it is there already. */
const MIDNIGHT_MS = Date.parse('2026-11-10T00:00:00+08:00')

/** A round that comes once a day comes behind the day's end. */
const DAILY_MINUTES = 1_440

/** What a day needs. */
interface Stage {
  world: World
  rounds: Rounds
  services: ChildProcess
  clock: { nowMs: number }
}

/**
 * Lives a day with a round every so many minutes, and measures what its calls take of this process:
 * services and web server are in another one. `warmUp` rounds of the same pace go before, and are
 * not counted; then `count` rounds are.
 */
export async function dayTaken(
  everyMinutes: number,
  { warmUp, count }: { warmUp: number; count: number },
): Promise<DayTaken> {
  const world = await newWorld()
  const services = fork(new URL('cpu-services.ts', import.meta.url), [world.portals])
  try {
    const stage = await stageOf(world, services, everyMinutes)
    const taken = await lived(stage, everyMinutes, warmUp, count)
    await stage.rounds.mailer.close()
    await stage.rounds.table.close()
    return taken
  } finally {
    services.disconnect()
    await once(services, 'exit')
    await world.remove()
  }
}

async function stageOf(world: World, services: ChildProcess, everyMinutes: number): Promise<Stage> {
  const [told] = (await once(services, 'message')) as [Told]
  const s3 = { ...LOCAL, endpoint: told.s3, forcePathStyle: true }
  const client = new S3Client(s3)
  await client.send(new CreateBucketCommand({ Bucket: 'objects' }))
  client.destroy()
  await world.configure({
    sites: realSites(told.portal, { recipients: ['ops@example.com'] }),
    mail: { kind: 'ses', from: 'rounds@example.com' },
    retention: { keepDays: 35 },
    // As in the table of costs.
    ...(everyMinutes < 60 && { schedule: { samplesEveryMinutes: 60 } }),
  })
  const clock = { nowMs: MIDNIGHT_MS - DAY_MS }
  const rounds = openRounds(told, world.settings(), { now: () => clock.nowMs })
  return { world, rounds, services, clock }
}

async function lived(
  stage: Stage,
  everyMinutes: number,
  warmUp: number,
  count: number,
): Promise<DayTaken> {
  const { rounds, clock } = stage
  const taken: DayTaken = {
    ...{ rounds: [], quiet: [], mails: [], reports: [] },
    ...{ settlings: [], idle: [], cold: [] },
  }
  const isDaily = everyMinutes >= DAILY_MINUTES
  const beginMs = MIDNIGHT_MS + (isDaily ? 10 * MINUTE_MS : 8 * HOUR_MS)
  for (clock.nowMs += 6 * HOUR_MS; clock.nowMs < beginMs; clock.nowMs += 6 * HOUR_MS) {
    await grow(stage)
    await round(stage, taken)
  }
  clock.nowMs = beginMs
  await grow(stage)
  await round(stage, taken)
  await settle(rounds, { paced: true })
  await report(rounds)
  for (let nth = 1; nth <= warmUp + count; nth += 1) {
    clock.nowMs = beginMs + nth * everyMinutes * MINUTE_MS
    await grow(stage)
    const one = await round(stage, taken)
    if (nth > warmUp) taken.rounds.push(one)
    else taken.mails = []
    if ((nth * everyMinutes) % 60 > 0) continue
    const reported = await measured(stage, () => report(rounds))
    if (nth > warmUp) taken.reports.push(reported)
  }
  clock.nowMs += everyMinutes * MINUTE_MS
  await grow(stage)
  taken.cold.push(await coldRound(stage))
  for (let nth = 0; nth < 12; nth += 1) {
    clock.nowMs += Math.min(everyMinutes, 60) * MINUTE_MS
    const one = await round(stage, taken)
    if (nth >= 4) taken.quiet.push(one)
  }
  clock.nowMs += DAY_MS - ((clock.nowMs - MIDNIGHT_MS) % DAY_MS) + 3 * HOUR_MS
  await grow(stage)
  await round(stage, taken)
  taken.settlings.push(
    await measured(stage, async () => {
      await settle(rounds, { paced: true })
      await report(rounds)
    }),
  )
  for (let nth = 0; nth < 4; nth += 1) {
    clock.nowMs += HOUR_MS
    taken.idle.push(await measured(stage, () => settle(rounds, { paced: true })))
  }
  return taken
}

/** The files of the portals as they were at this time: of a running day some share of each. */
async function grow({ world, clock }: Stage): Promise<void> {
  for (const [path, bytes] of realWeekFiles()) {
    const [, year, month, day] = /(\d{4})(\d\d)(\d\d)\.txt$/.exec(path) ?? []
    const share = (clock.nowMs - Date.parse(`${year}-${month}-${day}T00:00:00+08:00`)) / DAY_MS
    if (!year || share <= 0 || share > 3) continue
    await world.write(path, bytes.subarray(0, Math.floor(bytes.length * Math.min(1, share))))
  }
}

/** A round in a process of its own, as in a function that has just started. */
async function coldRound({ rounds: { settings }, clock, services }: Stage): Promise<Taken> {
  const asked = JSON.stringify({ told: await toldBy(services), settings, nowMs: clock.nowMs })
  const child = fork(new URL('cpu-rounds.ts', import.meta.url), [asked])
  const exited = once(child, 'exit')
  const [cpuMs] = (await once(child, 'message')) as [number]
  await exited
  return { cpuMs, requests: 0, connections: 0, lines: 0 }
}

/** A round, its mails apart: a notify that sends none is the round's own. */
async function round(stage: Stage, taken: DayTaken): Promise<Taken> {
  const { rounds } = stage
  let behind: Awaited<ReturnType<typeof collect>> | undefined
  const collected = await measured(stage, async () => {
    behind = await collect(rounds, { via: 'round', paced: true })
  })
  if (behind!.failures.length > 0) throw behind!.failures[0]!.error
  let sent = 0
  const notified = await measured(stage, async () => {
    sent = (await notify(rounds, { behind: behind! })).sent.length
  })
  if (sent > 0) taken.mails.push({ cpuMs: notified.cpuMs, sent })
  const cpuMs = collected.cpuMs + (sent > 0 ? 0 : notified.cpuMs)
  return { ...collected, cpuMs, lines: behind!.totals.lines }
}

async function measured({ services }: Stage, act: () => Promise<unknown>): Promise<Taken> {
  const before = await toldBy(services)
  const from = process.cpuUsage()
  await act()
  const { user, system } = process.cpuUsage(from)
  const after = await toldBy(services)
  return {
    cpuMs: (user + system) / 1_000,
    requests: after.requests - before.requests,
    connections: after.connections - before.connections,
    lines: 0,
  }
}

async function toldBy(services: ChildProcess): Promise<Told> {
  services.send('tell')
  const [told] = (await once(services, 'message')) as [Told]
  return told
}

/** The mean over all calls, of one site. */
export function meanOfSite(all: readonly number[]): number {
  return all.reduce((sum, one) => sum + one, 0) / Math.max(1, all.length) / REAL_SITES.length
}
