import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { type Portal, portalServer } from '../fixtures/portal-server.ts'
import {
  FIRST_SERVICE_DAY,
  OPEN_WITH_EXPIRY,
  OPEN_WITHOUT_EXPIRY,
  REAL_BYTES,
  REAL_DAYS,
  REAL_LINES,
  REAL_SITES,
  unpackRealWeek,
} from '../fixtures/real-week.ts'
import { filesBelow, newWorld, realSites, type World } from '../fixtures/rounds-world.ts'

/** The real week through the real program: a web server, SQLite on disk, every command. */

interface Counts {
  site: string
  day: string
  feed: 'system' | 'alarm' | 'service'
  coverage: string
  generation: number
  bytes: number
  lines: number
  readings: number
  rejects: number
  unknown: number
  blank: number
}

const WHOLE = ['--from', FIRST_SERVICE_DAY, '--to', '2026-11-14']
const WEEK = ['--from', REAL_DAYS[0]!, '--to', REAL_DAYS.at(-1)!]
const REPORT = ['report', '--from', '2026-11-08', '--to', '2026-11-14']

let world: World
let portal: Portal
let first: { files: Counts[]; totals: Record<string, number>; failures: unknown[] }

beforeAll(async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.parse('2026-11-16T12:00:00+08:00') })
  world = await newWorld()
  await unpackRealWeek(world.portals)
  portal = await portalServer(world.portals)
  const sites = realSites(portal.url, { recipients: ['ops@example.com'] })
  const alarmDictionary = './portals/alarm_dictionary.csv'
  await world.configure({ sites, alarmDictionary })
  const thresholds = { expireAfterDays: 3_650 }
  await world.configure({ sites, alarmDictionary, thresholds }, 'nothing-expires.yaml')
  first = await world.json('collect', ...WHOLE)
}, 60_000)

afterAll(async () => {
  vi.useRealTimers()
  await portal?.close()
  await world?.remove()
})

/** How many alarms each site has open at the end of each day. */
async function openByDay(...options: string[]): Promise<Record<string, number[]>> {
  const open: Record<string, number[]> = Object.fromEntries(REAL_SITES.map((id) => [id, []]))
  for (const day of REAL_DAYS) {
    const at = `${day}T23:59:59+08:00`
    const alarms = await world.json<{ site: string }[]>('alarms', '--at', at, ...options)
    for (const id of REAL_SITES) open[id]!.push(alarms.filter(({ site }) => site === id).length)
  }
  return open
}

function sumOf(rows: readonly Counts[], site: string, feed: string): number {
  return rows
    .filter((row) => row.site === site && row.feed === feed)
    .reduce((sum, row) => sum + row.lines, 0)
}

describe('the real week', () => {
  it('is read to the line: every line a reading', async () => {
    expect(first.failures).toEqual([])
    const rows = await world.json<Counts[]>('status', ...WHOLE)
    for (const id of REAL_SITES) {
      const { system, alarm, service } = REAL_LINES[id]
      for (const [feed, lines] of Object.entries({ system, alarm, service })) {
        expect([id, feed, sumOf(rows, id, feed)]).toEqual([id, feed, lines])
        expect([id, feed, sumOf(first.files, id, feed)]).toEqual([id, feed, lines])
      }
      const bytes = rows.filter(({ site }) => site === id).reduce((sum, row) => sum + row.bytes, 0)
      expect(bytes).toBe(REAL_BYTES[id])
    }
    const lines = Object.values(REAL_LINES).flatMap((one) => Object.values(one))
    const sum = lines.reduce((all, count) => all + count, 0)
    const bytes = Object.values(REAL_BYTES).reduce((all, count) => all + count, 0)
    expect(first.totals).toEqual({
      lines: sum,
      readings: sum,
      rejects: 0,
      unknown: 0,
      blank: 0,
      bytes,
    })
  })

  it('is covered whole, every day and feed', async () => {
    const rows = await world.json<Counts[]>('status', ...WEEK)
    expect(rows).toHaveLength(REAL_SITES.length * REAL_DAYS.length * 3)
    expect(rows.filter(({ coverage }) => coverage !== 'complete')).toEqual([])
  })

  it('has the open alarms of its table at the end of each day, the old ones expired', async () => {
    expect(await openByDay()).toEqual(OPEN_WITH_EXPIRY)
  })

  it('has the open alarms of its table when none expires', async () => {
    expect(await openByDay('--config', 'nothing-expires.yaml')).toEqual(OPEN_WITHOUT_EXPIRY)
  })

  it('says the same now as at this instant: the book agrees with all rows', async () => {
    const now = await world.json<unknown[]>('alarms', '--config', 'nothing-expires.yaml')
    expect(now).toHaveLength(34 + 29 + 16)
    const at = ['--at', '2026-11-15T00:10:00+08:00']
    expect(await world.json('alarms', ...at, '--config', 'nothing-expires.yaml')).toEqual(now)
  })

  it('read a second time adds no line, sends no mail, and rewrites no page', async () => {
    await world.json('notify', '--config', 'nothing-expires.yaml')
    const pages = await world.json<{ published: string[]; unchanged: number }>(...REPORT)
    expect(pages.published.length).toBeGreaterThanOrEqual(REAL_SITES.length * REAL_DAYS.length * 2)
    expect(pages.unchanged).toBe(0)
    const before = await filesBelow(join(world.folder, 'var', 'site'))
    const mails = await filesBelow(join(world.folder, 'var', 'outbox'))
    expect(Object.keys(mails)).toHaveLength(REAL_SITES.length)

    const again = await world.json<typeof first>('collect', ...WHOLE)
    expect(again.files).toEqual([])
    expect(again.totals).toMatchObject({ lines: 0, bytes: 0 })
    const notified = await world.json<{ sent: unknown[]; waiting: number }>(
      'notify',
      '--config',
      'nothing-expires.yaml',
    )
    expect(notified).toEqual({ sent: [], waiting: 0 })
    expect(await world.json(...REPORT)).toEqual({
      published: [],
      unchanged: pages.published.length,
    })
    expect(await filesBelow(join(world.folder, 'var', 'site'))).toEqual(before)
    expect(await filesBelow(join(world.folder, 'var', 'outbox'))).toEqual(mails)
  })
})
