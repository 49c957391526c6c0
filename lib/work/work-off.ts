import type { TimeLimit } from '../at-once.ts'
import { asRoundsError, RoundsError } from '../errors.ts'
import {
  isByHand,
  isStale,
  type Job,
  type JobName,
  jobText,
  MOST_SITES,
  parseJob,
  refuseEarly,
} from '../job.ts'
import type { LogFields } from '../log.ts'
import type { Message, Queue } from '../queue/queue.ts'
import { type Clock, MINUTE_MS } from '../time.ts'
import { bury, buryFaults, type LetterPorts, MOST_TRIES } from './dead-letters.ts'
import type { Deliveries, Delivery, DeliveryFailures, RunContext } from './deliveries.ts'
import { inGroups } from './in-groups.ts'
import type { Metrics } from './metrics.ts'
import { groupOf } from './queues.ts'

/** What came of a job. */
export interface Worked {
  /** Sites that were not begun, for want of time: they are sent on. */
  left: string[]
  /** Sites that failed and may do better soon: each is sent again, alone. */
  again: string[]
  /** Sites that failed for good. */
  failed: string[]
  /** Why sites failed for which people must see to it, once they were tried for the last time. */
  faults?: ReadonlyMap<string, RoundsError>
  /** For the log line that tells of the job. */
  told: LogFields
}

/** How much time a run has. */
export interface RunLimit extends Required<TimeLimit> {
  /** Milliseconds until the function is ended, whatever it is doing. */
  leftMs(): number
}

/** Works off the jobs of one queue. */
export interface Worker extends LetterPorts {
  /** Does what a job asks for, as long as there is time. */
  work(job: Job, limit: RunLimit): Promise<Worked>
  /** What it knows how to do; any other job is in the wrong queue. */
  jobs: readonly JobName[]
  /** The queue that it works off. */
  own: Queue
  metrics: Metrics
  /** The machine's. */
  clock: Clock
}

/** With so little time left nothing further is begun: what is under way must come to its end. */
export const LAST_MS = 60_000

/** A site that failed is tried again after so long, then after twice as long. */
const PAUSE_SECONDS = 60

/**
 * Works off what SQS delivered. A message that will never be understood becomes a dead letter with
 * its reason; one that failed as a whole is delivered again; of any other what is left to be done
 * is sent as messages of their own, so that no site repeats another one's work.
 */
export async function workOff(
  worker: Worker,
  { Records }: Deliveries,
  context: RunContext,
): Promise<DeliveryFailures> {
  const failures: DeliveryFailures = { batchItemFailures: [] }
  for (const delivery of Records) {
    try {
      await workOne(worker, delivery, context)
    } catch (thrown) {
      const { code, message } = asRoundsError(thrown)
      worker.log('warn', 'job:again', { message: delivery.messageId, code, reason: message })
      worker.metrics({ JobsAgain: 1 })
      failures.batchItemFailures.push({ itemIdentifier: delivery.messageId })
    }
  }
  return failures
}

async function workOne(worker: Worker, delivery: Delivery, context: RunContext): Promise<void> {
  const { log, clock, own } = worker
  const job = await understood(worker, delivery)
  if (!job) return
  const about = { id: job.id, job: job.job, sites: job.sites?.length ?? null }
  if (isStale(job, clock.now())) return tooLate(worker, delivery, job)
  const begunMs = clock.now()
  const leftMs = () => context.getRemainingTimeInMillis()
  const hasTime = () => leftMs() > LAST_MS
  let worked: Worked
  try {
    worked = await worker.work(job, { hasTime, leftMs })
  } catch (thrown) {
    const error = asRoundsError(thrown)
    if (error.class !== 'stop') throw error
    return bury(worker, delivery.body, error)
  }
  const { left, again, failed, faults = new Map(), told } = worked
  await own.send([...sentOn(job, left), ...sentAgain(job, again)])
  const last = [...failed, ...givenUp(job, again)]
  if (job.job !== 'backfill') await buryFaults(worker, job, last, faults)
  // Whoever asked for it looks for what became of each site, also of one that did not answer.
  else for (const one of last) await bury(worker, textFor(job, [one]), siteFailed(one))
  const counts = { left: left.length, again: again.length, failed: failed.length }
  log('info', 'job:done', { ...about, ms: clock.now() - begunMs, ...counts, ...told })
}

