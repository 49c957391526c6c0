import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { collect, report } from '../../lib/pipeline.ts'
import { glanceKey } from '../../lib/store/keys.ts'
import { keptOf, removeSite } from '../../lib/upkeep/remove-site.ts'
import { verify } from '../../lib/upkeep/verify.ts'
import { openDuck } from '../fixtures/duck.ts'
import { REAL_DAYS, REAL_LINES } from '../fixtures/real-week.ts'
import { folderSite, newWorld, type World } from '../fixtures/rounds-world.ts'
import { killedAt } from './killed.ts'
import { copied, type LivedWeek, livedWeek, stateOf } from './lived-week.ts'

/** The site that is removed: one of three whose week went by. */
const GONE = 'gz02'

let week: LivedWeek
let before: Record<string, string>
const worlds: World[] = []

beforeAll(async () => {
  week = await livedWeek()
  before = await stateOf(week.world)
}, 120_000)

afterEach(async () => {
  for (const world of worlds.splice(0)) await world.remove()
})

afterAll(() => week.world.remove())

/** A copy of the week, with these sites in its configuration. */
async function copy(keep: (id: string) => boolean = (id) => id !== GONE): Promise<World> {
  const world = await copied(week.world)
  worlds.push(world)
  const config = JSON.parse(await readFile(join(world.folder, 'siterounds.yaml'), 'utf8'))
  config.sites = config.sites.filter(({ id }: { id: string }) => keep(id))
  await writeFile(join(world.folder, 'siterounds.yaml'), JSON.stringify(config))
  return world
}

const atEnd = { now: () => week.endMs }

async function removed(world: World) {
  const rounds = world.open(atEnd)
  const done = await removeSite(rounds, GONE)
  await rounds.close()
  return done
}

/** Whether a name in a state is about the site alone: its items, pages and archives. */
function isOwn(name: string): boolean {
  const items = /^(ledger|days|observed|alarms|glance|pages)#gz02(#| )/
  return items.test(name) || /^(site(\/en)?|archive\/ledger\/\w+\/[\d-]+)\/gz02\//.test(name)
}

