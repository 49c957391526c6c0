import type { DescribedAlarm } from '../alarms/alarm.ts'
import { type Occurrence, occurrenceKey } from '../alarms/occurrence.ts'
import { decide } from '../notify/due.ts'
import { mailedKey, type Notice } from '../notify/notice.ts'
import { MINUTE_MS } from '../time.ts'
import { lengthOf, many } from './moments.ts'

/**
 * Where mail about one alarm to one recipient stands:
 * `mailed` it went out; `due` the next notify mails it; `stands-too-short` it waits until it has
 * stood long enough; `claimed` a mail is under way; `unfinished` nobody knows whether the last mail
 * went out, it is sent again; `full` the notice holds as many alarms as it can;
 * `backfilled` a backfill read it first, so it is never mailed; `brief` it recovered before it had
 * stood long enough; `recovered` it recovered, or a newer line ended it, and no mail had gone out;
 * `expired` it went silent and expired, and no mail had gone out.
 */
export type MailState =
  | 'mailed'
  | 'due'
  | 'stands-too-short'
  | 'claimed'
  | 'unfinished'
  | 'full'
  | 'backfilled'
  | 'brief'
  | 'recovered'
  | 'expired'

/** One alarm and one recipient. */
export interface AlarmMail {
  alarm: DescribedAlarm
  state: MailState
  /** `mailed`: when; `stands-too-short`: from when on it is due; `claimed`: until when. */
  atMs?: number
}

/** What mail to one recipient is explained from. */
export interface MailFacts {
  /** The alarms of the day: raised on it, or standing at its end. */
  alarms: readonly DescribedAlarm[]
  /** The last that is known of each of them, by its key. */
  last: ReadonlyMap<string, Occurrence>
  /** All alarms of the site that stand now. */
  open: DescribedAlarm[]
  notice: Notice
  nowMs: number
  standsForMinutes: number
}

/** Where mail to one recipient about each alarm of a day stands, and why. Pure. */
export function explainMail(facts: MailFacts): AlarmMail[] {
  const { notice, open, nowMs, standsForMinutes } = facts
  const decision = decide({ open, notice, at: nowMs, nowMs, standsForMinutes })
  const openKeys = new Set(open.map(mailedKey))
  const dueKeys = new Set(decision.due.map(mailedKey))
  return facts.alarms.map((alarm): AlarmMail => {
    const key = mailedKey(alarm)
    const mailedMs = notice.mailed[key]
    if (mailedMs !== undefined) return { alarm, state: 'mailed', atMs: mailedMs }
    if (alarm.backfilled) return { alarm, state: 'backfilled' }
    if (!openKeys.has(key)) return { alarm, state: endOf(alarm, facts) }
    if (decision.reason === 'claimed') {
      return { alarm, state: 'claimed', atMs: notice.claim!.untilMs }
    }
    if (dueKeys.has(key)) {
      return { alarm, state: decision.reason === 'unfinished' ? 'unfinished' : 'due' }
    }
    const dueMs = alarm.raisedMs + standsForMinutes * MINUTE_MS
    if (dueMs > nowMs) return { alarm, state: 'stands-too-short', atMs: dueMs }
    return { alarm, state: decision.reason === 'unfinished' ? 'due' : 'full' }
  })
}

/** Why an alarm that does not stand any more was never mailed. */
function endOf(alarm: DescribedAlarm, facts: MailFacts): MailState {
  const last = facts.last.get(occurrenceKey(alarm))
  if (!last?.recovered) return 'expired'
  const stoodMs = last.changedMs - last.raisedMs
  return stoodMs < facts.standsForMinutes * MINUTE_MS ? 'brief' : 'recovered'
}

/** One mail that went out: when, and about how many alarms, as far as the notice remembers. */
export interface PastMail {
  atMs: number
  alarms: number
}

/** The mails that a notice remembers, newest first. */
export function mailsOf({ mailed }: Notice): PastMail[] {
  const counts = new Map<number, number>()
  for (const atMs of Object.values(mailed)) counts.set(atMs, (counts.get(atMs) ?? 0) + 1)
  return [...counts]
    .map(([atMs, alarms]) => ({ atMs, alarms }))
    .sort((one, other) => other.atMs - one.atMs)
}

/** In which order the states are told: what went out, what waits, what never will. */
const STATES: readonly MailState[] = [
  'mailed',
  'due',
  'claimed',
  'unfinished',
  'stands-too-short',
  'full',
  'brief',
  'recovered',
  'expired',
  'backfilled',
]

/** One sentence for each state that occurs; `at` says a moment in the site's time. */
export function mailSentences(
  mails: readonly AlarmMail[],
  standsForMinutes: number,
  at: (ms: number) => string,
): string[] {
  return STATES.flatMap((state) => {
    const own = mails.filter((one) => one.state === state)
    return own.length > 0 ? [told(state, own, standsForMinutes, at)] : []
  })
}

function told(
  state: MailState,
  own: readonly AlarmMail[],
  standsForMinutes: number,
  at: (ms: number) => string,
): string {
  const times = own.map((one) => one.atMs ?? 0)
  const [first, last] = [at(Math.min(...times)), at(Math.max(...times))]
  const span = first === last ? first : `${first} to ${last}`
  const stands = lengthOf(standsForMinutes * MINUTE_MS)
  const are = (one: string, more: string) => many(own.length, `alarm ${one}`, `alarms ${more}`)
  switch (state) {
    case 'mailed':
      return `${are('was', 'were')} mailed, at ${span}.`
    case 'due':
      return `${are('is', 'are')} due: the next round or siterounds notify mails it.`
    case 'claimed':
      return `${are('waits', 'wait')}: a mail is being sent, its claim ends at ${last}.`
    case 'unfinished':
      return `${are('was', 'were')} in a mail whose end is not known: it is sent once more.`
    case 'stands-too-short':
      return `${are('waits', 'wait')}: not standing for ${stands} yet; due from ${span} on.`
    case 'full':
      return `${are('waits', 'wait')}: too many alarms stand, more than a notice can remember.`
    case 'brief':
      return `${are('was', 'were')} over within ${stands}, which is never mailed.`
    case 'recovered':
      return `${are('was', 'were')} over after more than ${stands}, but before a round mailed it.`
    case 'expired':
      return `${are('has', 'have')} expired without a recovery, and before a mail went out.`
    case 'backfilled':
      return `${are('was', 'were')} read first by a backfill, which is never mailed.`
  }
}
