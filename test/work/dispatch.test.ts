import { beforeEach, describe, expect, it } from 'vitest'
import { type Job, type JobName, MOST_SITES, parseJob } from '../../lib/job.ts'
import { partOfSite } from '../../lib/ledger/parquet-parts.ts'
import { daysFromTo } from '../../lib/time.ts'
import { dispatch } from '../../lib/work/dispatch.ts'
import { type RecordingQueue, recordingQueue } from './recording.ts'

const JOB: Job = { id: 'r-1', job: 'round', atMs: Date.parse('2026-11-10T08:00:00Z') }

let queue: RecordingQueue
let asked: JobName[]
beforeEach(() => {
  queue = recordingQueue()
  asked = []
})

const idsOf = (count: number, length = 6) =>
  Array.from({ length: count }, (_, n) => String(n).padStart(length, '0'))

async function dispatched(job: Partial<Job>, ids: string[], sitesPerMessage = 20) {
  const logged: object[] = []
  const told = await dispatch(
    {
      fleet: { newest: async () => 7, idsOf: async (version) => (version === 7 ? ids : []) },
      queueOf(name) {
        asked.push(name)
        return queue
      },
      ...{
        sitesPerMessage,
        log: (_level, event, fields) => void logged.push({ event, ...fields }),
      },
    },
    { ...JOB, ...job },
  )
  const jobs = queue.sent.map(({ text }) => parseJob(JSON.parse(text), { id: 'x', atMs: 0 }))
  expect(told).toEqual({ messages: jobs.length })
  return { jobs, logged }
}

describe('a round becomes messages of some sites each', () => {
  it.each([
    [0, 20, []],
    [1, 20, [1]],
    [20, 20, [20]],
    [41, 20, [20, 20, 1]],
    [3, 1, [1, 1, 1]],
    [1_001, 1_000, [1_000, 1]],
  ])('%d sites, at most %d in one: %j', async (count, perMessage, sizes) => {
    const ids = idsOf(count)
    const { jobs, logged } = await dispatched({}, ids, perMessage)
    expect(jobs.map(({ sites }) => sites!.length)).toEqual(sizes)
    expect(jobs.flatMap(({ sites }) => sites)).toEqual(ids)
    for (const job of jobs) expect(job).toEqual({ ...JOB, settings: 7, sites: job.sites })
    expect(queue.sent.map(({ group }) => group)).toEqual(jobs.map(({ sites }) => sites![0]))
    const about = { id: 'r-1', job: 'round', sites: count, messages: sizes.length }
    expect(logged).toEqual([{ event: 'job:dispatched', ...about }])
  })

  it('1,001 sites one by one', async () => {
    expect((await dispatched({}, idsOf(1_001), 1)).jobs).toHaveLength(1_001)
  })

  it.each([0, -1, 1.5, Number.NaN, MOST_SITES + 1])(
    'not with %d sites in one: nobody could read that',
    async (perMessage) => {
      await expect(dispatched({}, idsOf(3), perMessage)).rejects.toMatchObject({
        ...{ code: 'environment', class: 'stop' },
        message: expect.stringContaining('SITEROUNDS_SITES_PER_MESSAGE'),
      })
      expect(queue.sent).toEqual([])
    },
  )
})

it('ten of the longest messages fit into the one call of SQS that carries them', async () => {
  await dispatched({}, idsOf(10 * MOST_SITES, 64), MOST_SITES)
  const bytes = queue.sent.map(({ text }) => Buffer.byteLength(text))
  expect(bytes).toHaveLength(10)
  expect(bytes.reduce((sum, one) => sum + one)).toBeLessThan(1024 * 1024)
})