const isParquet = (name: string) => /^(archive\/)?parquet[/#]/.test(name)

describe('removing a site', () => {
  it('deletes all that is kept of it, and nothing of others', async () => {
    const world = await copy()
    expect(Object.keys(before).filter(isOwn).length).toBeGreaterThan(100)
    const rounds = world.open(atEnd)
    await rounds.table.create(glanceKey(GONE), { data: { format: 1 } })
    const { failures, ...counts } = await removeSite(rounds, GONE)
    expect(await rounds.table.get(glanceKey(GONE))).toBeUndefined()
    await rounds.close()
    expect(failures).toEqual([])
    const after = await stateOf(world)
    expect(Object.keys(after).filter((name) => /gz02/.test(name))).toEqual([
      expect.stringMatching(/^notices#ops%40example\.org \/ gz02$/),
      ...Object.keys(before).filter((name) => /^outbox\/.*gz02/.test(name)),
    ])
    const others = (state: Record<string, string>) =>
      Object.entries(state).filter(([name]) => !isOwn(name) && !isParquet(name))
    expect(Object.fromEntries(others(after))).toEqual(Object.fromEntries(others(before)))

    const of = (pattern: RegExp) => Object.keys(before).filter((name) => pattern.test(name)).length
    const glances = 1
    expect(counts).toEqual({
      days: of(/^observed#gz02 /),
      items: of(/^(ledger|days|observed|alarms|pages)#gz02(#| )/) + glances,
      archives: of(/^archive\/ledger\/.*\/gz02\//),
      pages: of(/^site\/.*gz02\//),
      parquet: of(/^archive\/parquet\//),
    })
  }, 60_000)

  it('leaves Parquet files in which it never was, and all others as sound as before', async () => {
    const world = await copy()
    const duck = await openDuck(join(world.folder, 'var', 'archive'))
    const sites = async () => {
      const sql = `SELECT site, COUNT(*) AS rows FROM
        read_parquet('parquet/feed=alarm/*/*.parquet', hive_partitioning = true)
        GROUP BY site ORDER BY site`
      return Object.fromEntries((await duck.rows(sql)).map(({ site, rows }) => [site, rows]))
    }
    const { [GONE]: own, ...rest } = await sites()
    expect(own).toBeGreaterThan(1_000n)
    await removed(world)
    expect(await sites()).toEqual(rest)
    duck.close()
    const rounds = world.open(atEnd)
    const { findings, notes, failures } = await verify(rounds, {})
    expect({ findings, notes, failures }).toEqual({ findings: [], notes: [], failures: [] })
    await rounds.close()
  }, 60_000)

  it('of which others have nothing deletes its Parquet files', async () => {
    const world = await copy((id) => id === GONE)
    const alone = await copied(world)
    worlds.push(alone)
    const config = JSON.parse(await readFile(join(world.folder, 'siterounds.yaml'), 'utf8'))
    const other = { ...config.sites[0], id: 'new1', source: { ...config.sites[0].source } }
    await writeFile(
      join(alone.folder, 'siterounds.yaml'),
      JSON.stringify({ ...config, sites: [other] }),
    )
    expect((await removed(alone)).failures).toEqual([])
    expect(Object.keys(await stateOf(alone)).filter(isParquet)).toEqual([])
  }, 60_000)

  it('killed anywhere and run again comes to the same', async () => {
    const whole = await copy()
    await removed(whole)
    const wanted = await stateOf(whole)
    const world = await copy()
    let kills = 0
    for (let operations = 5; operations < 3_000; operations = Math.ceil(operations * 2.2)) {
      const rounds = world.open(atEnd)
      if (await killedAt(rounds, operations, (own) => removeSite(own, GONE))) kills += 1
      await rounds.close()
    }
    expect(kills).toBeGreaterThan(5)
    expect((await removed(world)).failures).toEqual([])
    expect(await stateOf(world)).toEqual(wanted)
    const again = await removed(world)
    expect(again).toEqual({
      ...{ days: 0, items: 0, archives: 0, pages: 0, parquet: 0, failures: [] },
    })
    expect(await stateOf(world)).toEqual(wanted)
  }, 120_000)

  it('removes what a disk has damaged, too', async () => {
    const world = await copy()
    const database = new DatabaseSync(join(world.folder, 'var', 'state.db'))
    const { changes } = database
      .prepare(
        `UPDATE items SET data = replace(data, '"format":', '"format" :')
         WHERE (partition LIKE 'ledger#gz02#%' OR partition IN
           ('pages#gz02', 'observed#gz02', 'days#gz02', 'alarms#gz02')) AND rowid % 3 = 0`,
      )
      .run()
    database.close()
    expect(changes).toBeGreaterThan(10)
    const { stdout, stderr } = await world.cli('sites', 'remove', GONE, '--purge', '--yes')
    expect(stdout).toContain('archives, 11 pages')
    expect(stderr).not.toContain('damaged')
    expect(Object.keys(await stateOf(world)).filter(isOwn)).toEqual([])
  }, 60_000)

  it('keeps the days that fail, and finds them when the cause is mended', async () => {
    const world = await copy()
    const [path] = Object.keys(before).filter((name) =>
      /^archive\/ledger\/alarm\/.*bj01/.test(name),
    )
    const file = join(world.folder, 'var', path!)
    const bytes = await readFile(file)
    await writeFile(file, 'damaged')
    const day = path!.split('/')[3]!
    const first = await removed(world)
    expect(first.failures).toMatchObject([{ site: GONE, day, error: { code: 'archive-damaged' } }])
    const left = Object.keys(await stateOf(world)).filter((name) => /^days#gz02/.test(name))
    expect(left).toEqual([`days#gz02 / ${day}`])
    await writeFile(file, bytes)
    expect(await removed(world)).toMatchObject({ days: 1, failures: [] })
    expect(Object.keys(await stateOf(world)).filter(isOwn)).toEqual([])
  }, 60_000)

  it('that comes back later begins anew: all is read again, and has pages', async () => {
    const world = await copy()
    await removed(world)
    const back = await copied(week.world)
    worlds.push(back)
    await writeFile(
      join(world.folder, 'siterounds.yaml'),
      await readFile(join(back.folder, 'siterounds.yaml')),
    )
    const rounds = world.open(atEnd)
    const range = { from: REAL_DAYS[0]!, to: REAL_DAYS.at(-1)! }
    const { totals, failures } = await collect(rounds, { via: 'backfill', sites: [GONE], range })
    expect(failures).toEqual([])
    const { system, alarm } = REAL_LINES[GONE]
    expect(totals.lines).toBeGreaterThanOrEqual(system + alarm)
    expect((await keptOf(rounds, GONE)).days).toEqual(REAL_DAYS)
    await report(rounds, { sites: [GONE], range })
    expect((await verify(rounds, { sites: [GONE] })).findings).toEqual([])
    const names = Object.keys(await stateOf(world))
    expect(names).toContain(`site/${GONE}/${range.from}/index.html`)
    await rounds.close()
  }, 60_000)
})

describe('a site of a large fleet', () => {
  it('goes out of its own Parquet file alone, or of all where there are fewer now', async () => {
    const world = await newWorld()
    worlds.push(world)
    const ids = Array.from({ length: 130 }, (_, n) => `s${String(n).padStart(3, '0')}`)
    const feeds = { system: false, service: false }
    const configure = (own: string[]) =>
      world.configure({ sites: own.map((id) => folderSite(id, { feeds })) })
    await configure(ids)
    for (const id of ids) {
      const line = `${id}|A|n1|x|2026-11-10 08:00:00||2026-11-10 08:00:00\n`
      await world.write(`${id}/sys_alarm/system_alarm_20261110.txt`, line)
    }
    await world.json('backfill', '--day', '2026-11-10')
    await world.json('settle', '--day', '2026-11-10')
    const parts = async () =>
      Object.entries(await stateOf(world)).filter(([name]) => /^archive\/parquet/.test(name))
    const before = new Map(await parts())
    expect(before.size).toBe(4)

    await configure(ids.slice(1))
    const one = await world.json('sites', 'remove', ids[0]!, '--purge', '--yes')
    expect(one).toMatchObject({ purged: { parquet: 1, failures: [] } })
    const changed = (await parts()).filter(([name, hash]) => before.get(name) !== hash)
    expect(changed).toHaveLength(1)

    // 128 sites are two files, and no row of the others may go with the old four.
    await configure(ids.slice(2))
    const other = await world.json('sites', 'remove', ids[1]!, '--purge', '--yes')
    expect(other).toMatchObject({ purged: { parquet: 6, failures: [] } })
    const duck = await openDuck(join(world.folder, 'var', 'archive'))
    const sql = "SELECT site FROM read_parquet('parquet/*/*/*.parquet') ORDER BY site"
    expect((await duck.rows(sql)).map(({ site }) => site)).toEqual(ids.slice(2))
    duck.close()
  }, 120_000)
})

describe('a site that cannot be removed', () => {
  it('is configured, also in other letters', async () => {
    const world = await copy(() => true)
    const rounds = world.open(atEnd)
    for (const id of [GONE, GONE.toUpperCase()]) {
      await expect(removeSite(rounds, id)).rejects.toMatchObject({
        ...{ code: 'site-configured', class: 'stop' },
        message: expect.stringContaining('“gz02” is configured'),
      })
    }
    await rounds.close()
    expect(await stateOf(world)).toEqual(before)
  })

  it('has no name that could reach others', async () => {
    const world = await copy()
    const rounds = world.open(atEnd)
    const names = ['en', 'zh', 'EN', '.', '..', '', 'a/b', '../site', 'assets', 'a\u0000']
    for (const id of [...names, 'status.json', 'a'.repeat(65)]) {
      for (const act of [keptOf, removeSite]) {
        await expect(act(rounds, id)).rejects.toMatchObject({ code: 'usage', class: 'stop' })
      }
    }
    await rounds.close()
    expect(await stateOf(world)).toEqual(before)
  })
})

describe('siterounds sites remove on one machine', () => {
  it('deletes what is kept of a site that is no longer configured, after a question', async () => {
    const world = await copy()
    const configured = await world.cli('sites', 'remove', 'bj01', '--purge', '--yes')
    expect(configured.stderr).toMatch(/“bj01” is configured.*Take it out of the settings first/)
    const plain = await world.cli('sites', 'remove', GONE)
    expect(plain.stderr).toMatch(/Take “gz02” out of it; --purge then deletes/)
    const piped = await world.cli('sites', 'remove', GONE, '--purge')
    expect(piped.stderr).toContain('Give --yes')
    expect([configured, plain, piped].map(({ exitCode }) => exitCode)).toEqual([2, 2, 2])
    const dry = await world.cli('sites', 'remove', GONE, '--purge', '--dry-run')
    expect(dry.stdout).toMatch(
      /^\d+ days \(2026-11-\d\d to 2026-11-\d\d\) and \d+ pages of gz02 would/,
    )
    expect(await stateOf(world)).toEqual(before)

    const { stdout, exitCode } = await world.cli('sites', 'remove', GONE, '--purge', '--yes')
    expect(exitCode).toBe(0)
    expect(stdout).toMatch(
      /^gz02: \d+ days, \d+ items, \d+ archives, \d+ pages deleted\. \d+ Parquet files\s+made/,
    )
    const again = await world.json('sites', 'remove', GONE, '--purge')
    expect(again).toEqual({ purged: expect.objectContaining({ items: 0, failures: [] }) })
    expect((await world.cli('sites', 'remove', GONE, '--purge')).stdout).toContain(
      'Nothing is kept of gz02.',
    )
  }, 60_000)
})
