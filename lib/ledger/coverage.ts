import type { Feed } from '../site.ts'
import { HOUR_MS, MINUTE_MS } from '../time.ts'
import type { Interval } from './observed.ts'
import { longestGapMs, type Tally } from './tally.ts'

/**
 * Whether a feed of a day arrived:
 * `complete` all of it; `partial` not the whole day (yet: the day may still run, or samples stop
 * early or have a hole); `late` complete, but it came after its time; `missing` nothing came;
 * `replaced` it came, and the site replaced or cut the file meanwhile (older rows are kept).
 */
export type Coverage = 'complete' | 'partial' | 'late' | 'missing' | 'replaced'

/** How many lines a day file holds, and what became of them; lines is the sum of the others. */
export interface LineCounts {
  lines: number
  readings: number
  rejects: number
  unknown: number
  blank: number
}

/** The names of these counts. */
export const LINE_COUNTS = ['lines', 'readings', 'rejects', 'unknown', 'blank'] as const

/** What a coverage is judged by. */
export interface CoverageFacts {
  feed: Feed
  tally: Tally | undefined
  /** When the file was read; see observed.ts. */
  intervals: readonly Interval[]
  dayStartMs: number
  dayEndMs: number
  /** The longest hole in a day's samples that is no hole. */
  gapMinutes: number
  /** True when the service count is only there as an unfinished line. */
  provisional: boolean
}

/** A file that was still absent so long after its day's end, and came later, came late. */
const LATE_MS = 2 * HOUR_MS

/**
 * The coverage of one feed of one day. The worst of what is true: missing, partial, replaced,
 * late, complete. A past day is complete only when it was read after its end.
 */
export function coverageOf(facts: CoverageFacts): Coverage {
  const { feed, tally, intervals, dayStartMs, dayEndMs } = facts
  const nothing = !tally || tally.lines === 0
  if (nothing && !intervals.some((one) => one.found)) return 'missing'
  const arrived = intervals.findIndex((one) => one.found && one.toMs >= dayEndMs)
  // An empty alarm file is good news; an empty system or service file is not.
  if (arrived < 0 || (nothing && feed === 'system')) return 'partial'
  if (feed === 'service' && !facts.provisional && !tally?.readings) return 'partial'
  if (feed === 'system') {
    const gapMs = longestGapMs(tally?.slots, dayEndMs - dayStartMs)
    if (gapMs > facts.gapMinutes * MINUTE_MS) return 'partial'
  }
  if (tally && tally.generation > 0) return 'replaced'
  // What came and is gone since was not late.
  const wasAbsent = intervals
    .slice(0, arrived)
    .some((one) => !one.found && one.toMs >= dayEndMs + LATE_MS)
  return wasAbsent ? 'late' : 'complete'
}
