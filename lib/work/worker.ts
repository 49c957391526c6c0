import type { FunctionPorts } from '../backends/functions.ts'
import { embeddedMetrics } from './metrics.ts'
import { type JobQueueName, jobsIn } from './queues.ts'
import type { Worker } from './work-off.ts'

/** A worker without its work: what all of them are made of. */
export function workerOf(ports: FunctionPorts, own: JobQueueName): Omit<Worker, 'work'> {
  const { table, log, clock, write, stack } = ports
  const metrics = embeddedMetrics(write, clock.now, stack)
  const queues = { own: ports.queue(own), deadLetters: ports.queue('deadLetters') }
  return { ...queues, jobs: jobsIn(own), table, log, clock, metrics }
}
