import { beforeEach, describe, expect, it } from 'vitest'
import { RoundsError } from '../../lib/errors.ts'
import { type Job, jobText, parseJob } from '../../lib/job.ts'
import { memoryTable } from '../../lib/store/memory.ts'
import { type RunLimit, type Worked, type Worker, workOff } from '../../lib/work/work-off.ts'
import {
  deliveriesOf,
  jobsOf,
  type Logged,
  type RecordingQueue,
  recordingQueue,
  runOf,
} from './recording.ts'

const AT = '2026-11-10T08:00:00Z'
const NOW_MS = Date.parse('2026-11-10T08:00:30Z')
const ROUND = { id: 'r-1', job: 'round', at: AT, sites: ['a', 'b', 'c'], settings: 7 }
const BACKFILL = { ...ROUND, job: 'backfill', from: '2026-11-01', to: '2026-11-03' }
const DONE: Worked = { left: [], again: [], failed: [], told: {} }
const BUSY = new RoundsError('table-busy', 'retry', 'The table is busy.', 'It is tried again.')
const BROKEN = new RoundsError('table-refused', 'stop', 'The table refuses.', 'Deploy the stacks.')

let nowMs: number
let own: RecordingQueue
let deadLetters: RecordingQueue
let logged: Logged[]
let worked: Job[]
let limits: RunLimit[]
let counted: object[]
let does: (job: Job) => Promise<Worked>
let worker: Worker

beforeEach(() => {
  nowMs = NOW_MS
  own = recordingQueue()
  deadLetters = recordingQueue()
  logged = []
  worked = []
  limits = []
  counted = []
  does = async () => DONE
  worker = {
    ...{ own, deadLetters, jobs: ['round', 'backfill'], table: memoryTable() },
    metrics: (counts) => void counted.push(counts),
    log: (level, event, fields) => void logged.push({ level, event, ...fields }),
    clock: { now: () => nowMs },
    async work(job, limit) {
      worked.push(job)
      limits.push(limit)
      return does(job)
    },
  }
})

const off = (...bodies: unknown[]) => workOff(worker, deliveriesOf(...bodies), runOf())
const WELL = { batchItemFailures: [] }
const failing = (...ids: string[]) => ({
  batchItemFailures: ids.map((itemIdentifier) => ({ itemIdentifier })),
})

describe('a message that will never be understood', () => {
  it.each<[string, unknown, RegExp]>([
    ['is no JSON', '{"job":', /^bad-job: .*no JSON/],
    ['is empty', '', /^bad-job: .*no JSON/],
    ['is JSON, and no object', [ROUND], /^bad-job: .*no JSON object/],
    ['is no job', { job: 'dance' }, /^bad-job: .*job is one of/],
    ['names a job of another queue', { job: 'settle' }, /^wrong-queue: A settle .*round and ba/],
    ['is of the future', { ...ROUND, at: '2026-11-10T09:00:00Z' }, /^bad-job: .*future/],
    ['asks for more days than anybody has', { ...BACKFILL, from: '1926-11-01' }, /at most 1100 da/],
  ])(
    'as it %s, is a dead letter with the reason, and not delivered again',
    async (_, body, why) => {
      expect(await off(body)).toEqual(WELL)
      const text = typeof body === 'string' ? body : JSON.stringify(body)
      expect(deadLetters.sent).toEqual([
        { text, group: 'dead', reason: expect.stringMatching(why) },
      ])
      expect(logged).toMatchObject([
        { level: 'error', event: 'job:dead', hint: expect.any(String) },
      ])
      expect(worked).toEqual([])
      expect(own.sent).toEqual([])
    },
  )

  it('is delivered again when it cannot even become a dead letter', async () => {
    deadLetters.fail(BUSY)
    expect(await off('{')).toEqual(failing('m1'))
  })
})

