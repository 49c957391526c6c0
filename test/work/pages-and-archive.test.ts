import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import { partOfSite } from '../../lib/ledger/parquet-parts.ts'
import { report } from '../../lib/pipeline.ts'
import { writeVersion } from '../../lib/store/settings-versions.ts'
import { collectWorker } from '../../lib/work/collecting.ts'
import { reportWorker } from '../../lib/work/reporting.ts'
import { settleWorker } from '../../lib/work/settling.ts'
import { workOff } from '../../lib/work/work-off.ts'
import { openDuck } from '../fixtures/duck.ts'
import { deliveriesOf, jobsOf, runOf } from './recording.ts'
import { alarmLine, settingsOf, type WorkWorld, workWorld } from './world.ts'

const AT = '2026-11-10T08:00:00Z'
const DAY = '2026-11-10'
const JOB = { id: 'r-1', at: AT, settings: 1 }
const WELL = { batchItemFailures: [] }

let world: WorkWorld

async function withSites(ids: string[]): Promise<void> {
  world = workWorld(Date.parse(AT) + 20_000)
  await world.apply(settingsOf(ids))
  for (const id of ids) {
    const path = `${id}/sys_alarm/system_alarm_20261110.txt`
    world.files.set(path, alarmLine(id, 'LINK_DOWN', DAY, '15:00:00'))
  }
}

describe('reports', () => {
  beforeEach(async () => {
    await withSites(['a', 'b'])
    await workOff(collectWorker(world.ports), deliveriesOf({ ...JOB, job: 'round' }), runOf())
  })
  const reported = (job: object, leftMs?: number) =>
    workOff(reportWorker(world.ports), deliveriesOf({ ...JOB, ...job }), runOf(leftMs))
  const folders = () => new Set([...world.pages.keys()].map((path) => path.split('/')[0]))

  it('of some sites make their pages, and not the one of all sites', async () => {
    expect(await reported({ job: 'report', sites: ['b'] })).toEqual(WELL)
    expect([...world.pages.keys()]).toContain(`b/${DAY}/index.html`)
    expect(folders()).not.toContain('a')
    expect(folders()).not.toContain('index.html')
    const { length } = [...world.pages.keys()]
    const [told] = world.events('job:done').slice(-1)
    expect(told).toMatchObject({ job: 'report', unchanged: 0, failed: 0 })
    expect(told!.published).toBe(length)
  })

  it('make nothing anew that did not change', async () => {
    await reported({ job: 'report', sites: ['b'] })
    await reported({ job: 'report', sites: ['b'] })
    expect(world.events('job:done').at(-1)).toMatchObject({ published: 0 })
  })

  it('of all sites make that page alone', async () => {
    expect(await reported({ job: 'overview' })).toEqual(WELL)
    expect([...world.pages.keys()]).toContain('index.html')
    expect(folders()).not.toContain('a')
  })

  it('bring back the page of all sites that somebody removed, and no other', async () => {
    await reported({ job: 'report' })
    await reported({ job: 'overview' })
    world.pages.clear()
    const read: string[] = []
    const { get } = world.pages
    world.pages.get = (path) => {
      read.push(path)
      return get.call(world.pages, path)
    }
    await reported({ job: 'report' })
    expect(read).toEqual([])
    await reported({ job: 'overview' })
    expect([...world.pages.keys()].sort()).toEqual(['404.html', 'index.html'])
    await reported({ job: 'overview' })
    expect(world.events('job:done').at(-1)).toMatchObject({ published: 0, unchanged: 2 })

    const settings = await world.ports.fleet.settingsOf({})
    const rounds = await world.ports.rounds(settings, { clock: world.ports.clock })
    await report(rounds, { force: true })
    expect(folders()).toEqual(new Set(['404.html', 'index.html', 'a', 'b']))
  })

  it('begin no site without time', async () => {
    await reported({ job: 'report', sites: ['a', 'b'] }, 60_000)
    expect(world.pages.size).toBe(0)
    const left = { ...JOB, job: 'report', sites: ['a', 'b'] }
    expect(jobsOf(world.queues.reports.sent)).toEqual([left])
  })

  it.each([
    ['2026-11-10T15:59:59Z', '2026-11-10'],
    ['2026-11-10T16:00:01Z', '2026-11-11'],
  ])('at %s have %s as their last day, whatever the clock says', async (at, day) => {
    world.state.nowMs = Date.parse('2026-11-10T16:15:00Z')
    // Something is known of the next day as well: only whether it has come decides.
    world.files.set(
      'a/sys_alarm/system_alarm_20261111.txt',
      alarmLine('a', 'LINK_UP', '2026-11-11', '00:00:01'),
    )
    const round = { ...JOB, at: '2026-11-10T16:14:00Z', job: 'round', sites: ['a'] }
    await workOff(collectWorker(world.ports), deliveriesOf(round), runOf())
    await reported({ job: 'report', at, sites: ['a'] })
    const days = [...world.pages.keys()].flatMap(
      (path) => /^a\/([\d-]{10})\//.exec(path)?.[1] ?? [],
    )
    expect(days.sort().at(-1)).toBe(day)
  })
})

