import type { Day, Feed } from '../site.ts'
import { ledgerPartition } from '../store/keys.ts'
import { DAY_MS } from '../time.ts'
import type { PlacedSite, SiteDay } from './days.ts'
import { expiryOf, type LedgerStore } from './ledger.ts'
import type { DayFile } from './record.ts'

/** A day must be archived so long before its records leave the table, in milliseconds. */
const SPARE_MS = 7 * DAY_MS

/**
 * Puts off the expiry of records that are not archived `SPARE_MS` before it, and gives back their
 * day files: something keeps these days from being settled, and somebody must look. `days` are the
 * site's days with what is computed of them.
 */
export async function putOffExpiry(
  store: LedgerStore,
  { site, zone }: PlacedSite,
  days: ReadonlyMap<Day, SiteDay>,
  nowMs: number,
): Promise<DayFile[]> {
  const late: DayFile[] = []
  for (const [day, { feeds }] of days) {
    if (nowMs < zone.endOf(day) + store.keepDays * DAY_MS - SPARE_MS) continue
    for (const [feed, tally] of Object.entries(feeds) as [Feed, SiteDay['feeds'][Feed]][]) {
      if (!tally || tally.proof) continue
      const file = { site: site.id, feed, day }
      if (await putOff(store, file, nowMs)) late.push(file)
    }
  }
  return late
}

/** True when some record of this file would have left within `SPARE_MS`. */
async function putOff(store: LedgerStore, file: DayFile, nowMs: number): Promise<boolean> {
  const items = await store.table.list(ledgerPartition(file.site, file.feed, file.day))
  const leaving = items.filter(({ expiresAt }) => expiresAt && expiresAt < nowMs + SPARE_MS)
  for (const { version, data, bytes, ...key } of leaving) {
    const content = { data, ...(bytes && { bytes }), expiresAt: expiryOf(store, file, nowMs) }
    // Refused only when another one has put it off at the same time.
    await store.table.replace(key, version, content)
  }
  return leaving.length > 0
}
