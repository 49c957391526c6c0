import { type ReadingOf, type ServiceReading, sameCounts } from '../parse/feeds.ts'
import type { Day, Feed } from '../site.ts'
import type { Table } from '../store/table.ts'
import { type PlacedSite, siteDays } from './days.ts'
import type { LedgerStore } from './ledger.ts'
import type { SiteReadings } from './parquet.ts'
import { sha256 } from './record.ts'
import { mergedRows, readerOf, replacedRows } from './rows.ts'
import type { Tally } from './tally.ts'

/** Rises when files of the same readings come out otherwise: then all are made again. */
const PARQUET_FORM = 1

/** A site that a file holds, and the tally that says up to where its ledger is known. */
export interface Input {
  placed: PlacedSite
  tally: Tally
}

/** The sites of a part that have something of this day, in order of their ids. */
export async function inputsOf(
  table: Table,
  members: readonly PlacedSite[],
  feed: Feed,
  day: Day,
): Promise<Input[]> {
  const all = await Promise.all(
    members.map(async (placed) => {
      const days = await siteDays(table, placed.site.id, { from: day, to: day })
      return { placed, tally: days.get(day)?.feeds[feed] }
    }),
  )
  return all.filter((one): one is Input => one.tally !== undefined)
}

/** Everything that decides what a file holds. */
export function digestOf(inputs: readonly Input[]): string {
  const parts = inputs.map(({ placed: { site }, tally }) => [
    site.id,
    tally.sequence,
    site.timeZone,
    site.siteIds,
    site.units,
    site.onRewrite,
    site.serviceCountsOf,
  ])
  return sha256(Buffer.from(JSON.stringify([PARQUET_FORM, parts])))
}

/** What the ledgers hold of these sites, in their order. */
export async function* readingsOf<F extends Feed>(
  store: LedgerStore,
  inputs: readonly Input[],
  feed: F,
  day: Day,
): AsyncGenerator<SiteReadings<F>> {
  for (const { placed, tally } of inputs) {
    const runs = runsOf(store, placed, feed, day)
    if (feed !== 'service') {
      yield { site: placed.site, day, runs, standing: undefined }
      continue
    }
    // A day has a line or two: they are looked at twice, to find the one that counts.
    const all: ReadingOf[F][] = []
    for await (const run of runs) all.push(...run)
    const standing = all.findLast((one) => sameCounts(one as ServiceReading, tally.service))
    yield { site: placed.site, day, runs: [all], standing: standing ?? all.at(-1) }
  }
}

/** The readings of a site's day as they count, a record at a time. */
async function* runsOf<F extends Feed>(
  store: LedgerStore,
  { site, zone }: PlacedSite,
  feed: F,
  day: Day,
): AsyncGenerator<ReadingOf[F][]> {
  const file = { site: site.id, feed, day }
  const reader = readerOf(site, zone)
  const rows =
    site.onRewrite === 'merge'
      ? mergedRows(store, file, reader, 0)
      : await replacedRows(store, file, reader)
  for await (const { parsed } of rows) yield parsed.readings
}
