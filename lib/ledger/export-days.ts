import { asRoundsError } from '../errors.ts'
import type { FileFailure } from './collect-day.ts'
import type { PlacedSite } from './days.ts'
import type { LedgerStore } from './ledger.ts'
import { exportDay } from './parquet-parts.ts'
import type { DayFile } from './record.ts'

/**
 * Brings the Parquet files of the fleet up to these settled day files. They are computed: a day
 * whose export fails is told under the first of its sites, and made with its next settling.
 */
export async function exportDays(
  store: LedgerStore,
  sites: readonly PlacedSite[],
  settled: readonly DayFile[],
): Promise<FileFailure[]> {
  const days = new Map(settled.map((file) => [`${file.feed} ${file.day}`, file]))
  const failures: FileFailure[] = []
  for (const { site, feed, day } of days.values()) {
    try {
      const own = sites.filter((placed) => placed.site.feeds[feed])
      await exportDay(store, own, feed, day)
    } catch (thrown) {
      const error = asRoundsError(thrown)
      if (error.class === 'stop') throw error
      failures.push({ site, feed, day, error })
    }
  }
  return failures
}
