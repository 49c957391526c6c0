import { type PlacedSite, placedSite, siteDays } from '../ledger/days.ts'
import { ledgersOf } from '../ledger/ledger.ts'
import { exportDay, type FleetShare, NOT_KNOWN } from '../ledger/parquet-parts.ts'
import type { Rounds } from '../pipeline.ts'
import { type Day, FEEDS, type Feed } from '../site.ts'
import { parquetPartition } from '../store/keys.ts'
import type { Table } from '../store/table.ts'
import { type Rebuilt, tried } from './rebuilt.ts'
import { changedSorts, itemsIn, putInPlace } from './standing.ts'

/** Another worker that exports the same day is done soon. */
const TRIES = 5

/**
 * Makes the Parquet files of these days anew. A day of which some file is not settled, or was
 * opened again, is left to the settling that is due: until then its file is that of before. So is
 * every file while the days of some site cannot be read.
 */
export async function rebuildParquet(
  rounds: Rounds,
  days: ReadonlySet<Day>,
  rebuilt: Rebuilt,
): Promise<void> {
  const fleet = rounds.settings.sites.map((site) => placedSite(site))
  for (const { feed, day, site } of await settledDays(rounds.table, fleet, rebuilt)) {
    if (!days.has(day)) continue
    const members = fleet.filter((placed) => placed.site.feeds[feed])
    const share = { size: fleet.length }
    await tried(rebuilt, { site, day }, () =>
      exportAnew(rounds, { members, share }, feed, day, rebuilt),
    )
  }
}

interface SettledDay {
  feed: Feed
  day: Day
  /** The first site that has something of it, for telling a failure. */
  site: string
}

/** The days of each feed of which every site that has something of it has settled it. */
async function settledDays(
  table: Table,
  fleet: readonly PlacedSite[],
  rebuilt: Rebuilt,
): Promise<SettledDay[]> {
  const known = new Map<string, SettledDay & { settled: boolean }>()
  for (const { site } of fleet) {
    const own = await tried(rebuilt, { site: site.id }, () => siteDays(table, site.id))
    if (!own) return []
    for (const [day, { feeds }] of own) {
      for (const feed of FEEDS) {
        const tally = feeds[feed]
        if (!tally || !site.feeds[feed]) continue
        const key = `${day} ${feed}`
        const one = known.get(key) ?? { feed, day, site: site.id, settled: true }
        known.set(key, { ...one, settled: one.settled && tally.proof !== undefined })
      }
    }
  }
  const inOrder = [...known].sort(([one], [other]) => (one < other ? -1 : 1))
  return inOrder.map(([, one]) => one).filter(({ settled }) => settled)
}

async function exportAnew(
  rounds: Rounds,
  { members, share }: { members: readonly PlacedSite[]; share: FleetShare },
  feed: Feed,
  day: Day,
  rebuilt: Rebuilt,
): Promise<void> {
  const { table } = rounds
  const partition = parquetPartition(feed, day)
  const before = await itemsIn(table, partition)
  for (const note of before) await putInPlace(table, note, note, NOT_KNOWN)
  for (let tries = 1; tries <= TRIES; tries += 1) {
    const { written, contended } = await exportDay(ledgersOf(rounds), members, feed, day, share)
    rebuilt.parquet += written.length
    if (contended.length === 0) break
  }
  const changed = changedSorts(before, await itemsIn(table, partition))
  if (changed.length > 0) rebuilt.changed.push({ what: 'parquet', feed, day })
}
