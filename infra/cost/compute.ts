import type { Calls } from './calls.ts'
import type { CostCase } from './case.ts'
import { SITES_AT_ONCE, type Worker } from './deployment.ts'
import type { JobName, Pace, Usage } from './usage.ts'

/** A function with so much memory has one whole processor, with less a share of it, in MB. */
const ONE_CPU_MB = 1_769

/** From a request to its answer within a region, in milliseconds. */
const TABLE_MS = 5
const OBJECT_MS = 30

/** A new process until its script has run, which is billed: with all of a processor, in ms. */
const INIT_MS = 400

/** What dispatch takes: to read the ids and send the messages, in milliseconds. */
const DISPATCH_MS = 200
const DISPATCH_SITE_MS = 0.05

/** Which function does a job. */
const WORKER: Record<JobName, Exclude<Worker, 'dispatch'>> = {
  round: 'collect',
  mail: 'notify',
  report: 'report',
  settling: 'settle',
  idleSettle: 'settle',
}

/** GB-seconds that each function is billed for in a day. */
export function gbSecondsOf(one: CostCase, calls: Calls, pace: Pace): Record<Worker, number> {
  const ms: Record<Worker, number> = {
    dispatch: calls.ticks * (DISPATCH_MS + one.sites * DISPATCH_SITE_MS),
    ...{ collect: 0, notify: 0, report: 0, settle: 0 },
  }
  for (const [job, worker] of Object.entries(WORKER) as [JobName, Exclude<Worker, 'dispatch'>][]) {
    const count = calls.jobs[job]
    // Settlings and looks for them come in the same messages: each has its share of these.
    const share = worker === 'settle' ? count / (calls.jobs.settling + calls.jobs.idleSettle) : 1
    const messages = calls.messages[worker] * share
    if (messages === 0) continue
    const cpuMs = pace.cpuMs[job] / shareOf(one.memoryMb[worker])
    const waitMs = waitOf(pace.usage[job], one.portalMs)
    ms[worker] += messages * messageMs(count / messages, cpuMs, waitMs, SITES_AT_ONCE[worker])
  }
  return Object.fromEntries(
    (Object.keys(ms) as Worker[]).map((worker) => {
      const mb = one.memoryMb[worker]
      const coldMs = INIT_MS + pace.cpuMs.coldStart / shareOf(mb)
      return [worker, ((ms[worker] + calls.coldStarts[worker] * coldMs) / 1_000) * (mb / 1_024)]
    }),
  ) as Record<Worker, number>
}

/**
 * How long a message with so many sites takes. Either the processor is busy all the time, but for
 * the answers that the first sites wait for; or the sites wait, so many side by side.
 */
export function messageMs(sites: number, cpuMs: number, waitMs: number, atOnce: number): number {
  return Math.max(sites * cpuMs + waitMs, Math.ceil(sites / atOnce) * (cpuMs + waitMs))
}

/** All that one site waits for, one after the other; no read of the table is less than a unit. */
function waitOf(usage: Usage, portalMs: number): number {
  const { readUnits, writeUnits, puts, gets, requests } = usage
  return requests * portalMs + (readUnits + writeUnits) * TABLE_MS + (puts + gets) * OBJECT_MS
}

function shareOf(memoryMb: number): number {
  return Math.min(1, memoryMb / ONE_CPU_MB)
}
