import { expect, it } from 'vitest'
import { RoundsError } from '../../lib/errors.ts'
import { bringUpDay } from '../../lib/ledger/days.ts'
import { exportDays } from '../../lib/ledger/export-days.ts'
import { type FleetShare, NOT_KNOWN } from '../../lib/ledger/parquet-parts.ts'
import { pull } from '../../lib/ledger/pull.ts'
import type { DayFile } from '../../lib/ledger/record.ts'
import { parquetPartition } from '../../lib/store/keys.ts'
import { Zone } from '../../lib/time.ts'
import { ledgersIn } from '../fixtures/ledgers.ts'
import { portal, SITE, sourceOf } from './portal.ts'

const NOW_MS = Date.parse('2026-11-12T02:00:00Z')
const DAYS = ['2026-11-09', '2026-11-10']

const siteOf = (id: string) => ({
  site: { ...SITE, id, siteIds: [id] },
  zone: new Zone(SITE.timeZone),
})

/** Two sites that have alarms on two days, and an archive that fails for one of the days. */
async function world(error?: RoundsError) {
  const store = ledgersIn()
  const sites = ['s1', 's2'].map(siteOf)
  const settled: DayFile[] = []
  for (const placed of sites) {
    for (const day of DAYS) {
      const site = placed.site.id
      const text = `${site}|a|n|d|${day} 01:00:00||${day} 01:00:00\n`
      const source = sourceOf({ ...portal(), content: Buffer.from(text) })
      const file = { site, feed: 'alarm' as const, day }
      await pull({ store, source, clock: { now: () => 1 } }, file, 'path', 'round')
      await bringUpDay(store, placed, day, new Map([['alarm', 1]]))
      settled.push(file)
    }
  }
  const { put } = store.archive
  store.archive.put = async (path, ...rest) => {
    if (error && path.includes(DAYS[0]!)) throw error
    await put(path, ...rest)
  }
  const later = () => exportDays(store, sites, [], NOW_MS)
  const share = (of: FleetShare) => exportDays(store, sites, settled, NOW_MS, of)
  return { store, run: () => exportDays(store, sites, settled, NOW_MS), later, share }
}

it('every settled day has its file, whichever of its sites was settled', async () => {
  const { store, run } = await world()
  expect(await run()).toEqual([])
  const paths = await store.archive.list('parquet/')
  expect(paths.map((path) => path.split('/')[2])).toEqual(DAYS.map((day) => `day=${day}`))
})

it('of a whole fleet nobody is looked up; of a share what it took the place of', async () => {
  const { store, run, share } = await world()
  const asked: string[] = []
  const sitesOf = async (part: string) => {
    asked.push(part)
    return []
  }
  expect(await share({ size: 2, sitesOf })).toEqual([])
  expect(asked).toEqual([])
  // It was a fleet of one part, and is one of two now.
  expect(await run()).toEqual([])
  expect(await share({ size: 65, sitesOf })).toEqual([])
  expect(new Set(asked).size).toBe(1)
  expect((await store.archive.list('parquet/')).length).toBeGreaterThan(0)
})

it('a day whose export fails is told once, and keeps no other day', async () => {
  const error = new RoundsError('bucket-gone', 'retry', 'The bucket did not answer.')
  const { store, run } = await world(error)
  const own = { site: 's2', feed: 'alarm', day: DAYS[0] }
  expect(await run()).toEqual([{ ...own, error }])
  expect(await store.archive.list(`parquet/feed=alarm/day=${DAYS[1]}`)).toHaveLength(1)
})

it('a file whose writer died is made by the next run, whatever is settled then', async () => {
  const { store, run, later } = await world()
  await run()
  const note = { partition: parquetPartition('alarm', DAYS[1]!), sort: '0-of-1' }
  const { version, data } = (await store.table.get(note))!
  await store.table.replace(note, version, NOT_KNOWN)
  expect(await later()).toEqual([])
  expect((await store.table.get(note))!.data).toEqual(data)
})

it('a look at the last days that fails is told, and keeps nothing', async () => {
  const { store, run } = await world()
  const { list } = store.table
  store.table.list = async (partition, range) => {
    if (partition === parquetPartition('system', '2026-11-08')) throw new Error('busy')
    return list(partition, range)
  }
  expect(await run()).toMatchObject([{ site: 's1', feed: 'system', day: '2026-11-08' }])
  expect(await store.archive.list('parquet/')).toHaveLength(2)
})

it('what must stop the command is thrown', async () => {
  const error = new RoundsError('store-full', 'stop', 'No room.')
  const { run } = await world(error)
  await expect(run()).rejects.toBe(error)
})