/**
 * A message that comes too late. One that merely waited is dropped, and counted if it was a round:
 * newer ones do what it would have done. Of one that failed as a whole nobody else tells, least of
 * all when its function was killed; and what a person asked for nobody asks for again.
 */
async function tooLate(worker: Worker, delivery: Delivery, job: Job): Promise<void> {
  const ageMs = worker.clock.now() - job.atMs
  const receives = Number(delivery.attributes?.ApproximateReceiveCount ?? 1)
  if (receives > 1 || isByHand(job)) {
    return bury(worker, delivery.body, jobLate(job, ageMs, receives))
  }
  const about = { id: job.id, job: job.job, sites: job.sites?.length ?? null }
  worker.log('warn', 'job:dropped', { ...about, ageMs })
  if (job.job === 'round') worker.metrics({ RoundsDropped: 1 })
}

function jobLate({ job }: Job, ageMs: number, receives: number): RoundsError {
  const minutes = Math.floor(ageMs / MINUTE_MS)
  const times = receives === 1 ? 'once' : `${receives} times`
  return new RoundsError(
    'job-late',
    'stop',
    `A ${job} came ${minutes} minutes late, received ${times}.`,
    'If it was tried before, the log of the function says why it failed then; else it waited.',
  )
}

/** Workers that have told of a key that they do not know: one line says it all. */
const toldOfKeys = new WeakSet<Worker>()

function tellOfKey(worker: Worker, key: string): void {
  if (toldOfKeys.has(worker)) return
  toldOfKeys.add(worker)
  worker.log('warn', 'job:unknown-key', { key })
}

/** The job of a message; undefined when there is none in it, which is seen to. */
async function understood(worker: Worker, delivery: Delivery): Promise<Job | undefined> {
  try {
    const nowMs = worker.clock.now()
    const missing = { id: delivery.messageId, atMs: nowMs }
    const job = parseJob(parsedJson(delivery.body), missing, (key) => tellOfKey(worker, key))
    if (!worker.jobs.includes(job.job)) throw wrongQueue(worker, job)
    refuseEarly(job, nowMs)
    return job
  } catch (thrown) {
    const error = asRoundsError(thrown)
    if (error.class !== 'stop') throw error
    await bury(worker, delivery.body, error)
    return undefined
  }
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new RoundsError('bad-job', 'stop', 'This is no job: it is no JSON.')
  }
}

function wrongQueue({ jobs }: Worker, { job }: Job): RoundsError {
  return new RoundsError(
    'wrong-queue',
    'stop',
    `A ${job} is in the queue of ${jobs.join(' and ')}.`,
    'Ask the dispatch function for it, which knows the queue of each job.',
  )
}

function siteFailed(site: string): RoundsError {
  return new RoundsError(
    'site-failed',
    'stop',
    `The site ${site} could not be read as asked.`,
    'The log lines file:failed of the same job say why; ask for it again when that is mended.',
  )
}

/** One message; only what was asked for without names can be more than one may name. */
function sentOn(job: Job, left: string[]): Message[] {
  return inGroups(left, MOST_SITES).map((sites) => ({
    text: textFor(job, sites),
    group: groupOf(job, sites),
  }))
}

function textFor(job: Job, sites: string[]): string {
  return jobText({ ...job, sites })
}

function triesOf({ tries = 1 }: Job): number {
  return tries
}

function sentAgain(job: Job, again: string[]): Message[] {
  const tries = triesOf(job)
  if (tries >= MOST_TRIES) return []
  return again.map((site) => ({
    text: jobText({ ...job, sites: [site], tries: tries + 1 }),
    group: groupOf(job, [site]),
    delaySeconds: PAUSE_SECONDS * tries,
  }))
}

function givenUp(job: Job, again: string[]): string[] {
  return triesOf(job) >= MOST_TRIES ? again : []
}
