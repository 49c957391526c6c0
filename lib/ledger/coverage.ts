import type { RejectReason } from '../parse/feeds.ts'

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

/** A reject kept for showing: its line as text (cut at 200 characters), and where it stands. */
export interface RejectSample {
  reason: RejectReason
  text: string
}
