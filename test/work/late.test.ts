import { beforeEach, describe, expect, it } from 'vitest'
import { DAY_MS, MINUTE_MS, SECOND_MS } from '../../lib/time.ts'
import { collectWorker } from '../../lib/work/collecting.ts'
import { settleWorker } from '../../lib/work/settling.ts'
import { workOff } from '../../lib/work/work-off.ts'
import { synthesised, theOne } from '../infra/synthesis.ts'
import { jobsOf, received, runOf } from './recording.ts'
import { busyTable, settingsOf, type WorkWorld, workWorld } from './world.ts'

const AT = '2026-11-10T08:00:00Z'
const AT_MS = Date.parse(AT)
const ROUND = { id: 'r-1', job: 'round', at: AT, sites: ['a', 'b'], settings: 1 }
const BACKFILL = { ...ROUND, job: 'backfill', from: '2026-11-01', to: '2026-11-03' }
const WELL = { batchItemFailures: [] }
const AGAIN = { batchItemFailures: [{ itemIdentifier: 'm1' }] }

let world: WorkWorld
let isBusy: boolean
beforeEach(async () => {
  isBusy = false
  const { table } = workWorld(AT_MS)
  world = workWorld(
    AT_MS,
    busyTable(table, (partition) => isBusy && partition === 'settings'),
  )
  await world.apply(settingsOf(['a', 'b']))
})

/** What comes of a message that is received at an instant, not for the first time. */
function collectedAt(nowMs: number, job: object, times = 1) {
  world.state.nowMs = nowMs
  return workOff(collectWorker(world.ports), received(job, times), runOf())
}

const letters = () => world.queues.deadLetters.sent
const count = (name: string) =>
  world.metrics().reduce((sum, metrics) => sum + (metrics[name] ?? 0), 0)

describe('a round that failed as a whole', () => {
  const { VisibilityTimeout, RedrivePolicy } = theOne(
    synthesised().pipeline,
    'AWS::SQS::Queue',
    'RoundsQueue',
  ).Properties
  /** When a message is seen again for the n-th time that nobody deletes. */
  const seenMs = (times: number) =>
    AT_MS + 20 * SECOND_MS + (times - 1) * VisibilityTimeout * SECOND_MS

  it('is done once more when its message is seen again, which is not too late', async () => {
    isBusy = true
    expect(await collectedAt(seenMs(1), ROUND)).toEqual(AGAIN)
    isBusy = false
    expect(await collectedAt(seenMs(2), ROUND, 2)).toEqual(WELL)
    expect(world.events('job:done')).toMatchObject([{ id: 'r-1', sites: 2 }])
    expect(letters()).toEqual([])
    expect(count('RoundsDropped')).toBe(0)
  })

  it('is a dead letter with its reason when it fails again and again', async () => {
    const most = RedrivePolicy.maxReceiveCount
    isBusy = true
    let failed = 0
    for (let times = 1; times <= most; times += 1) {
      failed += (await collectedAt(seenMs(times), ROUND, times)).batchItemFailures.length
    }
    // Before SQS itself would bury it, without a reason.
    expect(failed).toBeLessThan(most)
    expect(jobsOf(letters())).toEqual([ROUND])
    expect(letters()[0]!.reason).toMatch(/^job-late: .*received 3 times/)
    expect(count('JobsAgain')).toBe(failed)
    expect(count('RoundsDropped')).toBe(0)
  })

  it('whose call was killed is no less a dead letter: nobody else told of it', async () => {
    expect(await collectedAt(seenMs(3), ROUND, 3)).toEqual(WELL)
    expect(jobsOf(letters())).toEqual([ROUND])
    expect(world.events('job:dropped')).toEqual([])
  })
})

describe('a round that waited too long', () => {
  it('is done up to half an hour, and then dropped and counted', async () => {
    await collectedAt(AT_MS + 30 * MINUTE_MS, ROUND)
    expect(world.events('job:done')).toHaveLength(1)
    const ageMs = 30 * MINUTE_MS + SECOND_MS
    expect(await collectedAt(AT_MS + ageMs, ROUND)).toEqual(WELL)
    expect(world.events('job:done')).toHaveLength(1)
    expect(world.events('job:dropped')).toMatchObject([{ id: 'r-1', sites: 2, ageMs }])
    expect(world.metrics().at(-1)).toEqual({ RoundsDropped: 1 })
    expect(letters()).toEqual([])
  })

  it('is done all the same when it names days: no newer one reads these', async () => {
    const days = { from: '2026-11-01', to: '2026-11-01' }
    await collectedAt(AT_MS + 31 * MINUTE_MS, { ...ROUND, ...days })
    expect(world.events('job:done')).toHaveLength(1)
  })
})

describe('what comes later than a day', () => {
  it('is a dead letter when a person asked for it: no schedule asks again', async () => {
    await collectedAt(AT_MS + DAY_MS, BACKFILL)
    expect(world.events('job:done')).toHaveLength(1)
    expect(await collectedAt(AT_MS + DAY_MS + SECOND_MS, BACKFILL)).toEqual(WELL)
    expect(world.events('job:done')).toHaveLength(1)
    expect(jobsOf(letters())).toEqual([BACKFILL])
    expect(letters()[0]!.reason).toBe('job-late: A backfill came 1440 minutes late, received once.')
  })

  it('is dropped when a schedule asked for it, which has asked again', async () => {
    world.state.nowMs = AT_MS + DAY_MS + SECOND_MS
    const job = { ...ROUND, job: 'settle' }
    expect(await workOff(settleWorker(world.ports), received(job, 1), runOf())).toEqual(WELL)
    expect(world.events('job:dropped')).toMatchObject([{ job: 'settle' }])
    expect([...letters(), ...world.metrics()]).toEqual([])
  })
})
