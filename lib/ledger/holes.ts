import { SLOT_MS } from './tally.ts'

/** A stretch of a day without samples, in epoch milliseconds. */
export interface Hole {
  fromMs: number
  toMs: number
}

/**
 * The stretches of a day, between its start and `untilMs`, without a sample for longer than
 * `longerThanMs`: before the first sample, between samples, and behind the last one. `slots` are
 * those of a tally: which five minutes have a sample.
 */
export function holesOf(
  slots: string | undefined,
  dayStartMs: number,
  untilMs: number,
  longerThanMs: number,
): Hole[] {
  const bits = Buffer.from(slots ?? '', 'base64')
  const count = Math.ceil((untilMs - dayStartMs) / SLOT_MS)
  const holes: Hole[] = []
  let first = 0
  for (let slot = 0; slot <= count; slot += 1) {
    const ends = slot === count || (bits[slot >> 3] ?? 0) & (1 << (slot & 7))
    if (!ends) continue
    if ((slot - first) * SLOT_MS > longerThanMs) {
      const toMs = Math.min(untilMs, dayStartMs + slot * SLOT_MS)
      holes.push({ fromMs: dayStartMs + first * SLOT_MS, toMs })
    }
    first = slot + 1
  }
  return holes
}
