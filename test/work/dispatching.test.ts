import { beforeEach, describe, expect, it } from 'vitest'
import { JOBS, type JobName } from '../../lib/job.ts'
import { dispatchPayload } from '../../lib/work/dispatching.ts'
import { jobsIn, QUEUES } from '../../lib/work/queues.ts'
import { ofType, synthesised } from '../infra/synthesis.ts'
import { jobsOf } from './recording.ts'
import { settingsOf, type WorkWorld, workWorld } from './world.ts'

const NOW = '2026-11-10T08:00:20Z'
const AT = '2026-11-10T08:00:00Z'

let world: WorkWorld
beforeEach(async () => {
  world = workWorld(Date.parse(NOW))
  await world.apply(settingsOf(['a', 'b', 'c']))
})

const dispatched = (payload: unknown, sitesPerMessage = 2) =>
  dispatchPayload(world.ports, payload, { id: 'request-1', sitesPerMessage })

const nothingSent = () => Object.values(world.queues).every(({ sent }) => sent.length === 0)

describe('the payload of a schedule', () => {
  const schedules = ofType(synthesised(), 'AWS::Scheduler::Schedule')
  const inputs = schedules.map(({ Properties }) => String(Properties.Target.Input))
  /** Scheduler puts the time in place of this. */
  const TIME = '<aws.scheduler.scheduled-time>'

  it('is there for rounds, reports and settlings', () => {
    const jobs = inputs.map((input) => JSON.parse(input).job)
    expect(jobs.sort()).toEqual(['report', 'round', 'settle'])
  })

  it.each(inputs)('as it stands in the template is understood: %s', async (input) => {
    expect(input).toContain(TIME)
    const payload = JSON.parse(input.replace(TIME, AT))
    const { id, messages } = await dispatched(payload)
    expect(id).toBe('request-1')
    const { sent } = world.queues[QUEUES[payload.job as JobName]]
    expect(sent).toHaveLength(messages)
    const [first] = jobsOf(sent)
    expect(first).toMatchObject({ id: 'request-1', job: payload.job, at: AT, settings: 1 })
  })
})

describe('what a person asks for', () => {
  it('means now, unless a time is given', async () => {
    expect(await dispatched({ job: 'round' })).toEqual({ id: 'request-1', messages: 2 })
    expect(jobsOf(world.queues.rounds.sent).map(({ at, sites }) => [at, sites])).toEqual([
      [NOW, ['a', 'b']],
      [NOW, ['c']],
    ])
  })

  it('may name itself, and the same site twice', async () => {
    const days = { from: '2026-11-01', to: '2026-11-02' }
    const job = { id: 'mine', job: 'backfill', ...days, sites: ['b', 'b'] }
    expect(await dispatched(job)).toEqual({ id: 'mine', messages: 1 })
    const own = { ...job, sites: ['b'], at: NOW, settings: 1 }
    expect(jobsOf(world.queues.rounds.sent)).toEqual([own])
  })

  it.each<[string, unknown, string]>([
    ['no job', { job: 'dance' }, 'bad-job'],
    ['nothing', undefined, 'bad-job'],
    ['an event of something else', { version: '0', 'detail-type': 'Scheduled Event' }, 'bad-job'],
    ['an unknown site', { job: 'round', sites: ['a', 'x'] }, 'unknown-site'],
    ['a settling in the future', { job: 'settle', at: '2026-11-11T08:00:00Z' }, 'bad-job'],
    ['four years', { job: 'backfill', from: '2022-11-01', to: '2026-11-01' }, 'bad-job'],
    [
      'a day that is nowhere yet',
      { job: 'backfill', from: '2026-11-10', to: '2026-11-12' },
      'bad-job',
    ],
    ['the end of time', { job: 'settle', from: '9999-12-01', to: '9999-12-31' }, 'bad-job'],
    ['all of time', { job: 'backfill', from: '0001-01-01', to: '9999-12-31' }, 'bad-job'],
  ])('and is %s is told to who asks, and sends nothing', async (_, payload, code) => {
    await expect(dispatched(payload)).rejects.toMatchObject({ code, class: 'stop' })
    expect(nothingSent()).toBe(true)
  })

  it('is told when the queue takes nothing', async () => {
    world.queues.rounds.fail(new Error('full'))
    await expect(dispatched({ job: 'round' })).rejects.toThrow('full')
  })

  it('and has a key that no job has is refused: who types it has mistyped it', async () => {
    await expect(dispatched({ job: 'round', sietes: ['a'] })).rejects.toThrow(/no key “sietes”/)
    expect(nothingSent()).toBe(true)
  })
})

describe('before the first settings', () => {
  beforeEach(() => {
    world = workWorld(Date.parse(NOW))
  })

  it.each(['round', 'report', 'settle'])('a %s is nothing to do, and no failure', async (job) => {
    expect(await dispatched({ job, at: AT })).toEqual({ id: 'request-1', messages: 0 })
    expect(nothingSent()).toBe(true)
    expect(world.events()).toMatchObject([
      {
        ...{ level: 'warn', event: 'job:no-settings', id: 'request-1', job },
        hint: expect.stringContaining('siterounds --backend aws apply'),
      },
    ])
  })
})

describe('each job', () => {
  it.each(JOBS)('%s goes into the queue whose worker knows it', async (job) => {
    const days = job === 'backfill' ? { from: '2026-11-01', to: '2026-11-01' } : {}
    await dispatched({ job, ...days })
    const [own] = Object.entries(world.queues).filter(([, { sent }]) => sent.length > 0)
    expect(own![0]).toBe(QUEUES[job])
    for (const one of jobsOf(own![1].sent)) {
      expect(jobsIn(QUEUES[job])).toContain(one.job)
    }
  })

  it('is in one queue', () => {
    expect(jobsIn('rounds')).toEqual(['round', 'backfill'])
    expect(jobsIn('reports')).toEqual(['report', 'overview'])
    const queues = [...new Set(Object.values(QUEUES))]
    expect(queues.flatMap((queue) => jobsIn(queue)).sort()).toEqual([...JOBS].sort())
  })
})
