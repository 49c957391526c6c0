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
      const { sent, waiting, overdue, failures, left } = notified
      // What has not stood long enough waits as it should: people are told of mails that fail.
      worker.metrics({ MailsSent: sent.length, MailsWaiting: overdue })
      const told = { sent: sent.length, waiting, overdue }
      return { left, ...failedSites(failures), told }
    },
  }
}
