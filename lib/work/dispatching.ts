import type { FunctionPorts } from '../backends/functions.ts'
import type { JobName } from '../job.ts'
import { parseJob, refuseEarly } from '../job.ts'
import { dispatch } from './dispatch.ts'
import { QUEUES } from './queues.ts'

/**
 * Turns what a schedule or a person asks for into messages. A payload without `at` means now; `id`
 * is the request's unless it is given. Throws what is wrong with it, for whoever invoked it.
 */
export async function dispatchPayload(
  ports: FunctionPorts,
  payload: unknown,
  { id, sitesPerMessage }: { id: string; sitesPerMessage: number },
): Promise<{ id: string; messages: number }> {
  const nowMs = ports.clock.now()
  const job = parseJob(payload, { id, atMs: nowMs })
  refuseEarly(job, nowMs)
  const queueOf = (name: JobName) => ports.queue(QUEUES[name])
  const { fleet, log } = ports
  const { messages } = await dispatch({ fleet, queueOf, sitesPerMessage, log }, job)
  return { id: job.id, messages }
}
