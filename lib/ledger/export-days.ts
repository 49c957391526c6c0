import { asRoundsError } from '../errors.ts'
import { type Day, FEEDS, type Feed } from '../site.ts'
import { addDays, daysFromTo, isoInstant } from '../time.ts'
import type { FileFailure } from './collect-day.ts'
import type { PlacedSite } from './days.ts'
import type { LedgerStore } from './ledger.ts'
import { exportDay, type FleetShare, isUnknown } from './parquet-parts.ts'
import type { DayFile } from './record.ts'

/** For so many days a file is looked for whose writer died, or met another one. */
const LATELY_DAYS = 15

/**
 * Brings the Parquet files of the fleet up to these settled day files, and those of the last days
 * of which nobody knows what they hold. They are computed: a day whose export fails is told under
 * the first of its sites, and made with its next settling. Where `sites` are fewer than those of
 * the whole fleet, `share` says of which one, and they are all those of some of its parts.
 */
export async function exportDays(
  store: LedgerStore,
  sites: readonly PlacedSite[],
  settled: readonly DayFile[],
  nowMs: number,
  share: FleetShare = { size: sites.length },
): Promise<FileFailure[]> {
  const failures: FileFailure[] = []
  const fleet = sites.length === share.size ? { size: share.size } : share
  const days = new Map(settled.map((file) => [`${file.feed} ${file.day}`, file]))
  const others = lately(nowMs).filter(({ feed, day }) => !days.has(`${feed} ${day}`))
  for (const { site, feed, day } of [...days.values(), ...others]) {
    try {
      if (!site && !(await isUnknown(store.table, feed, day))) continue
      const own = sites.filter((placed) => placed.site.feeds[feed])
      await exportDay(store, own, feed, day, fleet)
    } catch (thrown) {
      const error = asRoundsError(thrown)
      if (error.class === 'stop') throw error
      failures.push({ site: site ?? sites[0]!.site.id, feed, day, error })
    }
  }
  return failures
}

/** Every feed of the last days, and of the next one, which some zones have already. */
function lately(nowMs: number): { site?: string; feed: Feed; day: Day }[] {
  const today = isoInstant(nowMs).slice(0, 10)
  const days = daysFromTo(addDays(today, -LATELY_DAYS), addDays(today, 1))
  return days.flatMap((day) => FEEDS.map((feed) => ({ feed, day })))
}
