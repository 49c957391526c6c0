import type { DescribedAlarm } from '../alarms/alarm.ts'
import type { Site } from '../site.ts'
import { noticeKey } from '../store/keys.ts'
import type { Table } from '../store/table.ts'
import { mailedKey, readNotice } from './notice.ts'

/** How many alarms some recipient was not mailed about; what a backfill read first is never due. */
export async function unmailed(
  table: Table,
  site: Site,
  open: readonly DescribedAlarm[],
): Promise<number> {
  const waiting = new Set<DescribedAlarm>()
  for (const to of new Set(site.recipients)) {
    const { mailed } = readNotice(await table.get(noticeKey(to, site.id)))
    for (const alarm of open) {
      if (!alarm.backfilled && mailed[mailedKey(alarm)] === undefined) waiting.add(alarm)
    }
  }
  return waiting.size
}
