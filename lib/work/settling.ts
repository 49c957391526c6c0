import type { FunctionPorts } from '../backends/functions.ts'
import { settle } from '../pipeline.ts'
import { clockFrom } from './clock.ts'
import { failedSites } from './collecting.ts'
import { siteTime } from './site-time.ts'
import type { Worked, Worker } from './work-off.ts'
import { workerOf } from './worker.ts'

/** How long a settling may read from one site, whole day files, below the time of a function. */
const SITE_MS = 3 * 60_000

/** Works off settlings: the sites of one file of the archive together. */
export function settleWorker(ports: FunctionPorts): Worker {
  return {
    ...workerOf(ports, 'settlings'),
    async work(job, { hasTime, leftMs }): Promise<Worked> {
      const { settings, fleetSize } = await ports.fleet.wholePartsOf(job)
      const clock = clockFrom(job.atMs, ports.clock)
      const siteMs = siteTime(SITE_MS, leftMs)
      const rounds = await ports.rounds(settings, { clock, siteMs })
      const { sites, from, to } = job
      const range = from && to && { from, to }
      const sitesOf = (part: string) => ports.fleet.sitesOfPart(job, part)
      const { closed, late, failures, left } = await settle(rounds, {
        ...(sites && { sites }),
        ...(range ? { range } : { paced: true }),
        ...{ fleet: { size: fleetSize, sitesOf }, hasTime },
      })
      const told = { closed: closed.length, late: late.length }
      return { left, ...failedSites(failures), told }
    },
  }
}
