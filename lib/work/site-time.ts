/** What a run does behind its last read: figures, the archive's files, messages. */
const BEHIND_MS = 30_000

/**
 * How long one site may be read, in milliseconds, told anew for each: `mostMs`, or less when the
 * function is ended before that. What is ended so is done again from its beginning, for all sites
 * of the message; a site that is given up is tried again alone.
 */
export function siteTime(mostMs: number, leftMs: () => number): () => number {
  return () => Math.max(0, Math.min(mostMs, leftMs() - BEHIND_MS))
}
