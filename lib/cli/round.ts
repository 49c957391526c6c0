import {
  type Collected,
  collect,
  type Notified,
  notify,
  type Reported,
  type Rounds,
  report,
  type Settled,
  settle,
} from '../pipeline.ts'
import { HOUR_MS, isoInstant, MINUTE_MS } from '../time.ts'
import { collectedJson } from './collect.ts'
import { notifiedJson } from './notify.ts'
import { reportedJson } from './report.ts'
import { settledJson } from './settle.ts'
import { amount } from './table.ts'

/** What one round did. */
export interface Round {
  collected: Collected
  notified: Notified
  /** Absent when days were looked through for what is to be settled a short while ago. */
  settled?: Settled
  /** Absent when today's pages are not due yet (report.todayEveryMinutes). */
  reported?: Reported
}

/** When a round came and when the next one is due; `status.json` of the report site. */
export interface RoundTimes {
  startedMs: number
  nextMs: number
  /** When days were last settled; changed by the round. */
  settledMs?: number
  /** When pages were last looked at; changed by the round. */
  reportedMs?: number
}

/**
 * Days fall due once a day in each time zone, and a site that was down is tried again this much
 * later: soon enough for what is read days after the fact, and too seldom to cost a fleet anything.
 */
const SETTLE_PAUSE_MS = HOUR_MS

/**
 * One round of the schedule: collect, notify, settle, report. Settling reads whole files, so no
 * mail waits for it; pages do, because they show its proofs. The time of the last and the next
 * round stands in `status.json` alone, so that a round that found nothing rewrites no page.
 */
export async function makeRound(rounds: Rounds, times: RoundTimes): Promise<Round> {
  const { settings, pages, clock, log } = rounds
  const collected = await collect(rounds, { via: 'round', paced: true })
  const notified = await notify(rounds, { behind: collected })
  const settled = await settleNow(rounds, times)
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
    settled: settled?.closed.length ?? 0,
    pages: reported?.published.length ?? 0,
    tookMs: clock.now() - times.startedMs,
  })
  return { collected, notified, ...(settled && { settled }), ...(reported && { reported }) }
}

/** Settles what is due, at the first round after the start and then once in a while. */
async function settleNow(rounds: Rounds, times: RoundTimes): Promise<Settled | undefined> {
  const sinceMs = times.startedMs - (times.settledMs ?? Number.NEGATIVE_INFINITY)
  // A clock that was set back must not put settling off.
  if (sinceMs >= 0 && sinceMs < SETTLE_PAUSE_MS) return undefined
  // Noted before it is tried: when it throws, rounds must not end there every time.
  times.settledMs = times.startedMs
  return settle(rounds, { paced: true })
}

/** A round in one line, as people read it. */
export function roundLine({ collected, notified, settled, reported }: Round): string {
  const { totals, files, failures } = collected
  const closed = settled?.closed.length ?? 0
  const parts = [
    files.length === 0
      ? 'nothing new'
      : `${amount(totals.lines, 'new line')} in ${amount(files.length, 'day file')}`,
    amount(notified.sent.length, 'mail'),
    ...(notified.waiting > 0 ? [`${amount(notified.waiting, 'alarm')} waiting to be mailed`] : []),
    ...(closed > 0 ? [`${amount(closed, 'day file')} settled`] : []),
    ...(reported ? [amount(reported.published.length, 'page')] : []),
  ]
  const all = [...failures, ...(settled?.failures ?? [])]
  const failed = [...new Set(all.map(({ site }) => site))]
  if (failed.length > 0) parts.push(`failed: ${failed.slice(0, 5).join(', ')}`)
  return parts.join(' · ')
}

/** A round as others' scripts get it: counts, and every failure. */
export function roundJson({ collected, notified, settled, reported }: Round) {
  const { files, totals, failures } = collectedJson(collected)
  return {
    collect: { files: files.length, totals, failures },
    notify: notifiedJson(notified),
    ...(settled && {
      settle: { closed: settled.closed.length, failures: settledJson(settled).failures },
    }),
    ...(reported && {
      report: { ...reportedJson(reported), published: reported.published.length },
    }),
  }
}
