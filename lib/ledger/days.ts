import { RoundsError } from '../errors.ts'
import { type Day, FEEDS, type Feed, type Site } from '../site.ts'
import { unknownFormat } from '../store/item-format.ts'
import { daysPartition } from '../store/keys.ts'
import type { Item, Table } from '../store/table.ts'
import type { Zone } from '../time.ts'
import { placeOf } from './ledger.ts'
import { mergedRows, readerOf, replacedRows } from './rows.ts'
import { emptyTally, type Tally, tallied } from './tally.ts'

/** What the day files of one site and day come to: computed, and computed again at will. */
export interface SiteDay {
  feeds: Partial<Record<Feed, Tally>>
}

/** The form of this item. */
const DAY_FORMAT = 1

/** A site with its zone, as everything that computes needs it. */
export interface PlacedSite {
  site: Site
  zone: Zone
}

/** The computed days of a site, from `from` to `to`, by day. */
export async function siteDays(
  table: Table,
  site: string,
  range: { from?: Day; to?: Day } = {},
): Promise<Map<Day, SiteDay>> {
  const items = await table.list(daysPartition(site), range)
  return new Map(items.map((item) => [item.sort, dayOf(item)!]))
}

/**
 * Brings a day's tallies up to the newest records of the feeds in `newest` (their ledger's last
 * sequence, as far as the caller knows it). Never writes one with a lower position. Returns the
 * day as it stood before and as it stands now.
 */
export async function bringUpDay(
  table: Table,
  { site, zone }: PlacedSite,
  day: Day,
  newest: ReadonlyMap<Feed, number>,
): Promise<{ before: SiteDay; after: SiteDay }> {
  const key = { partition: daysPartition(site.id), sort: day }
  for (;;) {
    const item = await table.get(key)
    const known = dayOf(item) ?? { feeds: {} }
    const feeds = { ...known.feeds }
    let changed = false
    for (const [feed, sequence] of newest) {
      if (sequence <= (feeds[feed]?.sequence ?? 0)) continue
      feeds[feed] = await tallyOf(table, { site, zone }, feed, day, feeds[feed])
      changed = true
    }
    if (!changed) return { before: known, after: known }
    const content = { data: { format: DAY_FORMAT, feeds } }
    const write = item
      ? await table.replace(key, item.version, content)
      : await table.create(key, content)
    if (write.done) return { before: known, after: { feeds } }
  }
}

/** The last sequence of every ledger of a site's day, for `bringUpDay`. */
export async function newestOf(
  table: Table,
  { site }: PlacedSite,
  day: Day,
): Promise<Map<Feed, number>> {
  const newest = new Map<Feed, number>()
  for (const feed of FEEDS) {
    if (!site.feeds[feed]) continue
    const { sequence } = await placeOf(table, { site: site.id, feed, day })
    newest.set(feed, sequence)
  }
  return newest
}

function dayOf(item: Item | undefined): SiteDay | undefined {
  if (!item) return undefined
  if (item.data.format === DAY_FORMAT) return item.data as unknown as SiteDay
  throw unknownFormat(item, 'day-format')
}

async function tallyOf(
  table: Table,
  { site, zone }: PlacedSite,
  feed: Feed,
  day: Day,
  known: Tally | undefined,
): Promise<Tally> {
  const file = { site: site.id, feed, day }
  const startMs = zone.startOf(day)
  let tally = site.onRewrite === 'merge' && known ? known : emptyTally()
  const reader = readerOf(site, zone, tally.previousMs)
  if (site.onRewrite === 'replace') {
    for (const rows of await replacedRows(table, file, reader)) {
      tally = tallied(tally, feed, rows, startMs)
    }
    return withPrevious(tally, reader.previousMs)
  }
  for await (const rows of mergedRows(table, file, reader, tally.sequence)) {
    tally = tallied(tally, feed, rows, startMs)
    if (tally.lines !== rows.rows) throw wrongCount(tally, rows.rows, `${site.id} ${feed} ${day}`)
  }
  return withPrevious(tally, reader.previousMs)
}

function withPrevious(tally: Tally, previousMs: number | undefined): Tally {
  return previousMs === undefined ? tally : { ...tally, previousMs }
}

/** A tally must count just the rows that the ledger holds at its position (DESIGN section 3, 5). */
function wrongCount(tally: Tally, rows: number, file: string): RoundsError {
  return new RoundsError(
    'tally-count',
    'skip',
    `${file} counts ${tally.lines} lines at record ${tally.sequence}; the ledger holds ${rows}.`,
    'Run siterounds rebuild; if it comes again, please report it.',
  )
}
