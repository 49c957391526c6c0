import {
  type Collected,
  collect,
  type Notified,
  notify,
  type Reported,
  type Rounds,
  report,
} from '../pipeline.ts'
import { isoInstant, MINUTE_MS } from '../time.ts'
import { amount } from './table.ts'

/** What one round did. */
export interface Round {
  collected: Collected
  notified: Notified
  /** Absent when today's pages are not due yet (report.todayEveryMinutes). */
  reported?: Reported
}

/** When a round came and when the next one is due; `status.json` of the report site. */
export interface RoundTimes {
  startedMs: number
  nextMs: number
  /** When pages were last looked at; changed by the round. */
  reportedMs?: number
}

/**
 * One round of the schedule: collect, then notify, then report. The time of the last and the next
 * round stands in `status.json` alone, so that a round that found nothing rewrites no page.
 */
export async function makeRound(rounds: Rounds, times: RoundTimes): Promise<Round> {
  const { settings, pages, clock, log } = rounds
  const collected = await collect(rounds, { via: 'round', paced: true })
  const notified = await notify(rounds)
  const pauseMs = settings.report.todayEveryMinutes * MINUTE_MS
  let reported: Reported | undefined
  if (times.reportedMs === undefined || times.startedMs - times.reportedMs >= pauseMs) {
    reported = await report(rounds)
    times.reportedMs = times.startedMs
  }
  const failed = new Set(collected.failures.map(({ site }) => site))
  const status = {
    lastRoundAt: isoInstant(times.startedMs),
    nextRoundAt: isoInstant(times.nextMs),
    sites: settings.sites.length,
    sitesFailed: failed.size,
  }
  await pages.put('status.json', `${JSON.stringify(status, null, 2)}\n`, {
    contentType: 'application/json',
    cacheControl: 'no-store',
  })
  log('info', 'round:done', {
    lines: collected.totals.lines,
    bytes: collected.totals.bytes,
    sitesFailed: failed.size,
    mails: notified.sent.length,
    waiting: notified.waiting,
    pages: reported?.published.length ?? 0,
    tookMs: clock.now() - times.startedMs,
  })
  return { collected, notified, ...(reported && { reported }) }
}

/** A round in one line, as people read it. */
export function roundLine({ collected, notified, reported }: Round): string {
  const { totals, files, failures } = collected
  const parts = [
    files.length === 0
      ? 'nothing new'
      : `${amount(totals.lines, 'new line')} in ${amount(files.length, 'day file')}`,
    amount(notified.sent.length, 'mail'),
    ...(notified.waiting > 0 ? [`${amount(notified.waiting, 'alarm')} waiting to be mailed`] : []),
    ...(reported ? [amount(reported.published.length, 'page')] : []),
  ]
  const failed = [...new Set(failures.map(({ site }) => site))]
  if (failed.length > 0) parts.push(`failed: ${failed.slice(0, 5).join(', ')}`)
  return parts.join(' · ')
}
