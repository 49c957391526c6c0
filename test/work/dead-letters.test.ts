import { readdirSync, readFileSync } from 'node:fs'
import { beforeEach, describe, expect, it } from 'vitest'
import { RoundsError } from '../../lib/errors.ts'
import type { Job } from '../../lib/job.ts'
import { memoryTable } from '../../lib/store/memory.ts'
import { HOUR_MS } from '../../lib/time.ts'
import { failedSites } from '../../lib/work/collecting.ts'
import { mailWorker } from '../../lib/work/mailing.ts'
import { isOfTheSite, OF_THE_SITE } from '../../lib/work/of-the-site.ts'
import { reportWorker } from '../../lib/work/reporting.ts'
import { settleWorker } from '../../lib/work/settling.ts'
import { type Worked, type Worker, workOff } from '../../lib/work/work-off.ts'
import { deliveriesOf, jobsOf, runOf } from './recording.ts'
import { busyTable, settingsOf, type WorkWorld, workWorld } from './world.ts'

const AT = '2026-11-10T08:00:00Z'
const JOB = { id: 'r-1', at: AT, settings: 1, sites: ['a', 'b', 'c'] }
const REPORT = { ...JOB, job: 'report' }
const DAMAGED = new RoundsError('ledger-damaged', 'skip', 'A record is damaged.', 'Verify it.')
const BUSY = new RoundsError('table-busy', 'retry', 'The table is busy.', 'Later.')
const DOWN = new RoundsError('connection', 'retry', 'The site does not answer.', 'Look at it.')

let world: WorkWorld
let worked: Job[]
/** What fails of each site. */
let failing: Record<string, RoundsError>
beforeEach(async () => {
  world = workWorld(Date.parse(AT) + 20_000)
  worked = []
  failing = {}
})

/** Works off a job of which these sites fail, as the report function does. */
async function workedOff(job: object) {
  const worker: Worker = {
    ...reportWorker(world.ports),
    jobs: ['report', 'settle', 'notify'],
    async work(own): Promise<Worked> {
      worked.push(own)
      const sites = own.sites!.filter((site) => failing[site])
      const failures = sites.map((site) => ({ site, error: failing[site]! }))
      return { left: [], ...failedSites(failures), told: {} }
    },
  }
  return workOff(worker, deliveriesOf(job), runOf())
}

/** The same, and its message is not delivered again. */
async function done(job: object): Promise<void> {
  expect(await workedOff(job)).toEqual({ batchItemFailures: [] })
}

const letters = () => world.queues.deadLetters.sent
const sitesIn = () => jobsOf(letters()).map(({ sites }) => sites)
const at = (hours: number) => new Date(Date.parse(AT) + hours * HOUR_MS).toISOString()

/** The same job at another time, when it is that time. */
async function doneAt(hours: number, job: object = REPORT): Promise<void> {
  world.state.nowMs = Date.parse(at(hours)) + 20_000
  await done({ ...job, at: at(hours) })
}

describe.each(['report', 'settle', 'notify'])('a %s of which sites fail for good', (name) => {
  const job = { ...JOB, job: name }
  it('is one dead letter of these sites, which says what it was', async () => {
    failing = { a: DAMAGED, c: DAMAGED }
    await done(job)
    expect(jobsOf(letters())).toMatchObject([{ ...job, sites: ['a', 'c'] }])
    expect(letters()[0]!.reason).toBe(
      'sites-failed: 2 sites failed, a first: ledger-damaged: A record is damaged.',
    )
  })

  it('may do better first: it is no dead letter before the last try', async () => {
    failing = { b: BUSY }
    await done(job)
    expect(letters()).toEqual([])
    for (let tries = 2; tries <= 3; tries += 1) {
      const [again] = jobsOf(world.queues.reports.sent.splice(0))
      expect(again).toMatchObject({ sites: ['b'], tries })
      await done(again!)
    }
    expect(sitesIn()).toEqual([['b']])
    expect(world.queues.reports.sent).toEqual([])
  })
})