describe('a message with a key that this release does not know', () => {
  it('is done all the same: a newer release may send it in the middle of an upgrade', async () => {
    expect(await off({ ...ROUND, colour: 'red' }, { ...ROUND, colour: 'blue' })).toEqual(WELL)
    expect(worked.map(({ id }) => id)).toEqual(['r-1', 'r-1'])
    expect(worked[0]).not.toHaveProperty('colour')
    expect(deadLetters.sent).toEqual([])
  })

  it('says so once, however many come', async () => {
    await off({ ...ROUND, colour: 'red' }, { ...ROUND, colour: 'blue' })
    await off({ ...ROUND, shape: 'round' })
    const told = logged.filter(({ event }) => event === 'job:unknown-key')
    expect(told).toEqual([{ level: 'warn', event: 'job:unknown-key', key: 'colour' }])
  })
})

it('a message without a time is one of now: a person wrote it, and it names the job', async () => {
  await off({ job: 'round' })
  expect(worked).toEqual([{ id: 'm1', job: 'round', atMs: NOW_MS }])
})

describe('work that throws', () => {
  it.each<[string, Error]>([
    ['that it may do better soon', BUSY],
    ['something unforeseen', new TypeError('x is undefined')],
  ])('%s is delivered again, and nothing is sent', async (_, error) => {
    does = () => Promise.reject(error)
    expect(await off(ROUND)).toEqual(failing('m1'))
    expect([...own.sent, ...deadLetters.sent]).toEqual([])
    expect(logged).toMatchObject([{ level: 'warn', event: 'job:again', message: 'm1' }])
    expect(counted).toEqual([{ JobsAgain: 1 }])
    expect(logged[0]).toMatchObject({ reason: error.message })
  })

  it('that it never will is a dead letter as it came, with the reason', async () => {
    does = () => Promise.reject(BROKEN)
    expect(await off(ROUND)).toEqual(WELL)
    expect(jobsOf(deadLetters.sent)).toEqual([ROUND])
    expect(deadLetters.sent[0]).toMatchObject({ reason: 'table-refused: The table refuses.' })
    expect(logged).toMatchObject([{ event: 'job:dead', hint: 'Deploy the stacks.' }])
  })

  it('that it never will is delivered again when it cannot become a dead letter', async () => {
    does = () => Promise.reject(BROKEN)
    deadLetters.fail(BUSY)
    expect(await off(ROUND)).toEqual(failing('m1'))
  })
})

describe('sites that were left for want of time', () => {
  it('are sent on as one message of the same id, time and tries', async () => {
    does = async () => ({ ...DONE, left: ['b', 'c'] })
    const job = { ...ROUND, tries: 2, feeds: ['alarm'] }
    expect(await off(job)).toEqual(WELL)
    expect(jobsOf(own.sent)).toEqual([{ ...job, sites: ['b', 'c'] }])
    expect(own.sent[0]).toEqual({ text: own.sent[0]!.text, group: 'b' })
  })

  it('of a backfill keep its days, and its group: it is one tenant of the queue', async () => {
    does = async () => ({ ...DONE, left: ['c'], again: ['a'] })
    await off(BACKFILL)
    expect(jobsOf(own.sent)).toMatchObject([{ ...BACKFILL, sites: ['c'] }, { sites: ['a'] }])
    expect(own.sent.map(({ group }) => group)).toEqual(['r-1', 'r-1'])
  })

  it('are never more in a message than it may name', async () => {
    const left = Array.from({ length: 2_001 }, (_, n) => `s${n}`)
    does = async () => ({ ...DONE, left })
    await off({ id: 'all', job: 'round', at: AT })
    const jobs = jobsOf(own.sent).map((one) => parseJob(one, { id: 'x', atMs: 0 }))
    expect(jobs.map(({ sites }) => sites!.length)).toEqual([1_000, 1_000, 1])
    expect(jobs.flatMap(({ sites }) => sites)).toEqual(left)
  })

  it('are those that begin when there is hardly a minute left', async () => {
    for (const leftMs of [60_001, 60_000]) {
      await workOff(worker, deliveriesOf(ROUND), runOf(leftMs))
    }
    expect(limits.map((limit) => limit.hasTime())).toEqual([true, false])
    expect(limits.map((limit) => limit.leftMs())).toEqual([60_001, 60_000])
  })
})

