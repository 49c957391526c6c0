import { type Day, FEEDS, type Feed } from '../site.ts'
import { unknownFormat } from '../store/item-format.ts'
import { observedPartition } from '../store/keys.ts'
import type { Item, Table } from '../store/table.ts'
import { HOUR_MS, MINUTE_MS } from '../time.ts'
import type { Via } from './record.ts'

/** A span of time in which a day file was read again and again; `found` false means 404. */
export interface Interval {
  fromMs: number
  toMs: number
  found: boolean
}

/**
 * When the day files of one site and day were read successfully, absent ones included. This is
 * truth that no computing can bring back, so a rebuild keeps it.
 */
export interface Observed {
  feeds: Partial<Record<Feed, Interval[]>>
  /** `round` once a round has read it: rounds do not follow a day that only a backfill has read. */
  via: Via
  /** The service file's unfinished last line, base64: it is shown, but not in the ledger yet. */
  serviceTail?: string
  /**
   * When a backfill began that has not noted its end: it may have died between appending and
   * computing. Rounds do not read its day again, so they bring up what is computed of it.
   */
  backfillingSinceMs?: number
  /** When each file was last settled: read whole and compared, or found gone. */
  settledMs?: Partial<Record<Feed, number>>
}

/** One successful reading. */
export interface Reading {
  feed: Feed
  atMs: number
  found: boolean
  /** The file's unfinished last line. */
  tail?: Uint8Array
  /** True when the file was read whole, compared and closed; false when it must be once more. */
  settled?: boolean
}

/** Who read: a settling follows a day for whoever reads it, and ends no backfill. */
export type ReadBy = Via | 'settle'

/** The form of this item. */
const OBSERVED_FORMAT = 1

/**
 * Readings nearer than this to the end of an interval lengthen it; a longer silence begins a new
 * one. Twice the longest usual pause between rounds over a past day (an hour).
 */
const JOIN_MS = 2 * HOUR_MS

/**
 * Once a day is over its files are read every few hours, and what counts is whether they were there
 * at the first and at the last of these readings.
 */
const PAST_JOIN_MS = 12 * HOUR_MS

/**
 * An interval is written again only when it grew by this much: with rounds every five minutes four
 * writes in three hours instead of thirty-six. So what is observed is understated by at most this.
 */
const STEP_MS = 45 * MINUTE_MS

/** Intervals kept of a feed; of more, the oldest two are joined. */
const MOST_INTERVALS = 40

/**
 * What is known at `nowMs` of when a site's days were read, from `from` to `to`, by day. What was
 * noted under a clock that was ahead proves nothing before that time has come: without this, rounds
 * would take such days for read, and lose them.
 */
export async function observedDays(
  table: Table,
  site: string,
  nowMs: number,
  range: { from?: Day; to?: Day } = {},
): Promise<Map<Day, Observed>> {
  return observedIn(await observedItems(table, site, range), nowMs)
}

/** The items of what was observed of a site's days, for who observes more. */
export function observedItems(
  table: Table,
  site: string,
  range: { from?: Day; to?: Day },
): Promise<Item[]> {
  return table.list(observedPartition(site), range)
}

/** What these items say at `nowMs`, by day: see `observedDays`. */
export function observedIn(items: readonly Item[], nowMs: number): Map<Day, Observed> {
  return new Map(items.map((item) => [item.sort, knownAt(observedOf(item)!, nowMs)]))
}

function knownAt(observed: Observed, nowMs: number): Observed {
  const feeds: Observed['feeds'] = {}
  for (const [feed, intervals] of Object.entries(observed.feeds) as [Feed, Interval[]][]) {
    feeds[feed] = intervals
      .filter(({ fromMs }) => fromMs <= nowMs)
      .map((one) => (one.toMs <= nowMs ? one : { ...one, toMs: one.fromMs }))
  }
  const settled = Object.entries(observed.settledMs ?? {}).filter(([, ms]) => ms <= nowMs)
  const { settledMs: _, ...rest } = observed
  return { ...rest, feeds, ...(settled.length > 0 && { settledMs: Object.fromEntries(settled) }) }
}

function observedOf(item: Item | undefined): Observed | undefined {
  if (!item) return undefined
  if (item.data.format === OBSERVED_FORMAT) return item.data as unknown as Observed
  throw unknownFormat(item, 'observed-format')
}

/**
 * Writes down that day files were read. `dayEndMs` is the end of the day: the first reading after
 * it is always written, because from then on the whole day counts as observed. `standing` is the
 * item as the caller knows it, which spares a reading.
 */
