import { readInfraSettings } from '../settings.ts'

/*
 * What the stacks make, as far as it is paid for. test/infra/cost.test.ts compares these numbers
 * with the templates.
 */

/** What is there once, whatever the number of sites: all alarms on, mail by SES, access closed. */
export const FIXED = {
  /** Metrics that alarms look at: two for the errors and throttles of a function. */
  alarmMetrics: 26,
  /** Metrics that functions write into their logs, over all sites together. */
  ownMetrics: 8,
  /** How the mails of the configuration set fare: bounces and complaints. */
  mailMetrics: 2,
  dashboards: 1,
  secrets: 2,
  /** Queues that functions wait at. */
  queues: 4,
} as const

/** A function that jobs run in. */
export type Worker = 'dispatch' | 'collect' | 'notify' | 'report' | 'settle'

/** Memory of each function, in MB. */
export const MEMORY_MB: Readonly<Record<Worker, number>> = {
  dispatch: 256,
  collect: 512,
  notify: 256,
  report: 1_024,
  settle: 1_024,
}

/** Settings of a deployment that sets none. */
export const STANDARD = readInfraSettings({
  tryGetContext: () => undefined,
  getAllContext: () => ({}),
})

/** Days that S3 keeps the notes of who read and wrote an object. */
export const ACCESS_LOG_DAYS = 90

/** Sites that a function works on side by side; a mail waits for the one before it. */
export const SITES_AT_ONCE: Readonly<Record<Exclude<Worker, 'dispatch'>, number>> = {
  collect: 8,
  notify: 1,
  report: 4,
  settle: 8,
}

/** Days that records stay in the table, and languages of the pages, when settings say nothing. */
export const KEEP_DAYS = 35
export const LANGUAGES = 2

/** Files of the archive's day: so many parts of the fleet, each settled by one message. */
export function partsOf(sites: number): number {
  let count = 1
  while (count * SITES_A_PART < sites) count *= 2
  return count
}

/** Sites of one part at most, on the average (lib/ledger/parquet-parts.ts). */
const SITES_A_PART = 64
