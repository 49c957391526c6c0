import type { Rows } from '../ledger/rows.ts'
import type { AlarmReading } from '../parse/feeds.ts'
import type { Day } from '../site.ts'
import type { OpenAlarm } from './alarm.ts'

/** The newest of some observations of an occurrence. */
export interface Seen {
  /** The newest record time, in epoch milliseconds: as the site wrote it. */
  recordedMs: number
  /** The newest one when none is later than its reading. */
  changedMs: number
  /** The newest day files that say so: of each of the two times, and of any at all. */
  recordedDay: Day
  changedDay: Day
  lastDay: Day
  /** The description that came with `changedMs`. */
  description: string
}

/**
 * One occurrence of an alarm as its observations leave it: (site, name, node, alarm_time).
 * Observations come twice, late and out of order, and either clock may have been wrong. So a
 * recovery holds unless some observation that it stands is newer both by the site's record times
 * and when each is taken to be no later than its reading; at a tie it holds. The outcome is the
 * same in whatever order they come.
 */
export interface Occurrence {
  name: string
  node: string
  /** `alarm_time` as the site wrote it, and in epoch milliseconds. */
  raisedText: string
  raisedMs: number
  /** What was seen of it standing, and of it having recovered. One of them is there. */
  standing?: Seen
  recovery?: Seen
  /** Which of the two counts, with its description and its `changedMs`. */
  recovered: boolean
  description: string
  changedMs: number
  /** When it was read first, in epoch milliseconds. */
  firstReadMs: number
  /** A backfill read it first: nobody is ever mailed about it (DESIGN section 6). */
  backfilled: boolean
  /** The oldest and the newest day file that has a line of it. */
  firstDay: Day
  lastDay: Day
}

/** Occurrences by their key. */
export type Occurrences = Map<string, Occurrence>

/** The identity of an occurrence within its site: the site's own texts, so no rule changes it. */
export function occurrenceKey(one: { name: string; node: string; raisedText: string }): string {
  return JSON.stringify([one.name, one.node, one.raisedText])
}

/** How a run of rows was read. */
export type ReadBy = Pick<Rows<'alarm'>['record'], 'readAtMs' | 'via'>

/**
 * The occurrence that one observation describes. For expiry a record time in the future is taken
 * as the moment of reading: else a wrong clock would hold an alarm open for ever.
 */
export function observedOnce(
  reading: AlarmReading,
  { readAtMs, via }: ReadBy,
  day: Day,
): Occurrence {
  const { recorded, description, recovered } = reading
  const changedMs = Math.min(recorded.ms, readAtMs)
  const days = { recordedDay: day, changedDay: day, lastDay: day }
  const seen: Seen = { recordedMs: recorded.ms, changedMs, ...days, description }
  return {
    name: reading.name,
    node: reading.node,
    raisedText: reading.raised.text,
    raisedMs: reading.raised.ms,
    ...(recovered ? stateOf(undefined, seen) : stateOf(seen, undefined)),
    firstReadMs: readAtMs,
    backfilled: via === 'backfill',
    firstDay: day,
    lastDay: day,
  }
}

/** Two views of the same occurrence as one: associative, commutative, and safe to repeat. */
export function joined(one: Occurrence, other: Occurrence): Occurrence {
  const { name, node, raisedText, raisedMs } = one
  const first = readFirst(one, other)
  return {
    ...{ name, node, raisedText, raisedMs },
    ...stateOf(newest(one.standing, other.standing), newest(one.recovery, other.recovery)),
    firstReadMs: first.firstReadMs,
    backfilled: first.backfilled,
    firstDay: one.firstDay < other.firstDay ? one.firstDay : other.firstDay,
    lastDay: one.lastDay > other.lastDay ? one.lastDay : other.lastDay,
  }
}

/** What follows from what was seen. */
type State = Pick<Occurrence, 'standing' | 'recovery' | 'recovered' | 'description' | 'changedMs'>

/** What counts of these; at least one is given. */
export function stateOf(standing: Seen | undefined, recovery: Seen | undefined): State {
  const stands = standing !== undefined && !(recovery && !isNewer(standing, recovery))
  const { description, changedMs } = stands ? standing : recovery!
  return {
    ...(standing && { standing }),
    ...(recovery && { recovery }),
    ...{ recovered: !stands, description, changedMs },
  }
}

/** Newer by the site's clock and by ours: when they differ, one of them was wrong. */
function isNewer(one: Seen, other: Seen): boolean {
  return one.recordedMs > other.recordedMs && one.changedMs > other.changedMs
}

function newest(one: Seen | undefined, other: Seen | undefined): Seen | undefined {
  if (!one || !other) return one ?? other
  const told =
    one.changedMs === other.changedMs
      ? one.description > other.description
      : one.changedMs > other.changedMs
  const [recordedMs, recordedDay] = newestTime(one, other, 'recorded')
  const [changedMs, changedDay] = newestTime(one, other, 'changed')
  return {
    ...{ recordedMs, changedMs, recordedDay, changedDay },
    lastDay: one.lastDay > other.lastDay ? one.lastDay : other.lastDay,
    description: (told ? one : other).description,
  }
}

function newestTime(one: Seen, other: Seen, what: 'recorded' | 'changed'): [number, Day] {
  const [times, days] = [`${what}Ms`, `${what}Day`] as const
  const isNewer = one[times] === other[times] ? one[days] > other[days] : one[times] > other[times]
  const newest = isNewer ? one : other
  return [newest[times], newest[days]]
}

/**
 * True for one that has recovered, and may stand again once its older day files count no more: a
 * newer one says that it stands, and what says that it recovered is older.
 */
export function mayReturn({ recovered, standing, recovery }: Occurrence): boolean {
  if (!recovered || !standing || !recovery) return false
  const { recordedDay, changedDay } = recovery
  return (recordedDay < changedDay ? recordedDay : changedDay) < standing.lastDay
}

/** Which was read first; of two read at once, the one that may be mailed. */
function readFirst(one: Occurrence, other: Occurrence): Occurrence {
  if (one.firstReadMs !== other.firstReadMs) {
    return one.firstReadMs < other.firstReadMs ? one : other
  }
  return one.backfilled ? other : one
}

/** Adds an observation to what is known. */
export function addObservation(occurrences: Occurrences, observation: Occurrence): void {
  const key = occurrenceKey(observation)
  const known = occurrences.get(key)
  occurrences.set(key, known ? joined(known, observation) : observation)
}

/** An occurrence that stands, as the rest of the program sees it. */
export function openAlarm(site: string, occurrence: Occurrence): OpenAlarm {
  const { name, node, raisedText, raisedMs, description, changedMs, backfilled } = occurrence
  return { site, name, node, raisedText, raisedMs, description, changedMs, backfilled }
}
