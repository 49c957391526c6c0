import { atOnce } from '../at-once.ts'
import { chosenSites } from '../chosen-sites.ts'
import { placedSite } from '../ledger/days.ts'
import { ledgersOf } from '../ledger/ledger.ts'
import type { Rounds } from '../pipeline.ts'
import { forgetGlance } from '../rounds/glance.ts'
import { addDays } from '../time.ts'
import { rebuildBook } from './rebuild-book.ts'
import { knownDays, rebuildDay } from './rebuild-days.ts'
import { rebuildPages } from './rebuild-pages.ts'
import { rebuildParquet } from './rebuild-parquet.ts'
import { type Changed, type Rebuilt, type SiteWork, tried } from './rebuilt.ts'

/** Which sites to rebuild; what is absent means all. */
export interface RebuildRequest {
  sites?: readonly string[]
  /** Called after each day of each site, and after the pages of each site. */
  onStep?(done: number, of: number): void
}

/**
 * Computes again all that is computed of these sites, from ledger and archive alone: the days'
 * tallies, the books of alarms, the Parquet files, and what is noted of pages. What was read when
 * and what was mailed is no computing's work and stays; nothing is mailed.
 *
 * Nothing is removed before what takes its place is there: each item is computed from nothing and
 * then switched by one compare-and-set, and begun again when a round was faster. So it may be
 * killed at any moment, and run beside rounds. A site's days are those that were observed or
 * counted; one file's failure keeps its day as it was, and no other.
 */
export async function rebuild(rounds: Rounds, request: RebuildRequest = {}): Promise<Rebuilt> {
  const rebuilt: Rebuilt = { sites: 0, days: 0, changed: [], parquet: 0, pages: 0, failures: [] }
  const sites = chosenSites(rounds.settings, request.sites)
  const work: SiteWork[] = []
  for (const site of sites) {
    const placed = placedSite(site)
    const days = await tried(rebuilt, { site: site.id }, () => knownDays(rounds.table, site.id))
    if (days) work.push({ placed, days })
  }
  const all = new Set(work.flatMap(({ days }) => days))
  rebuilt.sites = work.length
  rebuilt.days = work.reduce((sum, { days }) => sum + days.length, 0)
  let done = 0
  const tell = () => {
    done += 1
    request.onStep?.(done, rebuilt.days + rebuilt.sites)
  }
  await atOnce(rounds.settings.schedule.sitesAtOnce, work, (one) =>
    rebuildSite(rounds, one, rebuilt, tell),
  )
  await rebuildParquet(rounds, all, rebuilt)
  await rebuildPages(rounds, work, rebuilt, tell)
  rebuilt.changed.sort((one, other) => (nameOf(one) < nameOf(other) ? -1 : 1))
  return rebuilt
}

function nameOf({ what, site, feed, day }: Changed): string {
  return [what, site, feed, day].join(' ')
}

async function rebuildSite(
  rounds: Rounds,
  { placed, days }: SiteWork,
  rebuilt: Rebuilt,
  tell: () => void,
): Promise<void> {
  const store = ledgersOf(rounds)
  const site = placed.site.id
  await tried(rebuilt, { site }, () => forgetGlance(rounds.table, site))
  for (const day of days) {
    const changed = await tried(rebuilt, { site, day }, () => rebuildDay(store, placed, day))
    if (changed) rebuilt.changed.push({ what: 'figures', site, day })
    tell()
  }
  const today = placed.zone.dayOf(rounds.clock.now())
  const keepFrom = addDays(today, -rounds.settings.retention.keepDays)
  const changed = await tried(rebuilt, { site }, () => rebuildBook(store, placed, days, keepFrom))
  if (changed) rebuilt.changed.push({ what: 'alarms', site })
}
