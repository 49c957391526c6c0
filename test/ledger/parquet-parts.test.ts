import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { PlacedSite } from '../../lib/ledger/days.ts'
import type { LedgerStore } from '../../lib/ledger/ledger.ts'
import { exportDay, parquetPath, partsOf } from '../../lib/ledger/parquet-parts.ts'
import { parquetPartition } from '../../lib/store/keys.ts'
import { failingTable } from './failing-table.ts'
import { alarms, DAY, type ParquetWorlds, parquetWorlds, siteOf, sitesOf } from './parquet-world.ts'

const NOTHING = { written: [], removed: [], unchanged: 0, contended: [] }

let parquet: ParquetWorlds

beforeAll(async () => {
  parquet = await parquetWorlds()
})
afterAll(() => parquet.close())
beforeEach(() => parquet.begin())
afterEach(() => parquet.end())

const world = () => parquet.world()

describe('the parts of a fleet’s day', () => {
  it('are powers of two, hold some 64 sites, and every site just once', () => {
    const counts = [1, 64, 65, 128, 129, 1_000, 100_000].map((sites) => {
      const parts = [...partsOf(sitesOf(sites), sites).values()]
      expect(new Set(parts.flat().map(({ site }) => site.id)).size).toBe(sites)
      for (const part of parts) expect(part.length).toBeLessThan(120)
      return [sites, parts.length]
    })
    expect(counts).toEqual([
      [1, 1],
      [64, 1],
      [65, 2],
      [128, 2],
      [129, 4],
      [1_000, 16],
      [100_000, 2_048],
    ])
  })

  it('stay as they are when a site comes or goes, but for that site', () => {
    const before = partsOf(sitesOf(100), 100)
    for (const [part, members] of partsOf(sitesOf(101), 101)) {
      expect(members.filter(({ site }) => site.id !== 's100')).toEqual(before.get(part))
    }
  })

  it('hold their sites in order of their ids, however they are configured', () => {
    const ids = (sites: PlacedSite[]) =>
      partsOf(sites, sites.length)
        .get('0-of-1')!
        .map(({ site }) => site.id)
    expect(ids([siteOf('b'), siteOf('A'), siteOf('a')])).toEqual(['A', 'a', 'b'])
  })
})

