import { beforeEach, describe, expect, it } from 'vitest'
import { fleetIn } from '../../lib/backends/fleet.ts'
import { RoundsError } from '../../lib/errors.ts'
import { placedSite } from '../../lib/ledger/days.ts'
import { partsOf } from '../../lib/ledger/parquet-parts.ts'
import type { Settings } from '../../lib/site.ts'
import { memoryTable } from '../../lib/store/memory.ts'
import { PART_SITES, writeVersion } from '../../lib/store/settings-versions.ts'
import type { Item, Key, Table } from '../../lib/store/table.ts'
import { settingsOf } from '../work/world.ts'

const idsTo = (count: number) =>
  Array.from({ length: count }, (_, n) => `s${String(n).padStart(4, '0')}`)

let table: Table
/** What was read, in order, since the last `forget`. */
let reads: string[]
/** Awaited before each read is answered. */
let turn: (key: Key) => Promise<void>

beforeEach(() => {
  const memory = memoryTable()
  reads = []
  turn = async () => undefined
  table = {
    ...memory,
    async get(key): Promise<Item | undefined> {
      reads.push(`${key.partition} ${key.sort.replace(/^[0-9a-f]{32}/, '')}`)
      await turn(key)
      return memory.get(key)
    },
  }
})

/** Writes settings as the next version; titles tell versions apart. */
async function applied(ids: string[], after = 0): Promise<Settings> {
  const settings = settingsOf(ids)
  const own = { ...settings, report: { ...settings.report, title: `Version ${after + 1}` } }
  const named = own.sites.map((site) => ({ ...site, name: `${site.id} of ${after + 1}` }))
  const whole = { ...own, sites: named }
  await writeVersion(table, whole, { after, atMs: 0, by: 'test', note: '' })
  reads.length = 0
  return whole
}

const partsRead = () => reads.filter((one) => one.startsWith('settings#sites')).length
const versionsRead = () => reads.filter((one) => one.includes('version#')).length

describe('the settings of a job', () => {
  it('are those of its sites, in their order, with what holds for all', async () => {
    const whole = await applied(idsTo(450))
    const own = await fleetIn(table).settingsOf({ settings: 1, sites: ['s0449', 's0000'] })
    const expected = [whole.sites[449], whole.sites[0]]
    expect(own).toEqual({ ...whole, sites: expected })
  })

  it('are of all sites when none is named, and of the newest version when none is', async () => {
    await applied(['a'])
    const newest = await applied(['a', 'b'], 1)
    expect(await fleetIn(table).settingsOf({})).toEqual(newest)
  })

  it('are read once for all jobs of a version', async () => {
    await applied(idsTo(450))
    const fleet = fleetIn(table)
    for (let n = 0; n < 3; n += 1) {
      await fleet.settingsOf({ settings: 1, sites: ['s0000', 's0001', 's0449'] })
    }
    expect([versionsRead(), partsRead()]).toEqual([1, 2])
  })

  it('are dropped when another version comes, and read again when an older one does', async () => {
    await applied(['a'])
    await applied(['a'], 1)
    const fleet = fleetIn(table)
    const names: string[] = []
    for (const settings of [1, 2, 1]) {
      names.push((await fleet.settingsOf({ settings, sites: ['a'] })).sites[0]!.name)
    }
    expect(names).toEqual(['a of 1', 'a of 2', 'a of 1'])
  })

  it.each([['x'], ['!'], ['s0450']])('are none for the unknown site %s', async (id) => {
    await applied(idsTo(450))
    const own = fleetIn(table).settingsOf({ settings: 1, sites: ['s0000', id] })
    await expect(own).rejects.toMatchObject({ code: 'unknown-site', class: 'stop' })
    await expect(own).rejects.toThrow(`“${id}” in version 1`)
  })

  it('are none of a version that is not there, nor before the first', async () => {
    const none = { code: 'settings-version', class: 'stop' }
    await expect(fleetIn(table).settingsOf({})).rejects.toMatchObject(none)
    await applied(['a'])
    await expect(fleetIn(table).settingsOf({ settings: 9 })).rejects.toMatchObject(none)
  })

  it('are asked for again after the table failed', async () => {
    await applied(['a'])
    const fleet = fleetIn(table)
    for (const failing of ['settings', 'settings#sites']) {
      turn = async ({ partition }) => {
        if (partition === failing) throw new RoundsError('table-busy', 'retry', 'Busy.')
      }
      const own = fleet.settingsOf({ settings: 1, sites: ['a'] })
      await expect(own).rejects.toMatchObject({ code: 'table-busy' })
      await new Promise((resolve) => setImmediate(resolve))
      turn = async () => undefined
      if (failing === 'settings') continue
      expect((await fleet.settingsOf({ settings: 1, sites: ['a'] })).sites).toHaveLength(1)
    }
  })

  it('keep only so many sites in memory, and come whole all the same', async () => {
    const ids = idsTo(40 * PART_SITES)
    await applied(ids)
    const fleet = fleetIn(table)
    const some = ids.filter((_, n) => n % PART_SITES === 7)
    expect(some).toHaveLength(40)
    const first = await fleet.settingsOf({ settings: 1, sites: some })
    expect(first.sites.map(({ id }) => id)).toEqual(some)
    expect(partsRead()).toBe(40)
  })
})

