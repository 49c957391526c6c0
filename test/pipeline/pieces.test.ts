import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { collect, notify, openAlarms, report } from '../../lib/pipeline.ts'
import { addDays } from '../../lib/time.ts'
import { growingWeek } from '../fixtures/growing-week.ts'
import { type Portal, portalServer } from '../fixtures/portal-server.ts'
import {
  FIRST_SERVICE_DAY,
  OPEN_WITH_EXPIRY,
  OPEN_WITHOUT_EXPIRY,
  REAL_DAYS,
  REAL_LINES,
  REAL_SITES,
  unpackRealWeek,
} from '../fixtures/real-week.ts'
import { type Known, knownOf } from '../fixtures/rounds-hash.ts'
import { filesBelow, newWorld, realSites, type World } from '../fixtures/rounds-world.ts'

/**
 * The real week in pieces: whatever the pieces and whatever the source, the state comes out the
 * same. Every round is the schedule's own: collect what is due, then notify.
 */

const WHOLE = { from: FIRST_SERVICE_DAY, to: REAL_DAYS.at(-1)! }
const BEFORE = { from: FIRST_SERVICE_DAY, to: '2026-11-06' }
const WEEK_LINES = REAL_SITES.map((id) => REAL_LINES[id]).flatMap((one) => Object.values(one))
const ALL_LINES = WEEK_LINES.reduce((sum, lines) => sum + lines, 0)

/** In so many pieces every file comes through the web server. */
const PIECES = 50

/** After the last round: everything was recorded and read. */
const AFTER_MS = Date.parse('2026-11-16T00:10:00+08:00')

/** The instant at which open alarms are compared: the end of the last day. */
const END_MS = Date.parse('2026-11-14T23:59:59+08:00')

/** The service files of the past, which stood there before the first round. */
const isPast = (path: string) => /sys_service\/.*_(2026(0|10)|2026110[1-6])/.test(path)

const closing: (() => Promise<void>)[] = []
afterAll(async () => {
  for (const close of closing.reverse()) await close()
})

async function worldOf(source: 'http' | 'directory', more: object = {}) {
  const world = await newWorld()
  closing.push(world.remove)
  let portal: Portal | undefined
  if (source === 'http') {
    portal = await portalServer(world.portals)
    closing.push(portal.close)
  }
  const sites = realSites(portal?.url, { recipients: ['ops@example.com'] })
  await world.configure({ sites, ...more })
  return world
}

/** Everything at once, from files that stand there whole. */
async function inOnePass(source: 'http' | 'directory'): Promise<Known> {
  const world = await worldOf(source)
  await unpackRealWeek(world.portals)
  const rounds = world.open({ now: () => AFTER_MS })
  await collect(rounds, { via: 'round', range: WHOLE })
  const known = await knownOf(rounds, WHOLE, END_MS)
  await rounds.close()
  return known
}

interface Grown {
  world: World
  known: Known
  rounds: number
  lines: number
  failures: unknown[]
  /** Open alarms after the last round of each day, as of the day's end, by site. */
  open: Record<string, number[]>
  /** Every mail that went out: what it was about, and to whom. */
  mailed: number
  /** Alarms in those mails, each time one was in one. */
  mailedAlarms: number
  clock: { now(): number }
}

/** The week as it came to be: one round of the schedule after each piece. */
async function inPieces(source: 'http' | 'directory', pieces: number): Promise<Grown> {
  const world = await worldOf(source)
  await unpackRealWeek(world.portals, isPast)
  let nowMs = Date.parse('2026-11-08T00:00:10+08:00')
  const clock = { now: () => nowMs }
  const rounds = world.open(clock)
  const open: Grown['open'] = Object.fromEntries(REAL_SITES.map((id) => [id, []]))
  const grown = { rounds: 0, lines: 0, mailed: 0, mailedAlarms: 0, failures: [] as unknown[] }
  const past = await collect(rounds, { via: 'backfill', range: BEFORE })
  grown.lines += past.totals.lines
  for (const step of growingWeek(`${pieces} pieces`, pieces)) {
    for (const [path, bytes] of step.files) await world.write(path, bytes)
    nowMs = step.atMs
    const collected = await collect(rounds, { via: 'round', paced: true })
    const notified = await notify(rounds)
    grown.rounds += 1
    grown.lines += collected.totals.lines
    grown.failures.push(...collected.failures, ...notified.failures)
    grown.mailed += notified.sent.length
    grown.mailedAlarms += notified.sent.reduce((sum, { alarms }) => sum + alarms, 0)
    if (!step.last || !REAL_DAYS.includes(step.day)) continue
    for (const site of rounds.settings.sites) {
      const endMs = Date.parse(`${step.day}T23:59:59+08:00`)
      open[site.id]!.push((await openAlarms(rounds, site, endMs)).length)
    }
  }
  const known = await knownOf(rounds, WHOLE, END_MS)
  await rounds.close()
  return { world, known, open, clock, ...grown }
}

