import { lastRead, type Observed } from '../ledger/observed.ts'
import type { Day } from '../site.ts'
import { DAY_MS, type Zone } from '../time.ts'

/** A stretch of time in which a site's alarm file was observed. */
export interface Span {
  fromMs: number
  toMs: number
}

/**
 * When a site's alarms were observed, in order: of each day the time from its beginning to the last
 * successful reading of its alarm file (DESIGN section 6). A day whose file was read after its end
 * is observed whole; a file that is rightly absent (404) was read, but one that was there before
 * and is gone was not.
 */
export function observedSpans(days: ReadonlyMap<Day, Observed>, zone: Zone): Span[] {
  const spans: Span[] = []
  for (const [day, observed] of [...days].sort(([one], [other]) => (one < other ? -1 : 1))) {
    const toMs = Math.min(zone.endOf(day), lastRead(seen(observed), 'alarm') ?? 0)
    if (toMs > zone.startOf(day)) spans.push({ fromMs: zone.startOf(day), toMs })
  }
  return spans
}

/** What was seen of an alarm file: once it was found, only readings that found it count. */
function seen(observed: Observed): Observed {
  const intervals = observed.feeds.alarm ?? []
  const found = intervals.filter((interval) => interval.found)
  return { ...observed, feeds: { alarm: found.length > 0 ? found : intervals } }
}

/**
 * True when an alarm that changed last at `changedMs` has expired at `atMs`: it stood unchanged for
 * `afterDays` times 24 hours of observed time. Hours in which the site could not be read do not
 * count, so silence is never taken for an end.
 */
export function isExpired(
  changedMs: number,
  atMs: number,
  spans: readonly Span[],
  afterDays: number,
): boolean {
  let observedMs = 0
  for (const { fromMs, toMs } of spans) {
    observedMs += Math.max(0, Math.min(toMs, atMs) - Math.max(fromMs, changedMs))
  }
  return observedMs >= afterDays * DAY_MS
}