export async function observe(
  table: Table,
  site: string,
  day: Day,
  dayEndMs: number,
  via: ReadBy,
  readings: readonly Reading[],
  standing?: Item,
): Promise<void> {
  const key = { partition: observedPartition(site), sort: day }
  for (let first = standing; ; first = undefined) {
    const item = first ?? (await table.get(key))
    const known = observedOf(item)
    const grown = withReadings(known, readings, dayEndMs, via)
    if (!grown) return
    const content = { data: { format: OBSERVED_FORMAT, ...grown } }
    const write = await (item
      ? table.replace(key, item.version, content)
      : table.create(key, content))
    if (write.done) return
  }
}

/** Notes that a backfill of a day begins; `observe` notes its end. */
export async function observeBackfill(
  table: Table,
  site: string,
  day: Day,
  atMs: number,
): Promise<void> {
  const key = { partition: observedPartition(site), sort: day }
  for (;;) {
    const item = await table.get(key)
    const known = observedOf(item) ?? { feeds: {}, via: 'backfill' as const }
    const content = { data: { format: OBSERVED_FORMAT, ...known, backfillingSinceMs: atMs } }
    const write = await (item
      ? table.replace(key, item.version, content)
      : table.create(key, content))
    if (write.done) return
  }
}

/** What is observed with these readings, or undefined when that is not worth a write. */
export function withReadings(
  known: Observed | undefined,
  readings: readonly Reading[],
  dayEndMs: number,
  via: ReadBy,
): Observed | undefined {
  const feeds = { ...known?.feeds }
  // Once a round has read a day, rounds follow it, whoever read it first.
  const by = via === 'round' ? via : (known?.via ?? 'backfill')
  // A round that reads beside a backfill does not end it.
  const backfillingSinceMs = via === 'backfill' ? undefined : known?.backfillingSinceMs
  const settledMs = { ...known?.settledMs }
  let worth = known?.via !== by || known?.backfillingSinceMs !== backfillingSinceMs
  let serviceTail = known?.serviceTail
  for (const { feed, atMs, found, tail, settled } of readings) {
    if (settled === false) {
      worth = true
      delete settledMs[feed]
    }
    if (settled) {
      worth = true
      const known = settledMs[feed] ?? 0
      // One that lies far ahead was noted by a clock that was.
      settledMs[feed] = known > atMs + JOIN_MS ? atMs : Math.max(atMs, known)
    }
    if (feed === 'service' && found) {
      const text = tail?.length ? Buffer.from(tail).toString('base64') : undefined
      worth ||= text !== serviceTail
      serviceTail = text
    }
    const intervals = [...(feeds[feed] ?? [])]
    // Mostly behind all others; before those of a clock that was ahead.
    const at = intervals.filter(({ fromMs }) => fromMs <= atMs + JOIN_MS).length
    const last = intervals[at - 1]
    // An answer that was slow: what is known is newer.
    if (last && atMs <= last.toMs) continue
    const joinMs = last && last.toMs >= dayEndMs ? PAST_JOIN_MS : JOIN_MS
    if (last && last.found === found && atMs - last.toMs <= joinMs) {
      worth ||= atMs - last.toMs >= STEP_MS || (last.toMs < dayEndMs && atMs >= dayEndMs)
      intervals[at - 1] = { ...last, toMs: atMs }
    } else {
      worth = true
      intervals.splice(at, 0, { fromMs: atMs, toMs: atMs, found })
    }
    if (intervals.length > MOST_INTERVALS) {
      const [first, second] = intervals.splice(0, 2) as [Interval, Interval]
      intervals.unshift({ ...second, fromMs: first.fromMs })
    }
    feeds[feed] = intervals
  }
  if (!worth) return undefined
  return {
    feeds,
    via: by,
    ...(serviceTail && { serviceTail }),
    ...(backfillingSinceMs !== undefined && { backfillingSinceMs }),
    ...(Object.keys(settledMs).length > 0 && { settledMs }),
  }
}

/** When a feed of a day was last read successfully, in epoch milliseconds; undefined for never. */
export function lastRead(observed: Observed | undefined, feed: Feed): number | undefined {
  return observed?.feeds[feed]?.at(-1)?.toMs
}

/** When the feed of a day that was read longest ago was read; undefined when one never was. */
export function leastRead(observed: Observed | undefined, feeds: readonly Feed[] = FEEDS) {
  const times = feeds.map((feed) => lastRead(observed, feed))
  return times.some((time) => time === undefined) ? undefined : Math.min(...(times as number[]))
}
