import type { FunctionPorts } from '../backends/functions.ts'
import type { JobName } from '../job.ts'
import { parseJob } from '../job.ts'
import { dispatch } from './dispatch.ts'

/** The queue that holds each kind of jobs. */
const QUEUES = {
  round: 'rounds',
  backfill: 'rounds',
  notify: 'mails',
  report: 'reports',
  overview: 'reports',
  settle: 'settlings',
} as const satisfies Record<JobName, string>

/**
 * Turns what a schedule or a person asks for into messages. A payload without `at` means now; `id`
 * is the request's unless it is given. Throws what is wrong with it, for whoever invoked it.
 */
export async function dispatchPayload(
  ports: FunctionPorts,
  payload: unknown,
  { id, sitesPerMessage }: { id: string; sitesPerMessage: number },
): Promise<{ id: string; messages: number }> {
  const job = parseJob(payload, { id, atMs: ports.clock.now() })
  const queueOf = (name: JobName) => ports.queue(QUEUES[name])
  const { fleet, log } = ports
  const { messages } = await dispatch({ fleet, queueOf, sitesPerMessage, log }, job)
  return { id: job.id, messages }
}
