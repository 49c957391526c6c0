import type { Rows } from '../ledger/rows.ts'
import type { AlarmReading } from '../parse/feeds.ts'
import type { Day } from '../site.ts'
import type { OpenAlarm } from './alarm.ts'

/**
 * One occurrence of an alarm as its observations leave it: (site, name, node, alarm_time).
 * Observations come twice, late and out of order. The newest record time decides; at a tie the
 * recovered one does. So the outcome is the same in whatever order they come.
 */
export interface Occurrence {
  name: string
  node: string
  /** `alarm_time` as the site wrote it, and in epoch milliseconds. */
  raisedText: string
  raisedMs: number
  /** The newest description the site gave. */
  description: string
  /** Epoch milliseconds of the newest record time. */
  changedMs: number
  recovered: boolean
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
 * The occurrence that one observation describes. A record time in the future is clamped to the
 * moment of reading: else a wrong clock would hold an alarm open for ever.
 */
export function observedOnce(
  reading: AlarmReading,
  { readAtMs, via }: ReadBy,
  day: Day,
): Occurrence {
  return {
    name: reading.name,
    node: reading.node,
    raisedText: reading.raised.text,
    raisedMs: reading.raised.ms,
    description: reading.description,
    changedMs: Math.min(reading.recorded.ms, readAtMs),
    recovered: reading.recovered !== undefined,
    firstReadMs: readAtMs,
    backfilled: via === 'backfill',
    firstDay: day,
    lastDay: day,
  }
}

/** Two views of the same occurrence as one: associative, commutative, and safe to repeat. */
export function joined(one: Occurrence, other: Occurrence): Occurrence {
  const newer = isNewer(other, one) ? other : one
  const first = readFirst(one, other)
  return {
    ...newer,
    firstReadMs: first.firstReadMs,
    backfilled: first.backfilled,
    firstDay: one.firstDay < other.firstDay ? one.firstDay : other.firstDay,
    lastDay: one.lastDay > other.lastDay ? one.lastDay : other.lastDay,
  }
}

function isNewer(one: Occurrence, other: Occurrence): boolean {
  if (one.changedMs !== other.changedMs) return one.changedMs > other.changedMs
  if (one.recovered !== other.recovered) return one.recovered
  return one.description > other.description
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
