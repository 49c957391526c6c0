import type { Day, Settings } from '../site.ts'
import type { Table } from '../store/table.ts'
import { addDays, daysFromTo } from '../time.ts'
import type { PlacedSite } from './days.ts'
import { dueDays, unsettledDays } from './due.ts'
import { observedDays } from './observed.ts'

/** Which days were asked for; see `CollectRequest` of the pipeline. */
export interface DaysAsked {
  range?: { from: Day; to: Day }
  paced?: boolean
}

/** The days to read, and those that a backfill, now dead, may have left without their figures. */
export async function daysToRead(
  { table, settings }: { table: Table; settings: Settings },
  { site, zone }: PlacedSite,
  nowMs: number,
  { range, paced }: DaysAsked,
): Promise<{ days: Day[]; leftBehind: Day[] }> {
  if (range) return { days: daysFromTo(range.from, range.to), leftBehind: [] }
  const { keepDays, settleAfterDays } = settings.retention
  const from = addDays(zone.dayOf(nowMs), -keepDays)
  const observed = await observedDays(table, site.id, { from })
  const facts = { site, zone, nowMs, keepDays, settleAfterDays, observed }
  const days = paced ? dueDays(facts) : unsettledDays(facts)
  const leftBehind = [...observed]
    .filter(([day, { backfillingSinceMs }]) => backfillingSinceMs && !days.includes(day))
    .map(([day]) => day)
  return { days, leftBehind }
}
