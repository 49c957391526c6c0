import { beforeEach, describe, expect, it } from 'vitest'
import type { Settings, Site } from '../../lib/site.ts'
import { SETTINGS_HEAD } from '../../lib/store/keys.ts'
import { memoryTable } from '../../lib/store/memory.ts'
import {
  newestVersion,
  PART_SITES,
  partOf,
  readPart,
  readSites,
  readVersion,
  versionsOf,
  writeVersion,
} from '../../lib/store/settings-versions.ts'
import type { Table } from '../../lib/store/table.ts'
import { SITE } from '../ledger/portal.ts'

const site = (id: string): Site => ({ ...SITE, id, name: `Site ${id}`, siteIds: [id] })

const settings = (ids: string[], title = 'Rounds'): Settings => ({
  state: '',
  sites: ids.map(site),
  thresholds: {
    ...{ cpuPercent: 85, memoryPercent: 90, diskPercent: 85 },
    ...{ standsForMinutes: 15, expireAfterDays: 2, gapMinutes: 60 },
  },
  mail: { kind: 'outbox', from: 'rounds@example.org' },
  report: { title, languages: ['en'], todayEveryMinutes: 10 },
  retention: { keepDays: 35, settleAfterDays: 2 },
  schedule: { everyMinutes: 5, sitesAtOnce: 8 },
  serve: { port: 0 },
})

const FACTS = { atMs: 1_000, by: 'ops', note: '' }

let table: Table
beforeEach(() => {
  table = memoryTable()
})

describe('the settings of a fleet', () => {
  it('are none before the first version, and that is told with a way out', async () => {
    expect(await newestVersion(table)).toBe(0)
    await expect(readVersion(table, 0)).rejects.toMatchObject({
      code: 'settings-version',
      hint: expect.stringContaining('apply'),
    })
  })

  it('come back as they were written, the sites in the order of their ids', async () => {
    const ids = Array.from({ length: 2 * PART_SITES + 1 }, (_, n) => `s${(n * 7919) % 1_000}`)
    const own = settings([...new Set(ids)])
    expect(await writeVersion(table, own, { ...FACTS, after: 0 })).toBe(1)
    const version = await readVersion(table, 1)
    const { sites: _, ...common } = own
    expect(version.common).toEqual(common)
    const inOrder = [...own.sites].sort((one, other) => (one.id < other.id ? -1 : 1))
    expect(await readSites(table, version)).toEqual(inOrder)
    for (const one of [inOrder[0]!, inOrder[PART_SITES]!, inOrder.at(-1)!]) {
      const part = await readPart(table, version, partOf(version, one.id))
      expect(part.find(({ id }) => id === one.id)).toEqual(one)
    }
    expect(partOf(version, '!')).toBe(-1)
  })

  it('are a new version each time, and the old ones stay', async () => {
    await writeVersion(table, settings(['a']), { ...FACTS, after: 0, note: 'first' })
    await writeVersion(table, settings(['a', 'b']), { ...FACTS, after: 1, atMs: 2_000, note: '' })
    expect(await newestVersion(table)).toBe(2)
    expect(await versionsOf(table, 10)).toEqual([
      { version: 2, atMs: 2_000, by: 'ops', note: '', sites: 2 },
      { version: 1, atMs: 1_000, by: 'ops', note: 'first', sites: 1 },
    ])
    expect(await versionsOf(table, 1)).toHaveLength(1)
    expect(await readSites(table, await readVersion(table, 1))).toEqual([site('a')])
  })

  it('are not written over those that somebody else has applied meanwhile', async () => {
    const changed = { code: 'settings-changed', class: 'stop' }
    const both = ['a', 'b'].map((id) => writeVersion(table, settings([id]), { ...FACTS, after: 0 }))
    const done = await Promise.allSettled(both)
    expect(done.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
    const lost = done.find((one) => one.status === 'rejected')
    expect(lost?.reason).toMatchObject(changed)
    const late = writeVersion(table, settings(['c']), { ...FACTS, after: 0 })
    await expect(late).rejects.toMatchObject(changed)
    expect(await newestVersion(table)).toBe(1)
  })

  it('go on where a writer died before its version counted', async () => {
    const { replace } = table
    await writeVersion(table, settings(['a']), { ...FACTS, after: 0 })
    table.replace = async () => {
      throw new Error('killed')
    }
    const dies = writeVersion(table, settings(['a', 'b']), { ...FACTS, after: 1 })
    await expect(dies).rejects.toThrow('killed')
    table.replace = replace
    expect(await newestVersion(table)).toBe(1)
    expect(await writeVersion(table, settings(['c']), { ...FACTS, after: 1 })).toBe(3)
    expect(await newestVersion(table)).toBe(3)
    expect(await readSites(table, await readVersion(table, 3))).toEqual([site('c')])
    const numbers = async (limit: number) =>
      (await versionsOf(table, limit)).map(({ version }) => version)
    expect(await numbers(10)).toEqual([3, 1])
    expect(await numbers(1)).toEqual([3])
    expect(await numbers(2)).toEqual([3, 1])
  })

  it('count as many as did, however many writers died or were too late', async () => {
    let seed = 7
    const next = (most: number) => {
      seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31
      return Math.floor((seed / 2 ** 31) * most)
    }
    const { replace } = table
    const counted: number[] = []
    for (let turn = 0; turn < 40; turn += 1) {
      const dies = next(3) === 0
      table.replace = async (...given) => {
        if (dies) throw new Error('killed')
        return replace(...given)
      }
      const own = settings([`s${next(4)}`])
      const facts = { ...FACTS, after: await newestVersion(table) }
      const written = await writeVersion(table, own, facts).catch(() => 0)
      if (written > 0) counted.unshift(written)
    }
    expect(counted.length).toBeGreaterThan(10)
    expect(counted[0]).toBeGreaterThan(counted.length)
    expect((await versionsOf(table, 100)).map(({ version }) => version)).toEqual(counted)
    expect(await versionsOf(table, 5)).toHaveLength(5)
  })

  it('of another release are left alone', async () => {
    await table.create(SETTINGS_HEAD, { data: { format: 9, version: 1 } })
    await expect(newestVersion(table)).rejects.toMatchObject({ code: 'settings-format' })
  })
})
