import { KEEP_DAYS, LANGUAGES, MEMORY_MB, STANDARD, type Worker } from './deployment.ts'

/** A fleet whose cost is asked for. */
export interface CostCase {
  sites: number
  /** Minutes from round to round, and between looks at what is to be reported or settled. */
  everyMinutes: number
  reportEveryMinutes: number
  settleEveryMinutes: number
  /** Mails about a site in a day, each to one recipient. */
  mailsPerSiteDay: number
  sitesPerMessage: number
  roundsAtOnce: number
  reportsAtOnce: number
  settlingsAtOnce: number
  memoryMb: Readonly<Record<Worker, number>>
  /** Days that records stay in the table, and logs in CloudWatch. */
  keepDays: number
  logDays: number
  /** How many languages pages are in. */
  languages: number
  /** Milliseconds from a request to a site's web server to its answer. */
  portalMs: number
}

/** A fleet as the stacks make it when nothing else is said. */
export const STANDARD_CASE: CostCase = {
  sites: 10,
  everyMinutes: STANDARD.everyMinutes,
  reportEveryMinutes: STANDARD.reportEveryMinutes,
  settleEveryMinutes: STANDARD.settleEveryMinutes,
  mailsPerSiteDay: 1,
  sitesPerMessage: STANDARD.sitesPerMessage,
  roundsAtOnce: STANDARD.roundsAtOnce,
  reportsAtOnce: STANDARD.reportsAtOnce,
  settlingsAtOnce: STANDARD.settlingsAtOnce,
  memoryMb: MEMORY_MB,
  keepDays: KEEP_DAYS,
  logDays: STANDARD.logDays,
  languages: LANGUAGES,
  portalMs: 100,
}

/** From so many sites on a fleet is large: infra/README.md advises these settings then. */
export const LARGE_SITES = 1_000
const LARGE = { sitesPerMessage: 100, keepDays: 14, mailsPerSiteDay: 0.2 }

/**
 * The same fleet with this pace: pages are looked at as often as it is said, settlings hourly, and
 * neither oftener than there are rounds.
 */
export function casePaced(
  everyMinutes: number,
  sites: number,
  reportEveryMinutes = STANDARD_CASE.reportEveryMinutes,
): CostCase {
  const known = { ...STANDARD_CASE, ...(sites >= LARGE_SITES && LARGE) }
  const looks = Math.max(reportEveryMinutes, everyMinutes)
  const settles = Math.max(known.settleEveryMinutes, everyMinutes)
  return {
    ...known,
    ...{ sites, everyMinutes, reportEveryMinutes: looks, settleEveryMinutes: settles },
  }
}
