import { RoundsError } from '../errors.ts'
import type { Parsed, Reject, RejectReason, ServiceReading } from '../parse/feeds.ts'
import type { Feed } from '../site.ts'
import { MINUTE_MS } from '../time.ts'
import type { LineCounts } from './coverage.ts'
import type { Proof } from './record.ts'
import type { Rows } from './rows.ts'

/** What the rows of one day file come to, computed from the ledger up to record `sequence`. */
export interface Tally extends LineCounts {
  sequence: number
  generation: number
  /** Bytes of the newest generation that the ledger holds. */
  bytes: number
  reasons: Partial<Record<RejectReason, number>>
  /** The first rejects, for showing. */
  samples: Reject[]
  /** When the first and the newest rows were read, in epoch milliseconds. */
  firstReadMs: number
  lastReadMs: number
  /** The newest record time, but never later than when it was read. */
  newestMs?: number
  /** Of a system file: which five minutes of the day have a sample, as bits in base64. */
  slots?: string
  /**
   * Of an alarm file: readings of before its day, which count for the end of an earlier one. Absent
   * in tallies of release 0.1.0.
   */
  early?: number
  /** Of a service file: its last line counts. */
  service?: ServiceReading
  /** Record time of the last line, to tell the halves of a repeated hour apart. */
  previousMs?: number
  /** While the newest record closes the day file: what settling it proved. */
  proof?: Proof
  /** True when the last line counted has no newline: it may count no more later. */
  tail?: true
  /** What the lines were read with: see `readWith`. Absent in tallies of release 0.1.0. */
  readWith?: string
}

/** Rejects kept for showing. */
const MOST_SAMPLES = 5

/** The pace at which sites write samples: that of charts, and of the search for holes. */
export const SLOT_MS = 5 * MINUTE_MS

/** A day has at most 25 hours of slots; rare longer ones lose their end. */
const SLOT_BYTES = Math.ceil((26 * 60 * MINUTE_MS) / SLOT_MS / 8)

/** The tally of a day file of which nothing is known. */
export function emptyTally(): Tally {
  return {
    sequence: 0,
    generation: 0,
    bytes: 0,
    lines: 0,
    readings: 0,
    rejects: 0,
    unknown: 0,
    blank: 0,
    reasons: {},
    samples: [],
    firstReadMs: 0,
    lastReadMs: 0,
  }
}

/** The tally with one more run of rows. */
export function tallied<F extends Feed>(
  tally: Tally,
  feed: F,
  { record, parsed, proof }: Rows<F>,
  dayStartMs: number,
): Tally {
  checkSum(parsed)
  const { proof: _, ...before } = tally
  const next: Tally = {
    ...before,
    ...(proof && { proof, ...(parsed.lines > 0 && { tail: true as const }) }),
    sequence: record.sequence,
    ...(record.aside ? {} : { generation: record.generation, bytes: record.end }),
    lines: tally.lines + parsed.lines,
    readings: tally.readings + parsed.readings.length,
    rejects: tally.rejects + parsed.rejects.length,
    unknown: tally.unknown + parsed.unknown,
    blank: tally.blank + parsed.blank,
    reasons: { ...tally.reasons },
    samples: [...tally.samples, ...parsed.rejects].slice(0, MOST_SAMPLES),
    firstReadMs: tally.lines === 0 && parsed.lines > 0 ? record.readAtMs : tally.firstReadMs,
    lastReadMs: parsed.lines > 0 ? record.readAtMs : tally.lastReadMs,
  }
  for (const { reason } of parsed.rejects) next.reasons[reason] = (next.reasons[reason] ?? 0) + 1
  // Only this run's times are clamped to its reading: rows aside were read before what stands.
  let newestMs = tally.newestMs ?? Number.NEGATIVE_INFINITY
  for (const { recorded } of parsed.readings) {
    newestMs = Math.max(newestMs, Math.min(recorded.ms, record.readAtMs))
  }
  if (Number.isFinite(newestMs)) next.newestMs = newestMs
  const early = tally.sequence === 0 ? 0 : tally.early
  if (feed === 'alarm' && early !== undefined) {
    next.early = early + earlyIn(parsed, record.readAtMs, dayStartMs)
  }
  if (feed === 'system') next.slots = marked(tally.slots, parsed, dayStartMs)
  const last = parsed.readings.at(-1)
  // Rows aside are of an older state of the file: they are its last line only when nothing else is.
  const isLast = !record.aside || !tally.service
  if (feed === 'service' && last && isLast) next.service = last as ServiceReading
  return next
}

/** As everywhere with alarms, what is recorded in the future is of the moment of reading. */
function earlyIn({ readings }: Parsed<Feed>, readAtMs: number, dayStartMs: number): number {
  if (readAtMs < dayStartMs) return readings.length
  return readings.filter(({ recorded }) => recorded.ms < dayStartMs).length
}

/** Every line must be accounted for (DESIGN section 3, rule 7). */
function checkSum(parsed: Parsed<Feed>): void {
  const { lines, readings, rejects, unknown, blank } = parsed
  if (lines === readings.length + rejects.length + unknown + blank) return
  throw new RoundsError(
    'line-sum',
    'skip',
    `${lines} lines gave ${readings.length} + ${rejects.length} + ${unknown} + ${blank} outcomes.`,
    'This is a fault of Siterounds: please report it with the day file.',
  )
}

function marked(slots: string | undefined, parsed: Parsed<Feed>, dayStartMs: number): string {
  const bits = Buffer.alloc(SLOT_BYTES)
  if (slots) bits.set(Buffer.from(slots, 'base64'))
  for (const { recorded } of parsed.readings) {
    const slot = Math.floor((recorded.ms - dayStartMs) / SLOT_MS)
    if (slot >= 0 && slot < SLOT_BYTES * 8) bits[slot >> 3]! |= 1 << (slot & 7)
  }
  return bits.toString('base64')
}

/**
 * The longest stretch of a day, in milliseconds, in which there is no sample: between samples,
 * before the first one, or behind the last one.
 */
export function longestGapMs(slots: string | undefined, dayLengthMs: number): number {
  const bits = Buffer.from(slots ?? '', 'base64')
  const count = Math.ceil(dayLengthMs / SLOT_MS)
  let longest = 0
  let run = 0
  for (let slot = 0; slot < count; slot += 1) {
    run = (bits[slot >> 3] ?? 0) & (1 << (slot & 7)) ? 0 : run + 1
    longest = Math.max(longest, run)
  }
  return longest * SLOT_MS
}
