import type { CostCase } from './case.ts'
import { partsOf, type Worker } from './deployment.ts'
import type { JobName } from './usage.ts'

/** How often things are done in a day, over the whole fleet. */
export interface Calls {
  /** Events of the schedules: each is a call of dispatch. */
  ticks: number
  /** How often each job is done for a site. */
  jobs: Record<JobName, number>
  /** Messages that each function is called with. */
  messages: Record<Exclude<Worker, 'dispatch'>, number>
  /** Calls that find no warm process. */
  coldStarts: Record<Worker, number>
  /** Requests to the queues: sending up to ten messages at once, receiving one, deleting it. */
  queueRequests: number
}

const DAY_MINUTES = 1_440

/** A process that waits for longer is taken to be gone; AWS promises nothing about it. */
const WARM_MINUTES = 10

/** Messages that one request sends at most. */
const BATCH = 10

/** How often in a day this case does what. Nothing fails, and each settling is done at once. */
export function callsOf(one: CostCase): Calls {
  const { sites, mailsPerSiteDay, sitesPerMessage } = one
  const ticks = {
    round: DAY_MINUTES / one.everyMinutes,
    report: DAY_MINUTES / one.reportEveryMinutes,
    settle: DAY_MINUTES / one.settleEveryMinutes,
  }
  const groups = Math.ceil(sites / sitesPerMessage)
  // The page of all sites has a message of its own.
  const sent = { round: groups, report: groups + 1, settle: partsOf(sites) }
  const collect = ticks.round * sent.round
  const mails = sites * mailsPerSiteDay
  // All mails of the sites of one message go in one message.
  const notify = Math.min(collect, mails)
  const messages = {
    ...{ collect, notify },
    report: ticks.report * sent.report,
    settle: ticks.settle * sent.settle,
  }
  const cold = (minutes: number, ofTick: number) =>
    minutes > WARM_MINUTES ? (DAY_MINUTES / minutes) * ofTick : 0
  const allTicks = ticks.round + ticks.report + ticks.settle
  const batches = (name: keyof typeof ticks) => ticks[name] * Math.ceil(sent[name] / BATCH)
  return {
    ticks: allTicks,
    jobs: {
      round: sites * ticks.round,
      mail: mails,
      report: sites * ticks.report,
      settling: sites,
      idleSettle: sites * (ticks.settle - 1),
    },
    messages,
    coldStarts: {
      // Where rounds are so rare, no other schedule keeps it warm.
      dispatch: cold(one.everyMinutes, 1) > 0 ? allTicks : 0,
      collect: cold(one.everyMinutes, Math.min(sent.round, one.roundsAtOnce)),
      notify: cold(one.everyMinutes, 1) > 0 ? notify : 0,
      report: cold(one.reportEveryMinutes, Math.min(sent.report, one.reportsAtOnce)),
      settle: cold(one.settleEveryMinutes, Math.min(sent.settle, one.settlingsAtOnce)),
    },
    queueRequests:
      batches('round') +
      batches('report') +
      batches('settle') +
      notify +
      2 * Object.values(messages).reduce((sum, count) => sum + count, 0),
  }
}
