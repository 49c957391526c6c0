import type { Day, Settings } from '../site.ts'
import type { Item, Table } from '../store/table.ts'
import { addDays, daysFromTo } from '../time.ts'
import type { PlacedSite } from './days.ts'
import { dueAmong, unsettledDays } from './due.ts'
import { type Observed, observedIn, observedItems } from './observed.ts'

/** Which days were asked for; see `CollectRequest` of the pipeline. */
export interface DaysAsked {
  range?: { from: Day; to: Day }
  paced?: boolean
  /** The unsettled days, where a round just before has told them: then no others are looked at. */
  known?: readonly Day[]
}

/** Which days a run reads, and what it must know of them. */
export interface DaysToRead {
  days: Day[]
  /** All days that rounds read, these and those whose time has not come; none when asked for. */
  unsettled: Day[]
  /** Days that a backfill, now dead, may have left without their figures. */
  leftBehind: Day[]
  /** Days of which nothing is observed yet, as far as it is known. */
  unseen: ReadonlySet<Day>
  /** What was observed of the others. */
  observed: ReadonlyMap<Day, Observed>
  /** What stands of them, by day: for who observes more. */
  standing: ReadonlyMap<Day, Item>
}

/** The days to read, oldest first. */
export async function daysToRead(
  { table, settings }: { table: Table; settings: Settings },
  { site, zone }: PlacedSite,
  nowMs: number,
  { range, paced, known }: DaysAsked,
): Promise<DaysToRead> {
  if (range) {
    const days = daysFromTo(range.from, range.to)
    const nothing = { observed: new Map(), standing: new Map() }
    return { days, unsettled: [], leftBehind: [], unseen: new Set(days), ...nothing }
  }
  const { keepDays, settleAfterDays } = settings.retention
  const from = known?.[0] ?? addDays(zone.dayOf(nowMs), -keepDays)
  const items = await observedItems(table, site.id, { from })
  const observed = observedIn(items, nowMs)
  const facts = { site, zone, nowMs, keepDays, settleAfterDays, observed }
  const unsettled = known ? [...known] : unsettledDays(facts)
  const days = paced ? dueAmong(unsettled, facts) : unsettled
  const leftBehind = [...observed]
    .filter(([day, { backfillingSinceMs }]) => backfillingSinceMs && !days.includes(day))
    .map(([day]) => day)
  const unseen = new Set(days.filter((day) => !observed.has(day)))
  const standing = new Map(items.map((item) => [item.sort, item]))
  return { days, unsettled, leftBehind, unseen, observed, standing }
}
