import type { Day, Feed } from '../site.ts'
import type { Zone } from '../time.ts'
import { SETTLE_MS } from './due.ts'
import type { Observed } from './observed.ts'
import type { Proof } from './record.ts'
import type { Tally } from './tally.ts'

/**
 * How far a day file is on its way to being settled:
 * `settled` it is closed, and this is proved of it; `reopened` something came after it was closed;
 * `absent` the site had no such file when it was to be settled; `due` none of these: it is settled
 * at `dueMs` at the earliest, the time of its day's first settling.
 */
export type Settling =
  | { state: 'settled'; proof: Proof }
  | { state: 'reopened' | 'absent'; settledMs: number }
  | { state: 'due'; dueMs: number }

/** How far one day file is on its way to being settled. */
export function settlingOf(
  zone: Zone,
  day: Day,
  feed: Feed,
  tally: Tally | undefined,
  observed: Observed | undefined,
): Settling {
  if (tally?.proof) return { state: 'settled', proof: tally.proof }
  const settledMs = observed?.settledMs?.[feed]
  if (settledMs === undefined) return { state: 'due', dueMs: zone.endOf(day) + SETTLE_MS }
  return { state: tally ? 'reopened' : 'absent', settledMs }
}
