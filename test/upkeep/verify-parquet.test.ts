import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest'
import { exportDay, parquetPath } from '../../lib/ledger/parquet-parts.ts'
import { parquetFindings } from '../../lib/upkeep/verify-parquet.ts'
import { alarms, DAY, type ParquetWorlds, parquetWorlds, sitesOf } from '../ledger/parquet-world.ts'

let parquet: ParquetWorlds

beforeAll(async () => {
  parquet = await parquetWorlds()
})
afterAll(() => parquet.close())
beforeEach(() => parquet.begin())
afterEach(() => parquet.end())

it('looks at the files of a day that was exported when the fleet was of another size', async () => {
  const { store, read } = parquet.world()
  const grown = sitesOf(70)
  const fleet = grown.slice(0, 60)
  for (const one of fleet) await read(one, 'alarm', alarms(one.site.id, 'x'))
  await exportDay(store, fleet, 'alarm', DAY)
  const all = new Set(grown.map(({ site }) => site.id))
  const looked = (chosen: ReadonlySet<string>) =>
    parquetFindings(store, grown, chosen, 'alarm', DAY)
  expect(await looked(all)).toEqual({ files: 1, findings: [] })

  const path = parquetPath('alarm', DAY, '0-of-1')
  await store.archive.put(path, 'spoiled')
  const { files, findings } = await looked(all)
  expect(files).toBe(1)
  expect(findings).toMatchObject([{ site: 's0', code: 'parquet-damaged', path }])
  expect(await looked(new Set(['s7']))).toMatchObject({ findings: [{ site: 's7' }] })
  expect(await looked(new Set())).toEqual({ files: 0, findings: [] })
})
