import { beforeEach, describe, expect, it } from 'vitest'
import { RoundsError } from '../../lib/errors.ts'
import { parseJob } from '../../lib/job.ts'
import { memoryTable } from '../../lib/store/memory.ts'
import { MINUTE_MS } from '../../lib/time.ts'
import { collectWorker, failedSites } from '../../lib/work/collecting.ts'
import { workOff } from '../../lib/work/work-off.ts'
import { deliveriesOf, jobsOf, runOf } from './recording.ts'
import { alarmLine, busyTable, settingsOf, type WorkWorld, workWorld } from './world.ts'

const AT = '2026-11-10T08:00:00Z'
const DAY = '2026-11-10'
const FILE = 'sys_alarm/system_alarm_20261110.txt'
const ROUND = { id: 'r-1', job: 'round', at: AT, settings: 1 }
const WELL = { batchItemFailures: [] }
const DOWN = new RoundsError('connection', 'retry', 'The site does not answer.', 'Look at it.')

let world: WorkWorld
beforeEach(async () => {
  world = workWorld(Date.parse(AT) + 20_000)
  await world.apply(settingsOf(['a', 'b', 'c']))
  for (const site of ['a', 'b', 'c']) {
    world.files.set(`${site}/${FILE}`, alarmLine(site, 'LINK_DOWN', DAY, '15:00:00'))
  }
})

const collected = (job: object, leftMs?: number) =>
  workOff(collectWorker(world.ports), deliveriesOf(job), runOf(leftMs))

describe('a round over some sites', () => {
  it('reads these alone, counts over all of them, and asks for mails', async () => {
    expect(await collected({ ...ROUND, sites: ['a', 'b'] })).toEqual(WELL)
    expect([...new Set(world.reads.map((path) => path[0]))].sort()).toEqual(['a', 'b'])
    expect(world.metrics()).toEqual([{ RoundsFinished: 1, SitesFailed: 0, LinesAdded: 2 }])
    const [mail, ...more] = jobsOf(world.queues.mails.sent)
    expect(mail).toEqual({ id: 'r-1', job: 'notify', at: AT, settings: 1, sites: ['a', 'b'] })
    expect(more).toEqual([])
    expect(world.queues.mails.sent[0]!.group).toBe('a')
    expect(world.events('job:done')).toMatchObject([{ files: 2, lines: 2, mails: 2, left: 0 }])
  })

  it('adds nothing when it comes twice, and says so', async () => {
    await collected({ ...ROUND, sites: ['a'] })
    await collected({ ...ROUND, sites: ['a'] })
    expect(world.metrics().at(-1)).toEqual({ RoundsFinished: 1, SitesFailed: 0 })
  })

  it('asks for mails in as many jobs as it takes when nobody said which sites', async () => {
    const ids = Array.from({ length: 1_001 }, (_, n) => `s${String(n).padStart(4, '0')}`)
    world = workWorld(Date.parse(AT))
    await world.apply(settingsOf(ids))
    await collected(ROUND)
    const jobs = jobsOf(world.queues.mails.sent).map((one) => parseJob(one, { id: 'x', atMs: 0 }))
    expect(jobs.map(({ sites }) => sites!.length)).toEqual([1_000, 1])
  })

  it('asks for no mail about sites that nobody is mailed about', async () => {
    const settings = settingsOf(['a'])
    world = workWorld(Date.parse(AT))
    await world.apply({ ...settings, sites: settings.sites.map((s) => ({ ...s, recipients: [] })) })
    await collected({ ...ROUND, sites: ['a'] })
    expect(world.queues.mails.sent).toEqual([])
  })

  it('begins no site without time: all are sent on', async () => {
    await collected({ ...ROUND, sites: ['a', 'b'] }, 60_000)
    expect(world.reads).toEqual([])
    expect(jobsOf(world.queues.rounds.sent)).toEqual([{ ...ROUND, sites: ['a', 'b'] }])
  })
})

