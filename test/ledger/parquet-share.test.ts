import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { exportDay, parquetPath, partsOf } from '../../lib/ledger/parquet-parts.ts'
import { alarms, DAY, type ParquetWorlds, parquetWorlds, sitesOf } from './parquet-world.ts'

const NOTHING = { written: [], removed: [], unchanged: 0, contended: [] }

let parquet: ParquetWorlds

beforeAll(async () => {
  parquet = await parquetWorlds()
})
afterAll(() => parquet.close())
beforeEach(() => parquet.begin())
afterEach(() => parquet.end())

describe('an export of a share of a fleet', () => {
  it('comes to the same files part by part, each with its own sites alone', async () => {
    const { store, read, found } = parquet.world()
    const grown = sitesOf(150)
    const fleet = grown.slice(0, 100)
    for (const one of grown) await read(one, 'alarm', alarms(one.site.id, 'x'))
    await exportDay(store, fleet, 'alarm', DAY)
    const size = grown.length
    const every = Object.fromEntries(grown.map(({ site }) => [site.id, 'x']))
    const before = await store.archive.list('parquet/')
    for (const [part, members] of partsOf(grown, size)) {
      const { written } = await exportDay(store, members, 'alarm', DAY, { size, whole: false })
      expect(written).toEqual([parquetPath('alarm', DAY, part)])
      // Others' readings may be absent meanwhile, and are never there twice.
      expect(every).toMatchObject(await found())
    }
    expect(before).toHaveLength(2)
    const after = await store.archive.list('parquet/')
    expect(after).toHaveLength(4)
    expect(await found()).toEqual(every)
    expect(await exportDay(store, grown, 'alarm', DAY)).toEqual({ ...NOTHING, unchanged: 4 })
  })
})
