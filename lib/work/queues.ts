import type { EnvName } from '../env.ts'
import { JOBS, type Job, type JobName } from '../job.ts'

/** The queue that holds each kind of jobs. */
export const QUEUES = {
  round: 'rounds',
  backfill: 'rounds',
  notify: 'mails',
  report: 'reports',
  overview: 'reports',
  settle: 'settlings',
} as const satisfies Record<JobName, EnvName>

/** A queue that holds jobs. */
export type JobQueueName = (typeof QUEUES)[JobName]

/** The jobs that a queue holds. */
export function jobsIn(queue: JobQueueName): JobName[] {
  return JOBS.filter((job) => QUEUES[job] === queue)
}

/**
 * The group of a message: its first site, so that a slow site keeps no other one waiting. All of a
 * backfill is one group: of whole fleets it would fill the queue, and rounds come before what one
 * group has too much of.
 */
export function groupOf({ id, job }: Job, sites: readonly string[] | undefined): string {
  return job === 'backfill' ? id : (sites?.[0] ?? job)
}