describe('a job for named sites', () => {
  it('asks for these alone, in their order and once each', async () => {
    const { jobs, logged } = await dispatched({ sites: ['c', 'a', 'c'] }, ['a', 'b', 'c'], 1)
    expect(jobs.map(({ sites }) => sites)).toEqual([['c'], ['a']])
    expect(logged).toMatchObject([{ sites: 2 }])
  })

  it('sends nothing when one of them is unknown', async () => {
    const unknown = dispatched({ sites: ['a', 'x'] }, ['a', 'b'])
    await expect(unknown).rejects.toMatchObject({ code: 'unknown-site', class: 'stop' })
    expect(queue.sent).toEqual([])
  })
})

describe('a backfill', () => {
  it('of a hundred days is four messages a site, which are all of its days once', async () => {
    const range = { from: '2026-07-31', to: '2026-11-07' }
    const { jobs } = await dispatched({ job: 'backfill', ...range, feeds: ['alarm'] }, ['a', 'b'])
    for (const id of ['a', 'b']) {
      const own = jobs.filter(({ sites }) => sites!.join() === id)
      expect(own).toHaveLength(4)
      const days = own.flatMap(({ from, to }) => daysFromTo(from!, to!))
      expect(days).toEqual(daysFromTo(range.from, range.to))
      for (const one of own) expect(one).toMatchObject({ job: 'backfill', feeds: ['alarm'] })
    }
    expect(asked).toEqual(['backfill'])
    // One tenant of the queue, however many sites: rounds are not kept waiting behind it.
    expect(new Set(queue.sent.map(({ group }) => group))).toEqual(new Set(['r-1']))
  })

  it.each([
    ['2026-11-07', '2026-11-07', 1],
    ['2026-10-08', '2026-11-07', 1],
    ['2026-10-07', '2026-11-07', 2],
  ])('from %s to %s is %d', async (from, to, count) => {
    const { jobs } = await dispatched({ job: 'backfill', from, to }, ['a'])
    expect(jobs).toHaveLength(count)
    expect([jobs[0]!.from, jobs.at(-1)!.to]).toEqual([from, to])
  })
})

describe('a report', () => {
  it('is its sites, and the page of all of them when those had time', async () => {
    const { jobs } = await dispatched({ job: 'report' }, idsOf(3), 2)
    expect(jobs.map(({ job, sites }) => [job, sites?.length])).toEqual([
      ['report', 2],
      ['report', 1],
      ['overview', undefined],
    ])
    expect(queue.sent.map(({ delaySeconds }) => delaySeconds)).toEqual([undefined, undefined, 300])
    expect(asked).toEqual(['report'])
  })

  it('of the page of all sites is that page, at once', async () => {
    const { jobs } = await dispatched({ job: 'overview' }, idsOf(3))
    expect(jobs).toEqual([{ ...JOB, job: 'overview', settings: 7 }])
    expect(queue.sent[0]!.delaySeconds).toBeUndefined()
  })
})

describe('a settling', () => {
  it('goes by the files of the archive: one message for the sites of one file', async () => {
    const ids = idsOf(150)
    const { jobs } = await dispatched({ job: 'settle' }, ids, 1)
    const parts = jobs.map(({ sites }) => [...new Set(sites!.map((id) => partOfSite(id, 150)))])
    expect(parts.every((own) => own.length === 1)).toBe(true)
    expect(new Set(parts.flat()).size).toBe(jobs.length)
    expect(jobs.flatMap(({ sites }) => sites).sort()).toEqual(ids)
  })

  it('of named sites asks for these of their parts', async () => {
    const ids = idsOf(150)
    const sites = ids.slice(10, 13)
    const { jobs } = await dispatched({ job: 'settle', sites }, ids)
    expect(jobs.flatMap((job) => job.sites).sort()).toEqual(sites)
    // By the size of the whole fleet: else the files would be others.
    expect(jobs.length).toBe(new Set(sites.map((id) => partOfSite(id, 150))).size)
  })
})

it('a mail by hand is for some sites each as well', async () => {
  const { jobs } = await dispatched({ job: 'notify' }, idsOf(3), 2)
  expect(jobs.map(({ job, sites }) => [job, sites!.length])).toEqual([
    ['notify', 2],
    ['notify', 1],
  ])
})