describe('which day it is', () => {
  it.each([
    ['2026-11-10T15:59:59Z', '20261110'],
    ['2026-11-10T16:00:01Z', '20261111'],
  ])('is decided by the schedule: at %s it is %s in Shanghai', async (at, day) => {
    // The message waited, so the machine's clock is behind midnight either time.
    world.state.nowMs = Date.parse('2026-11-10T16:15:00Z')
    await collected({ ...ROUND, at, sites: ['a'] })
    expect(world.reads.at(-1)).toBe(`a/sys_alarm/system_alarm_${day}.txt`)
  })

  it('is the machine’s when a person asks without a time', async () => {
    world.state.nowMs = Date.parse('2026-11-10T16:00:01Z')
    await collected({ job: 'round', sites: ['a'] })
    expect(world.reads.at(-1)).toBe('a/sys_alarm/system_alarm_20261111.txt')
  })
})

describe('a site that fails', () => {
  it('and may do better is sent again alone, and keeps no other', async () => {
    world.failing.set('b', DOWN)
    expect(await collected({ ...ROUND, sites: ['a', 'b', 'c'] })).toEqual(WELL)
    expect(jobsOf(world.queues.rounds.sent)).toEqual([{ ...ROUND, sites: ['b'], tries: 2 }])
    expect(world.queues.rounds.sent[0]!.delaySeconds).toBe(60)
    expect(world.metrics()).toEqual([{ RoundsFinished: 1, SitesFailed: 1, LinesAdded: 2 }])
  })

  it('for good is left to the next round', async () => {
    world.failing.set('b', new RoundsError('secret-missing', 'skip', 'No secret.', 'Add it.'))
    await collected({ ...ROUND, sites: ['a', 'b'] })
    expect([...world.queues.rounds.sent, ...world.queues.deadLetters.sent]).toEqual([])
    const codes = world.events('file:failed').map(({ site, code }) => `${site} ${code}`)
    expect(new Set(codes)).toEqual(new Set(['b secret-missing']))
    expect(world.metrics()).toMatchObject([{ LinesAdded: 1, SitesFailed: 1 }])
  })

  it('by never answering is given up before the function ends, and sent again', async () => {
    world.failing.set('b', 'silent')
    // So little is left that the site gets no time at all: nothing here waits for it.
    const worker = collectWorker(world.ports)
    const leftMs = () => 1_000
    const job = parseJob({ ...ROUND, sites: ['b'] }, { id: 'x', atMs: 0 })
    const { again } = await worker.work(job, { hasTime: () => true, leftMs })
    expect(again).toEqual(['b'])
    const codes = world.events('file:failed').map(({ site, code }) => `${site} ${code}`)
    expect(new Set(codes)).toEqual(new Set(['b site-slow']))
  })
})

describe('how long a site may be read', () => {
  const BACKFILL = { ...ROUND, job: 'backfill', from: DAY, to: DAY, sites: ['a'] }
  it.each<[string, object, number, number]>([
    ['a round', { ...ROUND, sites: ['a'] }, 300_000, 20_000],
    ['a round that hardly began in time', { ...ROUND, sites: ['a'] }, 60_001, 20_000],
    ['a backfill', BACKFILL, 300_000, 180_000],
    ['a backfill that began late', BACKFILL, 100_000, 70_000],
  ])('%s', async (_, job, leftMs, siteMs) => {
    await collected(job, leftMs)
    expect(world.siteMs).toEqual([siteMs])
  })
})

describe('a backfill', () => {
  const BACKFILL = { ...ROUND, job: 'backfill', from: '2026-11-01', to: '2026-11-03', sites: ['a'] }
  it('reads its days, and asks for no mails: nobody is mailed about the past', async () => {
    world.files.set(
      'a/sys_alarm/system_alarm_20261102.txt',
      alarmLine('a', 'X', '2026-11-02', '01:00:00'),
    )
    expect(await collected(BACKFILL)).toEqual(WELL)
    const days = ['01', '02', '03'].map((day) => `a/sys_alarm/system_alarm_202611${day}.txt`)
    expect(world.reads).toEqual(days)
    expect(world.queues.mails.sent).toEqual([])
    expect(world.metrics()).toEqual([{ SitesFailed: 0, LinesAdded: 1 }])
  })

  it('of days of which the site has nothing is no failure that somebody must see to', async () => {
    expect(await collected(BACKFILL)).toEqual(WELL)
    expect(world.queues.deadLetters.sent).toEqual([])
    expect(world.events('file:failed')).toMatchObject([{ code: 'nothing-found' }])
    expect(world.metrics()).toEqual([{ SitesFailed: 0 }])
  })

  it('that is given up is a dead letter that says which site and days', async () => {
    world.failing.set('a', DOWN)
    await collected({ ...BACKFILL, tries: 3 })
    expect(jobsOf(world.queues.deadLetters.sent)).toEqual([{ ...BACKFILL, tries: 3 }])
  })
})