describe('sites that failed and may do better', () => {
  it.each([
    [undefined, 60, 2],
    [1, 60, 2],
    [2, 120, 3],
  ])('are sent again alone; tried %s times before, in %s s', async (tries, delaySeconds, next) => {
    does = async () => ({ ...DONE, again: ['a', 'c'] })
    expect(await off({ ...ROUND, ...(tries && { tries }) })).toEqual(WELL)
    const one = (site: string) => ({
      text: expect.any(String),
      ...{ group: site, delaySeconds },
    })
    expect(own.sent).toEqual([one('a'), one('c')])
    const alone = (site: string) => ({ ...ROUND, sites: [site], tries: next })
    expect(jobsOf(own.sent)).toEqual([alone('a'), alone('c')])
  })

  it('are given up by a round after three tries: the next round tries them', async () => {
    does = async () => ({ ...DONE, again: ['a'], failed: ['b'] })
    expect(await off({ ...ROUND, tries: 3 })).toEqual(WELL)
    expect([...own.sent, ...deadLetters.sent]).toEqual([])
    expect(logged).toMatchObject([{ event: 'job:done', again: 1, failed: 1 }])
  })

  it('are a dead letter each when a backfill gives them up', async () => {
    does = async () => ({ ...DONE, again: ['a', 'c'], failed: ['b'] })
    await off({ ...BACKFILL, tries: 3 })
    expect(own.sent).toEqual([])
    const letters = jobsOf(deadLetters.sent)
    expect(letters).toEqual(['b', 'a', 'c'].map((id) => ({ ...BACKFILL, sites: [id], tries: 3 })))
    for (const { reason } of deadLetters.sent)
      expect(reason).toMatch(/^site-failed: The site [abc] /)
  })

  it('are no dead letters while a backfill tries; those that failed for good are', async () => {
    does = async () => ({ ...DONE, again: ['a'], failed: ['b'] })
    await off(BACKFILL)
    expect(jobsOf(own.sent)).toMatchObject([{ sites: ['a'], tries: 2 }])
    expect(jobsOf(deadLetters.sent)).toMatchObject([{ sites: ['b'] }])
  })

  it('make the message come again when they cannot be sent', async () => {
    does = async () => ({ ...DONE, left: ['b'], again: ['a'], failed: ['c'] })
    own.fail(BUSY)
    expect(await off(BACKFILL)).toEqual(failing('m1'))
    expect(deadLetters.sent).toEqual([])
    expect(logged.map(({ event }) => event)).toEqual(['job:again'])
  })
})

describe('an event', () => {
  it('without messages is done', async () => {
    expect(await workOff(worker, { Records: [] }, runOf())).toEqual(WELL)
  })

  it('of two messages of which one is none does the other', async () => {
    expect(await off('nonsense', ROUND)).toEqual(WELL)
    expect(deadLetters.sent).toHaveLength(1)
    expect(worked).toMatchObject([{ id: 'r-1' }])
  })

  it('of three messages of which one fails names that one alone', async () => {
    does = async ({ id }) => {
      if (id === 'bad') throw BUSY
      return DONE
    }
    expect(await off(ROUND, { ...ROUND, id: 'bad' }, BACKFILL)).toEqual(failing('m2'))
    expect(worked.map(({ id }) => id)).toEqual(['r-1', 'bad', 'r-1'])
  })

  it('tells of each job that was done what came of it, and how long it took', async () => {
    does = async () => {
      nowMs += 1_234
      return { left: ['c'], again: ['a'], failed: [], told: { lines: 5 } }
    }
    await off(ROUND)
    const counts = { left: 1, again: 1, failed: 0, lines: 5 }
    const about = { id: 'r-1', job: 'round', sites: 3, ms: 1_234 }
    expect(logged).toEqual([{ level: 'info', event: 'job:done', ...about, ...counts }])
  })
})

it('whatever is sent on is a job that is understood', async () => {
  does = async () => ({ ...DONE, left: ['b'], again: ['a'] })
  await off(BACKFILL)
  for (const { text } of own.sent) {
    const job = parseJob(JSON.parse(text), { id: 'other', atMs: 0 })
    expect(jobText(job)).toBe(text)
    expect(job).toMatchObject({ id: 'r-1', atMs: Date.parse(AT), settings: 7 })
  }
})
