import type { DescribedAlarm } from '../alarms/alarm.ts'
import { worstFirst } from '../alarms/dictionary.ts'
import { MINUTE_MS } from '../time.ts'
import { isHeld, MOST_CLAIMED, MOST_REMEMBERED, mailedKey, type Notice } from './notice.ts'

/**
 * Why a mail is sent, or is not:
 * `first` this recipient was never mailed about this group,
 * `new-alarms` there are members that were not mailed yet,
 * `unfinished` nobody knows whether the last mail went out: the same one is sent again,
 * `claimed` another worker is sending at this moment,
 * `none` nothing is due.
 * Repeats, recoveries, silences and quiet hours will each add a reason here.
 */
export type Reason = 'first' | 'new-alarms' | 'unfinished' | 'claimed' | 'none'

/** By what it is judged whether an alarm has stood long enough. */
export interface Judging {
  /** Epoch milliseconds at which alarms are judged. */
  at: number
  /** Epoch milliseconds of the clock that leases are counted by; later when a job comes late. */
  nowMs: number
  /** How long an alarm must have stood, in minutes. */
  standsForMinutes: number
}

/** What is decided from. */
export interface DueInput extends Judging {
  /** All open alarms of the group. */
  open: DescribedAlarm[]
  notice: Notice
}

/** What was decided. */
export interface Decision {
  reason: Reason
  /** The alarms to mail: worst first, then oldest first. Empty for `claimed` and `none`. */
  due: DescribedAlarm[]
  /** The number of the mail. A number is never used for a second mail with other alarms. */
  sequence: number
  /** Alarms that are open and not mailed, and not in `due`. */
  waiting: DescribedAlarm[]
  /** How many open alarms this recipient was mailed about before. */
  mailedBefore: number
}

/** Decides about one recipient and one group. What a backfill read first is never due. */
export function decide(input: DueInput): Decision {
  const { notice, nowMs } = input
  const claim = notice.claim
  const isMailed = (alarm: DescribedAlarm) => notice.mailed[mailedKey(alarm)] !== undefined
  const unmailed = input.open.filter((alarm) => !alarm.backfilled && !isMailed(alarm))
  const mailedBefore = input.open.filter(isMailed).length
  const decision = (reason: Reason, due: DescribedAlarm[], sequence: number): Decision => {
    const taken = new Set(due)
    const waiting = unmailed.filter((alarm) => !taken.has(alarm))
    return { reason, due, sequence, waiting, mailedBefore }
  }

  if (claim && isHeld(claim, nowMs)) return decision('claimed', [], claim.sequence)
  const ripe = unmailed.filter((alarm) => hasStood(alarm, input))
  ripe.sort(worstFirst)

  const inClaim = new Set(claim?.keys)
  const unfinished = ripe.filter((alarm) => inClaim.has(mailedKey(alarm)))
  if (claim && unfinished.length > 0) return decision('unfinished', unfinished, claim.sequence)

  // Beyond what a notice can remember nothing is mailed: it would be mailed again every round.
  const room = Math.max(0, Math.min(MOST_CLAIMED, MOST_REMEMBERED - mailedBefore))
  const due = ripe.slice(0, room)
  const lastSequence = claim?.sequence ?? notice.sequence
  if (due.length === 0) return decision('none', [], lastSequence)
  return decision(lastSequence === 0 ? 'first' : 'new-alarms', due, lastSequence + 1)
}

/**
 * Whether an alarm has stood long enough for a mail. One raised in the future comes from a site
 * whose clock is ahead. By a little, it waits a little longer; by more than the waiting time, it is
 * due at once, or it might wait for days. The future begins behind both instants: a job that comes
 * late must not take for it what was raised since.
 */
export function hasStood(
  { raisedMs }: DescribedAlarm,
  { at, nowMs, standsForMinutes }: Judging,
): boolean {
  const standsMs = standsForMinutes * MINUTE_MS
  return at - raisedMs >= standsMs || raisedMs - Math.max(at, nowMs) >= standsMs
}

/**
 * When the next of these waiting alarms will have stood long enough: epoch milliseconds, `Infinity`
 * when there is none; undefined when one has already and waits for something else.
 */
export function ripeNextMs(
  waiting: readonly DescribedAlarm[],
  judging: Judging,
): number | undefined {
  if (waiting.some((alarm) => hasStood(alarm, judging))) return undefined
  const times = waiting.map(({ raisedMs }) => raisedMs + judging.standsForMinutes * MINUTE_MS)
  return Math.min(...times)
}
