import type { EnvName } from '../env.ts'
import { JOBS, type JobName } from '../job.ts'

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