describe('what is not the fault of a site', () => {
  it('an unknown site is a dead letter with the reason', async () => {
    expect(await collected({ ...ROUND, sites: ['a', 'x'] })).toEqual(WELL)
    expect(world.reads).toEqual([])
    const [letter] = world.queues.deadLetters.sent
    expect(letter!.reason).toMatch(/^unknown-site: There is no site “x” in version 1/)
  })

  it('so is a version of the settings that is not there', async () => {
    await collected({ ...ROUND, settings: 9, sites: ['a'] })
    expect(world.queues.deadLetters.sent[0]!.reason).toMatch(/^settings-version: /)
  })

  it('a busy table makes the message come again, when the settings cannot be read', async () => {
    const busy = busyTable(world.table, (partition) => partition === 'settings')
    world = workWorld(Date.parse(AT), busy)
    expect(await collected({ ...ROUND, sites: ['a'] })).toEqual({
      batchItemFailures: [{ itemIdentifier: 'm1' }],
    })
    expect(world.queues.deadLetters.sent).toEqual([])
    expect(world.metrics()).toEqual([{ JobsAgain: 1 }])
  })

  it('a busy table makes a site come again, when its ledger cannot be read', async () => {
    const table = memoryTable()
    const busy = busyTable(table, (partition) => partition.startsWith('ledger#b'))
    world = workWorld(Date.parse(AT), busy)
    await world.apply(settingsOf(['a', 'b']))
    world.files.set(`a/${FILE}`, alarmLine('a', 'LINK_DOWN', DAY, '15:00:00'))
    expect(await collected({ ...ROUND, sites: ['a', 'b'] })).toEqual(WELL)
    expect(jobsOf(world.queues.rounds.sent)).toMatchObject([{ sites: ['b'], tries: 2 }])
    expect(world.metrics()).toMatchObject([{ LinesAdded: 1, SitesFailed: 1 }])
  })

  it('mails that cannot be asked for make the message come again', async () => {
    world.queues.mails.fail(DOWN)
    const failed = await collected({ ...ROUND, sites: ['a'] })
    expect(failed.batchItemFailures).toHaveLength(1)
    world.queues.mails.fail()
    world.state.nowMs += MINUTE_MS
    await collected({ ...ROUND, sites: ['a'] })
    expect(jobsOf(world.queues.mails.sent)).toMatchObject([{ job: 'notify', sites: ['a'] }])
  })
})

describe('sites of failures', () => {
  const failure = (site: string, code: string, errorClass: 'retry' | 'skip') => ({
    site,
    error: new RoundsError(code, errorClass, 'text'),
  })
  it('that may do better are those, whatever else failed of them', () => {
    const failures = [
      failure('a', 'http-status', 'skip'),
      failure('a', 'connection', 'retry'),
      failure('b', 'site-slow', 'skip'),
      failure('c', 'nothing-found', 'skip'),
      failure('d', 'http-status', 'skip'),
      failure('d', 'nothing-found', 'skip'),
    ]
    expect(failedSites(failures)).toMatchObject({ again: ['a', 'b'], failed: ['d'] })
    expect(failedSites([])).toEqual({ again: [], failed: [], faults: new Map() })
  })

  it('are faults of ours when anything of them does not lie with the site', () => {
    const damaged = failure('a', 'ledger-damaged', 'skip')
    const failures = [failure('a', 'connection', 'retry'), damaged, failure('b', 'tls', 'skip')]
    expect(failedSites(failures).faults).toEqual(new Map([['a', damaged.error]]))
  })
})
