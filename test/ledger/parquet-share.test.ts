import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { PlacedSite } from '../../lib/ledger/days.ts'
import {
  exportDay,
  type FleetShare,
  isUnknown,
  parquetPath,
  partsOf,
} from '../../lib/ledger/parquet-parts.ts'
import { parquetPartition } from '../../lib/store/keys.ts'
import { failingTable } from './failing-table.ts'
import { alarms, DAY, type ParquetWorlds, parquetWorlds, sitesOf } from './parquet-world.ts'

const NOTHING = { written: [], removed: [], unchanged: 0, contended: [] }

let parquet: ParquetWorlds

beforeAll(async () => {
  parquet = await parquetWorlds()
})
afterAll(() => parquet.close())
beforeEach(() => parquet.begin())
afterEach(() => parquet.end())

/** A share of a fleet that can look up the other sites of it. */
function shareOf(fleet: readonly PlacedSite[], asked: string[] = []): FleetShare {
  const size = fleet.length
  const sitesOf = async (part: string) => {
    asked.push(part)
    return partsOf(fleet, size).get(part) ?? []
  }
  return { size, sitesOf }
}

const everyOf = (fleet: readonly PlacedSite[], names = 'x') =>
  Object.fromEntries(fleet.map(({ site }) => [site.id, names]))

/** A day that was exported when the fleet was smaller, or larger, than it is now. */
async function exportedBefore(before: number, now: number) {
  const { store, read, found } = parquet.world()
  const all = sitesOf(Math.max(before, now))
  for (const one of all) await read(one, 'alarm', alarms(one.site.id, 'x'))
  await exportDay(store, all.slice(0, before), 'alarm', DAY)
  return { store, read, found, fleet: all.slice(0, now) }
}

describe('an export of a share of a fleet', () => {
  it('comes to the same files part by part, each with its own sites alone', async () => {
    const { store, found, fleet } = await exportedBefore(0, 150)
    const asked: string[] = []
    for (const [part, members] of partsOf(fleet, fleet.length)) {
      const share = shareOf(fleet, asked)
      const exported = await exportDay(store, members, 'alarm', DAY, share)
      expect(exported).toEqual({ ...NOTHING, written: [parquetPath('alarm', DAY, part)] })
    }
    expect(asked).toEqual([])
    expect(await found()).toEqual(everyOf(fleet))
    expect(await exportDay(store, fleet, 'alarm', DAY)).toEqual({ ...NOTHING, unchanged: 4 })
  })

  it.each([
    [64, 65],
    [100, 150],
    [60, 150],
    [150, 100],
  ])('of a day of %i sites loses nobody when the fleet is of %i', async (before, now) => {
    const { store, found, fleet } = await exportedBefore(before, now)
    for (const members of partsOf(fleet, now).values()) {
      await exportDay(store, members, 'alarm', DAY, shareOf(fleet))
      expect(await found()).toMatchObject(everyOf(fleet.slice(0, before)))
    }
    expect(await found()).toEqual(everyOf(fleet))
    const whole = await exportDay(store, fleet, 'alarm', DAY)
    expect(whole).toEqual({ ...NOTHING, unchanged: partsOf(fleet, now).size })
  })

  it('that is killed while it makes way leaves to others what it took away', async () => {
    let operations = Number.POSITIVE_INFINITY
    for (let failsAt = 1; failsAt <= operations; failsAt += 8) {
      const { store, found, fleet } = await exportedBefore(60, 130)
      const parts = [...partsOf(fleet, fleet.length).values()]
      const share = shareOf(fleet)
      const table = failingTable(store.table, failsAt, 'after')
      await exportDay({ ...store, table }, parts[0]!, 'alarm', DAY, share).catch(() => undefined)
      operations = table.operations() < failsAt ? 0 : operations
      // The next settlings come by here, of whatever day they are.
      for (const members of parts.toReversed()) {
        if (!(await isUnknown(store.table, 'alarm', DAY))) continue
        await exportDay(store, members, 'alarm', DAY, share)
      }
      const names = await found()
      expect(names, `operation ${failsAt}`).toMatchObject(everyOf(fleet.slice(0, 60)))
      await parquet.end()
      await parquet.begin()
    }
  })

  it.each([
    [60, 150],
    [150, 100],
  ])('beside those of all other parts comes to the same (%i to %i)', async (before, now) => {
    const { store, read, found, fleet } = await exportedBefore(before, now)
    for (const one of fleet) await read(one, 'alarm', alarms(one.site.id, 'xy'))
    const parts = [...partsOf(fleet, now).values()]
    const share = shareOf(fleet)
    const all = parts.map((members) => exportDay(store, members, 'alarm', DAY, share))
    await Promise.all(all)
    if (await isUnknown(store.table, 'alarm', DAY)) {
      for (const members of parts) await exportDay(store, members, 'alarm', DAY, share)
    }
    expect(await found()).toEqual(everyOf(fleet, 'xy'))
  })

  it('finds the file that a worker of a smaller fleet wrote at the same time', async () => {
    const { store, found, fleet } = await exportedBefore(0, 65)
    const [members] = [...partsOf(fleet, 65).values()]
    const { put } = store.archive
    let isFirst = true
    const late = async (...args: Parameters<typeof put>) => {
      const wasFirst = isFirst
      isFirst = false
      if (wasFirst) await exportDay(store, fleet.slice(0, 64), 'alarm', DAY)
      await put(...args)
    }
    const archive = { ...store.archive, put: late }
    await exportDay({ ...store, archive }, members!, 'alarm', DAY, shareOf(fleet))
    expect(await isUnknown(store.table, 'alarm', DAY)).toBe(false)
    // Each site once: a site that is there twice has the letter twice.
    expect(await found()).toEqual(everyOf(fleet))
  })

  it('leaves what others make, and what is of another split', async () => {
    const { store, found, fleet } = await exportedBefore(60, 65)
    const parts = [...partsOf(fleet, 65).values()]
    const asked: string[] = []
    const share = shareOf(fleet, asked)
    const partition = parquetPartition('alarm', DAY)
    // Somebody else makes the other part just when it is to be made.
    const list = store.table.list.bind(store.table)
    let lists = 0
    const table = new Proxy(store.table, {
      get(of, name) {
        if (name !== 'list') return Reflect.get(of, name).bind(of)
        return async (...args: Parameters<typeof list>) => {
          const items = await list(...args)
          lists += 1
          if (lists === 2) await exportDay(store, parts[1]!, 'alarm', DAY, shareOf(fleet))
          return items
        }
      },
    })
    await store.table.create(
      { partition, sort: '1-of-4' },
      { data: { format: 1, digest: '', awaited: true } },
    )
    await exportDay({ ...store, table }, parts[0]!, 'alarm', DAY, share)
    expect(asked).toEqual([])
    expect(await found()).toEqual(everyOf(fleet))
  })

  it('of two splits at the same time is looked at again', async () => {
    const { store, fleet } = await exportedBefore(64, 65)
    expect(await isUnknown(store.table, 'alarm', DAY)).toBe(false)
    const key = { partition: parquetPartition('alarm', DAY), sort: '1-of-2' }
    await store.table.create(key, { data: { format: 1, digest: 'd', sha256: 's' } })
    expect(await isUnknown(store.table, 'alarm', DAY)).toBe(true)
    await exportDay(store, fleet, 'alarm', DAY)
    expect(await isUnknown(store.table, 'alarm', DAY)).toBe(false)
  })
})