describe('the real week in pieces', () => {
  let whole: Known
  let grown: Grown

  beforeAll(async () => {
    whole = await inOnePass('http')
    grown = await inPieces('http', PIECES)
  }, 120_000)

  it('is read whole in one pass', () => {
    expect(whole).toMatchObject({ rows: ALL_LINES, rejects: 0, open: 8 + 8 + 12 })
  })

  it(`comes out the same from ${PIECES} pieces a file, with a round after each`, () => {
    expect(grown.rounds).toBe(PIECES * REAL_DAYS.length + 2)
    expect(grown.failures).toEqual([])
    expect(grown.lines).toBe(ALL_LINES)
    expect(grown.known).toEqual(whole)
  })

  it('had the open alarms of its table in the book at the end of each day', () => {
    expect(grown.open).toEqual(OPEN_WITH_EXPIRY)
  })

  it('has them again when it is asked for the past', async () => {
    const { world } = grown
    const sites = realSites()
    await world.configure({ sites, thresholds: { expireAfterDays: 3_650 } }, 'nothing-expires.yaml')
    for (const [options, table] of [
      [[], OPEN_WITH_EXPIRY],
      [['--config', 'nothing-expires.yaml'], OPEN_WITHOUT_EXPIRY],
    ] as const) {
      const open: Record<string, number[]> = Object.fromEntries(REAL_SITES.map((id) => [id, []]))
      for (const day of REAL_DAYS) {
        const at = `${day}T23:59:59+08:00`
        const all = await world.json<{ site: string }[]>('alarms', '--at', at, ...options)
        for (const id of REAL_SITES) open[id]!.push(all.filter(({ site }) => site === id).length)
      }
      expect(open).toEqual(table)
    }
  })

  it('mailed each alarm that stood long enough once', async () => {
    // What stands for good was mailed; what recovered within a round or two was mostly not.
    expect(grown.mailedAlarms).toBeGreaterThanOrEqual(34 + 29 + 16)
    expect(grown.mailedAlarms).toBeLessThan(3_000)
    const mails = await filesBelow(join(grown.world.folder, 'var', 'outbox'))
    expect(Object.keys(mails)).toHaveLength(grown.mailed)
  })

  it('is at rest afterwards: one more round adds, mails and rewrites nothing', async () => {
    const { world, clock } = grown
    const rounds = world.open(clock)
    const range = { from: REAL_DAYS[0]!, to: addDays(REAL_DAYS.at(-1)!, 1) }
    await report(rounds, { range })
    const before = await filesBelow(join(world.folder, 'var', 'site'))
    const collected = await collect(rounds, { via: 'round', range: WHOLE })
    expect(collected).toMatchObject({ files: [], failures: [], totals: { lines: 0, bytes: 0 } })
    expect(await notify(rounds)).toMatchObject({ sent: [], failures: [] })
    expect(await report(rounds, { range })).toMatchObject({ published: [], failures: [] })
    await rounds.close()
    expect(await filesBelow(join(world.folder, 'var', 'site'))).toEqual(before)
  })

  it('comes out the same from a folder, in one pass or in other pieces', async () => {
    expect(await inOnePass('directory')).toEqual(whole)
    const other = await inPieces('directory', 12)
    expect(other.failures).toEqual([])
    expect(other.known).toEqual(whole)
    expect(other.open).toEqual(OPEN_WITH_EXPIRY)
  }, 120_000)
})