describe('what is no dead letter', () => {
  it('is a site that is down for days: its failures are shown as its own', async () => {
    failing = { a: DOWN }
    for (const hours of [0, 24, 48]) await doneAt(hours, { ...JOB, job: 'settle', tries: 3 })
    expect(letters()).toEqual([])
  })

  it.each(['mail-later', 'mail-refused'])('is a mail that is not taken: %s', async (code) => {
    failing = { a: new RoundsError(code, 'skip', 'No.') }
    await done({ ...JOB, job: 'notify', tries: 3 })
    expect(letters()).toEqual([])
  })

  it('is the same site once more on the same day', async () => {
    failing = { a: DAMAGED }
    for (const hours of [0, 1, 15.9]) await doneAt(hours)
    expect(sitesIn()).toEqual([['a']])
    failing = { a: DAMAGED, b: DAMAGED }
    await doneAt(15.95)
    expect(sitesIn()).toEqual([['a'], ['b']])
    await doneAt(16)
    expect(sitesIn()).toEqual([['a'], ['b'], ['a', 'b']])
  })

  it('is told of each kind of job by itself', async () => {
    failing = { a: DAMAGED }
    await doneAt(0)
    await doneAt(0, { ...JOB, job: 'settle' })
    expect(jobsOf(letters()).map(({ job }) => job)).toEqual(['report', 'settle'])
  })

  it('is no letter that could not be sent: the message comes again', async () => {
    failing = { a: DAMAGED }
    world.queues.deadLetters.fail(BUSY)
    const again = { batchItemFailures: [{ itemIdentifier: 'm1' }] }
    expect(await workedOff(REPORT)).toEqual(again)
    world.queues.deadLetters.fail()
    await done(REPORT)
    expect(sitesIn()).toEqual([['a']])
  })
})

describe('a dead letter that somebody moved back', () => {
  it('is a letter again when it fails again on the same day', async () => {
    failing = { a: DAMAGED, b: BUSY }
    await done({ ...REPORT, tries: 3 })
    const [letter] = jobsOf(letters().splice(0))
    await done(letter!)
    expect(jobsOf(letters())).toEqual([letter])
    expect(world.queues.reports.sent).toEqual([])
  })

  it('is done when the cause is mended', async () => {
    failing = { a: DAMAGED }
    await done(REPORT)
    const [letter] = jobsOf(letters().splice(0))
    failing = {}
    await done(letter!)
    expect(letters()).toEqual([])
    expect(worked.at(-1)).toMatchObject({ job: 'report', sites: ['a'] })
  })
})

it('a person who asks for days is told each time', async () => {
  failing = { a: DAMAGED }
  const days = { from: '2026-11-01', to: '2026-11-02' }
  for (let times = 1; times <= 2; times += 1) await done({ ...REPORT, ...days })
  expect(jobsOf(letters())).toMatchObject([days, days])
})

describe('a site whose state cannot be read', () => {
  const FILES = ['alarms#b', 'ledger#b', 'days#b', 'observed#b']
  const broken = () =>
    busyTable(memoryTable(), (partition) => FILES.some((one) => partition.startsWith(one)))

  it.each([
    ['report', reportWorker],
    ['notify', mailWorker],
    ['settle', settleWorker],
  ] as const)('is told by a %s, and the others are done', async (job, workerOf) => {
    world = workWorld(Date.parse(AT) + 20_000, broken())
    await world.apply(settingsOf(['a', 'b']))
    const asked = { ...JOB, job, sites: ['a', 'b'], tries: 3 }
    await workOff(workerOf(world.ports), deliveriesOf(asked), runOf())
    expect(jobsOf(letters())).toMatchObject([{ job, sites: ['b'] }])
    expect(letters()[0]!.reason).toContain('table-busy')
  })
})

describe('failures that lie with a site', () => {
  it('are those that its source and its files are told by', () => {
    const folders = ['fetch', 'parse', 'ledger']
    const sources = folders.flatMap((folder) => {
      const path = new URL(`../../lib/${folder}/`, import.meta.url)
      return readdirSync(path).map((name) => readFileSync(new URL(name, path), 'utf8'))
    })
    const unknown = [...OF_THE_SITE].filter(
      (code) => !sources.some((text) => text.includes(`'${code}'`)),
    )
    expect(unknown).toEqual([])
  })

  it('are never those of the ledger, the archive or the table', () => {
    for (const code of ['ledger-damaged', 'archive-missing', 'table-busy', 'unexpected']) {
      expect(isOfTheSite(new RoundsError(code, 'skip', 'text'))).toBe(false)
    }
  })
})
