import { beforeEach, describe, expect, it } from 'vitest'
import { partOfSite } from '../../lib/ledger/parquet-parts.ts'
import { collectWorker } from '../../lib/work/collecting.ts'
import { reportWorker } from '../../lib/work/reporting.ts'
import { settleWorker } from '../../lib/work/settling.ts'
import { workOff } from '../../lib/work/work-off.ts'
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
