import { countedAnew, dayContent, type PlacedSite, type SiteDay } from '../ledger/days.ts'
import type { LedgerStore } from '../ledger/ledger.ts'
import { type Day, FEEDS } from '../site.ts'
import { daysPartition, observedPartition } from '../store/keys.ts'
import type { Table } from '../store/table.ts'
import { parseDay } from '../time.ts'
import { isSame, itemIn, itemsIn, putInPlace, removeItem } from './standing.ts'

/** Every day of a site that was observed or counted, oldest first. */
export async function knownDays(table: Table, site: string): Promise<Day[]> {
  const partitions = [daysPartition(site), observedPartition(site)]
  const all = await Promise.all(partitions.map((one) => itemsIn(table, one)))
  const days = all.flat().map(({ sort }) => parseDay(sort))
  return [...new Set(days.filter((day) => day !== undefined))].sort()
}

/**
 * Counts a day of a site anew, and puts that in the place of what stood there. True when it came
 * out otherwise.
 */
export async function rebuildDay(
  store: LedgerStore,
  placed: PlacedSite,
  day: Day,
): Promise<boolean> {
  const { table } = store
  const key = { partition: daysPartition(placed.site.id), sort: day }
  for (;;) {
    // First the item, then the ledger: so what is counted is never older than what it replaces.
    const item = await itemIn(table, key)
    const feeds: SiteDay['feeds'] = {}
    for (const feed of FEEDS) {
      const tally = await countedAnew(store, placed, feed, day)
      if (tally) feeds[feed] = tally
    }
    const content = dayContent({ feeds })
    const empty = Object.keys(feeds).length === 0
    if (empty ? !item : item && isSame(item, content)) return false
    const done =
      empty && item ? await removeItem(table, item) : await putInPlace(table, key, item, content)
    if (done) return true
  }
}