describe('an export of a day', () => {
  const [a, b, c] = [siteOf('a'), siteOf('b'), siteOf('c')]
  const path = parquetPath('alarm', DAY, '0-of-1')

  it('writes what the ledgers hold, and nothing when called again', async () => {
    const { store, read, found } = world()
    await read(a, 'alarm', alarms('a', 'xyx'))
    await read(b, 'alarm', alarms('b', 'z'))
    const written = { ...NOTHING, written: [path] }
    expect(await exportDay(store, [b, a, c], 'alarm', DAY)).toEqual(written)
    expect(path).toBe('parquet/feed=alarm/day=2026-11-10/part-0-of-1.parquet')
    expect(await found()).toEqual({ a: 'xyx', b: 'z' })

    const puts: string[] = []
    const watched = { ...store.archive, put: async (put: string) => void puts.push(put) }
    const again = await exportDay({ ...store, archive: watched }, [a, b, c], 'alarm', DAY)
    expect(again).toEqual({ ...NOTHING, unchanged: 1 })
    expect(puts).toEqual([])
  })

  it('makes the same bytes of the same readings', async () => {
    const { store, read } = world()
    await read(a, 'alarm', alarms('a', 'xyx'))
    await exportDay(store, [a], 'alarm', DAY)
    const first = await store.archive.get(path)
    const note = await store.table.get({
      partition: parquetPartition('alarm', DAY),
      sort: '0-of-1',
    })
    await store.table.remove(note!, note!.version)
    await exportDay(store, [a], 'alarm', DAY)
    expect(await store.archive.get(path)).toEqual(first)
  })

  it('writes again just the part of a site that has new lines', async () => {
    const { store, read, found } = world()
    const fleet = sitesOf(100)
    for (const one of fleet) await read(one, 'alarm', alarms(one.site.id, 'x'))
    expect((await exportDay(store, fleet, 'alarm', DAY)).written).toHaveLength(2)
    await read(fleet[7]!, 'alarm', alarms('s7', 'xy'))
    const part = [...partsOf(fleet, fleet.length)].find(([, members]) =>
      members.includes(fleet[7]!),
    )![0]
    expect(await exportDay(store, fleet, 'alarm', DAY)).toEqual({
      ...NOTHING,
      written: [parquetPath('alarm', DAY, part)],
      unchanged: 1,
    })
    const names = await found()
    expect(names.s7).toBe('xy')
    expect(Object.keys(names)).toHaveLength(100)
  })

  it('leaves each site once when the fleet grows or shrinks over a power of two', async () => {
    const { store, read, found } = world()
    const fleet = sitesOf(70)
    for (const one of fleet) await read(one, 'alarm', alarms(one.site.id, 'x'))
    const few = fleet.slice(0, 60)
    for (const sites of [few, fleet, few]) {
      const { written, removed } = await exportDay(store, sites, 'alarm', DAY)
      expect(written).toHaveLength(sites === few ? 1 : 2)
      const present = await store.archive.list('parquet/')
      expect(present).toEqual([...written].sort())
      expect(removed.filter((one) => present.includes(one))).toEqual([])
      expect(await found()).toEqual(Object.fromEntries(sites.map(({ site }) => [site.id, 'x'])))
    }
  })

  it('has no file when no site has anything, and removes one that no site is left of', async () => {
    const { store, read } = world()
    expect(await exportDay(store, [a, b], 'alarm', DAY)).toEqual(NOTHING)
    expect(await exportDay(store, [], 'alarm', DAY)).toEqual(NOTHING)
    await read(a, 'alarm', alarms('a', 'x'))
    await exportDay(store, [a, b], 'alarm', DAY)
    expect(await exportDay(store, [b], 'alarm', DAY)).toEqual({ ...NOTHING, removed: [path] })
    expect(await store.archive.list('')).toEqual([])
    expect(await exportDay(store, [b], 'alarm', DAY)).toEqual(NOTHING)
  })

  it('of day files without readings is a file without rows', async () => {
    const { store, read, found } = world()
    await read(a, 'alarm', 'no line of ours\n')
    expect((await exportDay(store, [a], 'alarm', DAY)).written).toEqual([path])
    expect(await found()).toEqual({})
  })

  it('is made again when a setting changes that readings depend on', async () => {
    const { store, read } = world()
    await read(a, 'system', `h|i|a|mem|1|1|1|1|${DAY} 01:00:00\n`)
    await exportDay(store, [a], 'system', DAY)
    const used = async () => {
      const file = join(parquet.folder, parquetPath('system', DAY, '0-of-1'))
      return parquet.duck.rows(`SELECT mem_used_bytes AS used FROM read_parquet('${file}')`)
    }
    expect(await used()).toEqual([{ used: 1n }])
    const renamed = siteOf('a', { name: 'Another name', recipients: ['ops@example.com'] })
    expect((await exportDay(store, [renamed], 'system', DAY)).unchanged).toBe(1)
    const inMiB = siteOf('a', { units: 'MiB' })
    expect((await exportDay(store, [inMiB], 'system', DAY)).written).toHaveLength(1)
    expect(await used()).toEqual([{ used: 1_048_576n }])
  })

  it('holds the newest generation of a site that wants rewritten files replaced', async () => {
    const { store, read, found } = world()
    const replacing = siteOf('b', { onRewrite: 'replace' })
    for (const one of [a, replacing]) {
      await read(one, 'alarm', alarms(one.site.id, 'xyz'))
      await read(one, 'alarm', alarms(one.site.id, 'zw'))
    }
    await exportDay(store, [a, replacing], 'alarm', DAY)
    expect(await found()).toEqual({ a: 'xyzw', b: 'zw' })
  })

  it('marks the service line that counts', async () => {
    const { store, read } = world()
    const line = (calls: number) => `a|1|2|3|${calls}|5|6|7|${DAY} 00:10:00\n`
    await read(a, 'service', line(10) + line(11))
    // The site takes its last line back: the first one counts again, and both were seen.
    await read(a, 'service', line(10))
    await exportDay(store, [a], 'service', DAY)
    const file = join(parquet.folder, parquetPath('service', DAY, '0-of-1'))
    const rows = await parquet.duck.rows(
      `SELECT call_times::INTEGER AS calls, stands FROM read_parquet('${file}') ORDER BY "row"`,
    )
    expect(rows).toEqual([
      { calls: 10, stands: true },
      { calls: 11, stands: false },
    ])
  })

  it('marks the last service line left when the one that counted is not read', async () => {
    const { store, read } = world()
    const both = siteOf('a', { siteIds: ['a', 'b'] })
    const line = (id: string, calls: number) => `${id}|1|2|3|${calls}|5|6|7|${DAY} 00:10:00\n`
    await read(both, 'service', line('a', 10) + line('a', 11) + line('b', 12))
    await exportDay(store, [a], 'service', DAY)
    const file = join(parquet.folder, parquetPath('service', DAY, '0-of-1'))
    const rows = await parquet.duck.rows(
      `SELECT call_times::INTEGER AS calls, stands FROM read_parquet('${file}') ORDER BY "row"`,
    )
    expect(rows).toEqual([
      { calls: 10, stands: false },
      { calls: 11, stands: true },
    ])
  })

  it('leaves a file as it was while a ledger cannot be read', async () => {
    const { store, read, found } = world()
    await read(a, 'alarm', alarms('a', 'x'))
    await exportDay(store, [a, b], 'alarm', DAY)
    await read(b, 'alarm', alarms('b', 'y'))
    const list: LedgerStore['table']['list'] = async (partition, range) => {
      if (partition.startsWith('ledger#b')) throw new Error('no answer')
      return store.table.list(partition, range)
    }
    const broken = { ...store, table: { ...store.table, list } }
    await expect(exportDay(broken, [a, b], 'alarm', DAY)).rejects.toThrow('no answer')
    expect(await found()).toEqual({ a: 'x' })
    await exportDay(store, [a, b], 'alarm', DAY)
    expect(await found()).toEqual({ a: 'x', b: 'y' })
  })

  it.each(['before', 'after', 'done-but-refused'] as const)(
    'that fails %s any operation of the table is made good by the next one',
    async (failure) => {
      let operations = Number.POSITIVE_INFINITY
      for (let failsAt = 1; failsAt <= operations; failsAt += 1) {
        const { store, read, found } = world()
        const fleet = sitesOf(66)
        const chosen = fleet.slice(0, 3)
        for (const one of chosen) await read(one, 'alarm', alarms(one.site.id, 'x'))
        await exportDay(store, chosen, 'alarm', DAY)
        await read(chosen[1]!, 'alarm', alarms('s1', 'xy'))
        // All at once: parts of another number, one that changes, and many without anything.
        const table = failingTable(store.table, failsAt, failure)
        await exportDay({ ...store, table }, fleet, 'alarm', DAY).catch(() => undefined)
        operations = table.operations() < failsAt ? 0 : operations
        await exportDay(store, fleet, 'alarm', DAY)
        expect([failsAt, await found()]).toEqual([failsAt, { s0: 'x', s1: 'xy', s2: 'x' }])
        const last = await exportDay(store, fleet, 'alarm', DAY)
        expect(last).toEqual({ ...NOTHING, unchanged: (await store.archive.list('')).length })
        await rm(join(parquet.folder, 'parquet'), { recursive: true, force: true })
      }
    },
  )

  it('that another worker has written of less meanwhile is written once more', async () => {
    const { store, read, found } = world()
    await read(a, 'alarm', alarms('a', 'x'))
    await exportDay(store, [a], 'alarm', DAY)
    await read(a, 'alarm', alarms('a', 'xy'))
    // It has noted what it wrote when this one has just read what was noted before.
    let isFirst = true
    const list: LedgerStore['table']['list'] = async (partition, range) => {
      const items = await store.table.list(partition, range)
      if (isFirst && partition === parquetPartition('alarm', DAY)) {
        isFirst = false
        for (const { version, data, ...key } of items) {
          await store.table.replace(key, version, { data: { ...data, digest: 'of less' } })
        }
      }
      return items
    }
    const late = await exportDay({ ...store, table: { ...store.table, list } }, [a], 'alarm', DAY)
    expect(late).toEqual({ ...NOTHING, written: [path] })
    expect(await found()).toEqual({ a: 'xy' })
    expect(await exportDay(store, [a], 'alarm', DAY)).toEqual({ ...NOTHING, unchanged: 1 })
  })

  it('that another worker overtakes never leaves older readings as done', async () => {
    const { store, read, found } = world()
    await read(a, 'alarm', alarms('a', 'x'))
    // The slow one has made its file when another one reads on and writes: then its own comes last.
    let overtaken = false
    const slow: LedgerStore['archive'] = {
      ...store.archive,
      async put(...put) {
        if (!overtaken) {
          overtaken = true
          await read(a, 'alarm', alarms('a', 'xy'))
          const other = await exportDay(store, [a], 'alarm', DAY)
          expect(other.written).toEqual([path])
          expect(await found()).toEqual({ a: 'xy' })
        }
        await store.archive.put(...put)
      },
    }
    const late = await exportDay({ ...store, archive: slow }, [a], 'alarm', DAY)
    expect(late).toEqual({ ...NOTHING, contended: [path] })
    expect((await exportDay(store, [a], 'alarm', DAY)).written).toEqual([path])
    expect(await found()).toEqual({ a: 'xy' })
    expect((await exportDay(store, [a], 'alarm', DAY)).unchanged).toBe(1)
  })

  it('that comes last while another one is at it is not taken for the other one’s', async () => {
    const { store, read, found } = world()
    await read(a, 'alarm', alarms('a', 'x'))
    /** An archive whose put waits for `gate` before it puts, or behind it. */
    const gated = (gate: Promise<void>, when: 'before' | 'behind', put: () => void) => ({
      ...store,
      archive: {
        ...store.archive,
        async put(...object: Parameters<typeof store.archive.put>) {
          if (when === 'before') await gate
          await store.archive.put(...object)
          put()
          if (when === 'behind') await gate
        },
      },
    })
    let second = () => {}
    let first = () => {}
    const secondPut = new Promise<void>((resolve) => (second = resolve))
    const firstDone = new Promise<void>((resolve) => (first = resolve))
    // One claims, then the other; the other puts the newer file, then the one its older file.
    const one = exportDay(
      gated(secondPut, 'before', () => {}),
      [a],
      'alarm',
      DAY,
    ).finally(first)
    await read(a, 'alarm', alarms('a', 'xy'))
    const other = exportDay(gated(firstDone, 'behind', second), [a], 'alarm', DAY)
    expect((await one).contended).toEqual([path])
    expect((await other).contended).toEqual([path])
    await exportDay(store, [a], 'alarm', DAY)
    expect(await found()).toEqual({ a: 'xy' })
  })

  it('of a format that this release does not know is left alone', async () => {
    const { store, read } = world()
    await read(a, 'alarm', alarms('a', 'x'))
    const key = { partition: parquetPartition('alarm', DAY), sort: '0-of-1' }
    await store.table.create(key, { data: { format: 99 } })
    await expect(exportDay(store, [a], 'alarm', DAY)).rejects.toMatchObject({
      code: 'parquet-format',
      class: 'skip',
    })
    expect(await store.archive.list('')).toEqual([])
  })
})
