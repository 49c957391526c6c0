import type { FunctionPorts } from '../backends/functions.ts'
import { report, reportFleet } from '../pipeline.ts'
import { clockFrom } from './clock.ts'
import { failedSites } from './collecting.ts'
import type { Worked, Worker } from './work-off.ts'
import { workerOf } from './worker.ts'

/** Works off reports: pages of some sites, or the page of all of them. */
export function reportWorker(ports: FunctionPorts): Worker {
  return {
    ...workerOf(ports, 'reports'),
    async work(job, { hasTime }): Promise<Worked> {
      const settings = await ports.fleet.settingsOf(job)
      const rounds = await ports.rounds(settings, { clock: clockFrom(job.atMs, ports.clock) })
      const { sites, from, to } = job
      const range = from && to && { from, to }
      const request = { ...(sites && { sites }), ...(range && { range }), sitesOnly: true, hasTime }
      const isFleet = job.job === 'overview'
      const reported = isFleet ? await reportFleet(rounds) : await report(rounds, request)
      const { published, unchanged, failures, left } = reported
      return { left, ...failedSites(failures), told: { published: published.length, unchanged } }
    },
  }
}
