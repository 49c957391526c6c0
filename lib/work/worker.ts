import type { FunctionPorts } from '../backends/functions.ts'
import { embeddedMetrics } from './metrics.ts'
import type { Worker } from './work-off.ts'

/** A worker without its work: what all of them are made of. */
export function workerOf(
  ports: FunctionPorts,
  own: 'rounds' | 'mails' | 'reports' | 'settlings',
): Omit<Worker, 'work'> {
  const { log, clock, write, stack } = ports
  const metrics = embeddedMetrics(write, clock.now, stack)
  const queues = { own: ports.queue(own), deadLetters: ports.queue('deadLetters') }
  return { ...queues, log, clock, metrics }
}
