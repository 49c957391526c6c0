import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { collect, settle } from '../../lib/pipeline.ts'
import { FEEDS, type Feed } from '../../lib/site.ts'
import { ledgerPartition } from '../../lib/store/keys.ts'
import type { Clock } from '../../lib/time.ts'
import { REAL_DAYS, REAL_LINES, REAL_SITES, unpackRealWeek } from '../fixtures/real-week.ts'
import { type Known, knownOf } from '../fixtures/rounds-hash.ts'
import { folderSite, newWorld, type World } from '../fixtures/rounds-world.ts'

/** The real week, settled: its proofs are those of its files, and its archive is the ledger. */

const WEEK = { from: REAL_DAYS[0]!, to: REAL_DAYS.at(-1)! }
const END_MS = Date.parse('2026-11-14T23:59:59+08:00')

let world: World
let rounds: ReturnType<World['open']>
let before: Known
const clock: Clock & { nowMs: number } = {
  nowMs: Date.parse('2026-11-15T02:30:00+08:00'),
  now: () => clock.nowMs,
}

beforeAll(async () => {
  world = await newWorld()
  await unpackRealWeek(world.portals)
  await world.configure({ sites: REAL_SITES.map((id) => folderSite(id)) })
  rounds = world.open(clock)
  await collect(rounds, { via: 'round', range: WEEK })
  before = await knownOf(rounds, WEEK, END_MS)
}, 60_000)

afterAll(async () => {
  await rounds?.close()
  await world?.remove()
})

const files = REAL_SITES.flatMap((site) =>
  REAL_DAYS.flatMap((day) => FEEDS.map((feed) => ({ site, day, feed }))),
)

describe('the real week, settled', () => {
  it('has a proof of every file: its bytes, its SHA-256, its lines', async () => {
    const { closed, late, failures } = await settle(rounds)
    expect({ late, failures }).toEqual({ late: [], failures: [] })
    expect(closed).toHaveLength(files.length)
    for (const { site, day, feed, close, added } of closed) {
      const name = { system: 'sys_monitor/system_info', alarm: 'sys_alarm/system_alarm' }
      const path = feed === 'service' ? 'sys_service/system_service' : name[feed]
      const file = `${path}_${day.replaceAll('-', '')}.txt`
      const bytes = await readFile(join(world.portals, site, file))
      const sha256 = createHash('sha256').update(bytes).digest('hex')
      expect(added).toBe(0)
      expect(close.proof).toMatchObject({ compared: true, bytes: bytes.length, sha256 })
    }
    const lines = (site: (typeof REAL_SITES)[number], feed: Feed) =>
      closed
        .filter((one) => one.site === site && one.feed === feed)
        .reduce((sum, { close }) => sum + close.proof.lines, 0)
    for (const site of REAL_SITES) {
      expect(lines(site, 'alarm')).toBe(REAL_LINES[site].alarm)
      expect(lines(site, 'system')).toBe(REAL_LINES[site].system)
    }
  }, 60_000)

  it('is settled once more two days later, as it was, and then no more', async () => {
    expect((await settle(rounds)).closed).toEqual([])
    clock.nowMs = Date.parse('2026-11-17T02:00:00+08:00')
    const { closed } = await settle(rounds)
    expect(closed.every(({ unchanged }) => unchanged)).toBe(true)
    // The days before them were two days old at their first settling.
    const days = closed.map(({ day }) => day)
    expect([...new Set(days)].sort()).toEqual(['2026-11-13', '2026-11-14'])
    expect(days).toHaveLength(2 * FEEDS.length * REAL_SITES.length)
    expect((await settle(rounds)).closed).toEqual([])
  }, 60_000)

  it('is the same from the archive alone, when every record has left the table', async () => {
    let dropped = 0
    for (const { site, feed, day } of files) {
      for (const item of await rounds.table.list(ledgerPartition(site, feed, day))) {
        if (item.data.kind === 'close') continue
        expect(item.expiresAt).toBeGreaterThan(clock.nowMs)
        await rounds.table.remove(item, item.version)
        dropped += 1
      }
    }
    expect(dropped).toBeGreaterThanOrEqual(files.length)
    expect(await knownOf(rounds, WEEK, END_MS)).toEqual(before)
    // Nor does a round over the same files find anything new.
    const { totals } = await collect(rounds, { via: 'round', range: WEEK })
    expect(totals.lines).toBe(0)
  }, 60_000)
})
