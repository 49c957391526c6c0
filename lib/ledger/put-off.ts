import type { Day, Feed } from '../site.ts'
import { ledgerPartition } from '../store/keys.ts'
import { addDays, DAY_MS, type Zone } from '../time.ts'
import { type PlacedSite, type SiteDay, siteDays } from './days.ts'
import { expiryOf, type LedgerStore } from './ledger.ts'
import type { DayFile } from './record.ts'

/** A day must be archived so many days before its records leave the table. */
const SPARE_DAYS = 7

/** Where records are kept for a few days only: until the morning nobody can settle yesterday. */
const FIRST_LATE = -2

/** The newest day of a site that must be archived by now; those before it must be too. */
export function lastArchivedDay(zone: Zone, keepDays: number, nowMs: number): Day {
  return addDays(zone.dayOf(nowMs), Math.min(FIRST_LATE, SPARE_DAYS - keepDays))
}

/**
 * Puts off the expiry of records that are not archived a week before it, and gives back their
 * day files: something keeps these days from being settled, and somebody must look.
 */
export async function putOffExpiry(
  store: LedgerStore,
  { site, zone }: PlacedSite,
  nowMs: number,
): Promise<DayFile[]> {
  const late: DayFile[] = []
  const lastDay = lastArchivedDay(zone, store.keepDays, nowMs)
  for (const [day, { feeds }] of await siteDays(store.table, site.id, { to: lastDay })) {
    for (const [feed, tally] of Object.entries(feeds) as [Feed, SiteDay['feeds'][Feed]][]) {
      if (!tally || tally.proof) continue
      const file = { site: site.id, feed, day }
      const isPutOff = await putOff(store, file, nowMs)
      // What is not configured any more cannot be settled: it is kept, and nobody need look.
      if (isPutOff && site.feeds[feed]) late.push(file)
    }
  }
  return late
}

/** Those of the day files that are not among the closed ones. */
export function withoutClosed(files: DayFile[], closed: readonly DayFile[]): DayFile[] {
  const names = new Set(closed.map(({ feed, day }) => `${feed} ${day}`))
  return files.filter(({ feed, day }) => !names.has(`${feed} ${day}`))
}

/** True when some record of this file would have left within a week. */
async function putOff(store: LedgerStore, file: DayFile, nowMs: number): Promise<boolean> {
  const items = await store.table.list(ledgerPartition(file.site, file.feed, file.day))
  const leaving = items.filter(
    ({ expiresAt }) => expiresAt && expiresAt < nowMs + SPARE_DAYS * DAY_MS,
  )
  for (const { version, data, bytes, ...key } of leaving) {
    const content = { data, ...(bytes && { bytes }), expiresAt: expiryOf(store, file, nowMs) }
    // Refused only when another one has put it off at the same time.
    await store.table.replace(key, version, content)
  }
  return leaving.length > 0
}