describe('settlings', () => {
  const settled = (job: object, leftMs?: number) =>
    workOff(settleWorker(world.ports), deliveriesOf({ ...JOB, ...job }), runOf(leftMs))

  it('close the days of their sites, and make the archive’s files of whole parts', async () => {
    const ids = Array.from({ length: 130 }, (_, n) => `s${String(n).padStart(3, '0')}`)
    await withSites(ids)
    const [first] = ids
    const part = partOfSite(first!, ids.length)
    const own = ids.filter((id) => partOfSite(id, ids.length) === part)
    const at = '2026-11-14T08:00:00Z'
    world.state.nowMs = Date.parse(at)
    const range = { from: DAY, to: DAY }
    expect(await settled({ job: 'settle', at, sites: [first], ...range })).toEqual(WELL)
    expect(world.events('job:done')).toMatchObject([{ closed: 1, late: 0, failed: 0 }])
    expect(own.length).toBeGreaterThan(1)
    // Only what was asked for is read.
    expect(new Set(world.reads.map((path) => path.split('/')[0]))).toEqual(new Set([first]))
    const rounds = await world.ports.rounds((await world.ports.fleet.settingsOf({})) as never, {
      clock: world.ports.clock,
    })
    const paths = await rounds.archive.list('parquet/')
    expect(paths).toEqual([`parquet/feed=alarm/day=${DAY}/part-${part}.parquet`])
  })

  it('lose nobody of a day that was settled before the fleet had so many sites', async () => {
    const ids = Array.from({ length: 65 }, (_, n) => `s${String(n).padStart(3, '0')}`)
    const before = ids.slice(0, 64)
    await withSites(before)
    const at = '2026-11-14T08:00:00Z'
    world.state.nowMs = Date.parse(at)
    const range = { from: DAY, to: DAY }
    expect(await settled({ job: 'settle', at, sites: before, ...range })).toEqual(WELL)
    const rounds = await world.ports.rounds((await world.ports.fleet.settingsOf({})) as never, {
      clock: world.ports.clock,
    })
    const folder = `parquet/feed=alarm/day=${DAY}`
    expect(await rounds.archive.list('parquet/')).toEqual([`${folder}/part-0-of-1.parquet`])

    await writeVersion(world.table, settingsOf(ids), { after: 1, atMs: 1, by: 't', note: '' })
    const one = before.find((id) => partOfSite(id, ids.length) === '0-of-2')!
    const job = { ...JOB, job: 'settle', at, sites: [one], ...range, settings: 2 }
    expect(await workOff(settleWorker(world.ports), deliveriesOf(job), runOf())).toEqual(WELL)
    const paths = await rounds.archive.list('parquet/')
    expect(paths).toEqual([`${folder}/part-0-of-2.parquet`, `${folder}/part-1-of-2.parquet`])
    const duck = await openDuck('.')
    const local = await mkdtemp(join(tmpdir(), 'grown-fleet-'))
    try {
      const files = paths.map((path) => [path, join(local, basename(path))] as const)
      for (const [path, file] of files) await writeFile(file, (await rounds.archive.get(path))!)
      const rows = await duck.rows(
        `SELECT site FROM read_parquet('${local}/*.parquet') ORDER BY site`,
      )
      expect(rows.map(({ site }) => site)).toEqual(before)
    } finally {
      duck.close()
      await rm(local, { recursive: true })
    }
  })

  it('give a site that is never done less time when there is less', async () => {
    await withSites(['a'])
    await settled({ job: 'settle', sites: ['a'], from: DAY, to: DAY }, 290_000)
    await settled({ job: 'settle', sites: ['a'], from: DAY, to: DAY }, 130_000)
    expect(world.siteMs).toEqual([180_000, 100_000])
  })

  it('begin no site without time', async () => {
    await withSites(['a', 'b'])
    await settled({ job: 'settle', sites: ['a', 'b'] }, 60_000)
    const left = { ...JOB, job: 'settle', sites: ['a', 'b'] }
    expect(jobsOf(world.queues.settlings.sent)).toEqual([left])
  })

  it('of an unknown site are a dead letter', async () => {
    await withSites(['a'])
    expect(await settled({ job: 'settle', sites: ['x'] })).toEqual(WELL)
    expect(world.queues.deadLetters.sent[0]!.reason).toMatch(/^unknown-site: /)
  })
})