describe('jobs of different versions at the same time', () => {
  it('each have their own sites, however their reads fall', async () => {
    const ids = idsTo(3 * PART_SITES)
    for (let after = 0; after < 3; after += 1) await applied(ids, after)
    for (let seed = 0; seed < 20; seed += 1) {
      let nth = seed
      // Every read waits a number of turns of its own, so that later ones overtake earlier ones.
      turn = async () => {
        nth = (nth * 7 + 3) % 11
        for (let left = nth; left > 0; left -= 1) await new Promise((go) => setImmediate(go))
      }
      const fleet = fleetIn(table)
      const jobs = Array.from({ length: 9 }, (_, n) => ({ settings: (n % 3) + 1, n }))
      await Promise.all(
        jobs.map(async ({ settings, n }) => {
          const sites = [ids[n]!, ids[n + PART_SITES]!, ids[n + 2 * PART_SITES]!]
          const own = await fleet.settingsOf({ settings, sites })
          expect(own.report.title).toBe(`Version ${settings}`)
          expect(own.sites.map(({ name }) => name)).toEqual(
            sites.map((id) => `${id} of ${settings}`),
          )
        }),
      )
    }
  })

  it('each have their own sites when their versions arrive in the same moment', async () => {
    const ids = idsTo(2 * PART_SITES)
    await applied(ids)
    await applied(ids, 1)
    const fleet = fleetIn(table)
    const gate = Promise.withResolvers<void>()
    turn = () => gate.promise
    const sites = [ids[0]!, ids[PART_SITES]!]
    const jobs = [1, 2, 1, 2].map((settings) => fleet.settingsOf({ settings, sites }))
    gate.resolve()
    const names = (await Promise.all(jobs)).map((own) => own.sites.map(({ name }) => name))
    const of = (version: number) => sites.map((id) => `${id} of ${version}`)
    expect(names).toEqual([of(1), of(2), of(1), of(2)])
  })

  it('keep to their version in whole parts of the archive as well', async () => {
    await applied(['a', 'b'])
    await applied(['a', 'b', 'c'], 1)
    const fleet = fleetIn(table)
    const gate = Promise.withResolvers<void>()
    turn = () => gate.promise
    const jobs = [1, 2].map((settings) => fleet.wholePartsOf({ settings, sites: ['a'] }))
    gate.resolve()
    const [one, other] = await Promise.all(jobs)
    expect(one!.settings.sites.map(({ name }) => name)).toEqual(['a of 1', 'b of 1'])
    expect(other!.settings.sites.map(({ name }) => name)).toEqual(['a of 2', 'b of 2', 'c of 2'])
    expect([one!.fleetSize, other!.fleetSize]).toEqual([2, 3])
  })

  it('each have the ids of their own version', async () => {
    await applied(['a', 'b'])
    await applied(['b', 'c'], 1)
    const fleet = fleetIn(table)
    turn = () => new Promise((go) => setImmediate(go))
    const all = await Promise.all([1, 2, 1, 2].map((version) => fleet.idsOf(version)))
    expect(all).toEqual([
      ['a', 'b'],
      ['b', 'c'],
      ['a', 'b'],
      ['b', 'c'],
    ])
  })

  it('that fail late take nothing from others', async () => {
    await applied(['a'])
    const fleet = fleetIn(table)
    const held = Promise.withResolvers<void>()
    turn = ({ partition }) => (partition === 'settings#sites' ? held.promise : Promise.resolve())
    const one = fleet.settingsOf({ settings: 1, sites: ['a'] })
    const other = fleet.idsOf(1)
    const both = Promise.allSettled([one, other])
    await new Promise((go) => setImmediate(go))
    held.reject(new RoundsError('table-busy', 'retry', 'Busy.'))
    expect((await both).map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    turn = async () => undefined
    await new Promise((go) => setImmediate(go))
    expect(await fleet.idsOf(1)).toEqual(['a'])
    expect((await fleet.settingsOf({ settings: 1, sites: ['a'] })).sites).toHaveLength(1)
  })
})

describe('the ids of a version', () => {
  it('are in order, and read once', async () => {
    const ids = idsTo(450)
    await applied([...ids].reverse())
    const fleet = fleetIn(table)
    expect(await fleet.idsOf(1)).toEqual(ids)
    expect(await fleet.idsOf(1)).toEqual(ids)
    expect(partsRead()).toBe(3)
    expect(await fleet.newest()).toBe(1)
  })

  it('are none of no sites', async () => {
    await applied([])
    expect(await fleetIn(table).idsOf(1)).toEqual([])
  })

  it('are read a few parts at a time: a large fleet does not fit at once', async () => {
    await applied(idsTo(40 * PART_SITES))
    let underWay = 0
    let most = 0
    turn = async ({ partition }) => {
      if (partition !== 'settings#sites') return
      underWay += 1
      most = Math.max(most, underWay)
      await new Promise((go) => setImmediate(go))
      underWay -= 1
    }
    expect(await fleetIn(table).idsOf(1)).toHaveLength(40 * PART_SITES)
    expect(most).toBe(8)
  })
})

describe('whole parts of the archive', () => {
  it('are the same that the export of the whole fleet makes, for each of 150 sites', async () => {
    const whole = await applied(idsTo(150))
    const parts = partsOf(
      whole.sites.map((site) => placedSite(site)),
      150,
    )
    expect(parts.size).toBeGreaterThan(2)
    const fleet = fleetIn(table)
    for (const members of parts.values()) {
      const ids = members.map(({ site }) => site.id)
      for (const id of ids) {
        const { settings, fleetSize } = await fleet.wholePartsOf({ settings: 1, sites: [id] })
        expect(settings.sites.map((site) => site.id)).toEqual(ids)
        expect(fleetSize).toBe(150)
      }
    }
  })

  it('of several sites are the parts of each of them, and of none all', async () => {
    const whole = await applied(idsTo(150))
    const fleet = fleetIn(table)
    const all = await fleet.wholePartsOf({ settings: 1 })
    expect(all).toEqual({ settings: whole, fleetSize: 150 })
    const placed = partsOf(
      whole.sites.map((site) => placedSite(site)),
      150,
    )
    const [one, other] = [...placed.values()]
    const sites = [one![0]!.site.id, other![0]!.site.id]
    const { settings } = await fleet.wholePartsOf({ settings: 1, sites })
    const members = [...one!, ...other!].map(({ site }) => site.id).sort()
    expect(settings.sites.map(({ id }) => id)).toEqual(members)
  })

  it('are found by their names, also among fewer parts than there are now', async () => {
    const { sites } = await applied(idsTo(150))
    const fleet = fleetIn(table)
    for (const size of [64, 100, 150]) {
      const placed = sites.map((site) => placedSite(site))
      for (const [part, members] of partsOf(placed, size)) {
        const own = members.map(({ site }) => site)
        expect(await fleet.sitesOfPart({ settings: 1 }, part)).toEqual(own)
      }
    }
  })

  it('of an unknown site hold nobody who is not in the fleet', async () => {
    await applied(['a'])
    const { settings } = await fleetIn(table).wholePartsOf({ settings: 1, sites: ['x'] })
    expect(settings.sites.map(({ id }) => id)).toEqual(['a'])
  })
})
