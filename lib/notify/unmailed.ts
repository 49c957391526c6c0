import type { DescribedAlarm } from '../alarms/alarm.ts'
import type { Site } from '../site.ts'
import { noticeKey } from '../store/keys.ts'
import type { Table } from '../store/table.ts'
import { hasStood, type Judging } from './due.ts'
import { mailedKey, readNotice } from './notice.ts'

/** How many alarms wait for a mail to somebody. */
export interface Unmailed {
  /** What a backfill read first is not among them: it is never due. */
  waiting: number
  /** Those of them that have stood long enough. */
  overdue: number
}

/** Counts the alarms that some recipient was not mailed about. */
export async function unmailed(
  table: Table,
  site: Site,
  open: readonly DescribedAlarm[],
  judging: Judging,
): Promise<Unmailed> {
  const waiting = new Set<DescribedAlarm>()
  for (const to of new Set(site.recipients)) {
    const { mailed } = readNotice(await table.get(noticeKey(to, site.id)))
    for (const alarm of open) {
      if (!alarm.backfilled && mailed[mailedKey(alarm)] === undefined) waiting.add(alarm)
    }
  }
  const overdue = [...waiting].filter((alarm) => hasStood(alarm, judging))
  return { waiting: waiting.size, overdue: overdue.length }
}
