import type { FunctionPorts } from '../backends/functions.ts'
import { notify } from '../pipeline.ts'
import { failedSites } from './collecting.ts'
import type { Worked, Worker } from './work-off.ts'
import { workerOf } from './worker.ts'

/**
 * Works off mails. What is due is decided by the job's own time; who may send goes by the machine's
 * clock, as two that send at once may have come of jobs of different times.
 */
export function mailWorker(ports: FunctionPorts): Worker {
  const worker = workerOf(ports, 'mails')
  return {
    ...worker,
    async work(job, { hasTime }): Promise<Worked> {
      const settings = await ports.fleet.settingsOf(job)
      const rounds = await ports.rounds(settings, { clock: ports.clock })
      const { sites } = job
      const request = { ...(sites && { sites }), at: job.atMs, hasTime }
      const notified = await notify(rounds, request).finally(() => rounds.mailer.close())
      const { sent, waiting, failures, left } = notified
      worker.metrics({ MailsSent: sent.length, MailsWaiting: waiting })
      const told = { sent: sent.length, waiting }
      return { left, ...failedSites(failures), told }
    },
  }
}
