import { RoundsError } from '../errors.ts'
import { type Day, FEEDS, type Feed, type Site } from '../site.ts'
import { unknownFormat } from '../store/item-format.ts'
import { daysPartition } from '../store/keys.ts'
import type { Content, Item, Table } from '../store/table.ts'
import { type Zone, zoneNamed } from '../time.ts'
import { type LedgerStore, placeOf } from './ledger.ts'
import { mergedRows, readerOf, readWith, replacedRows } from './rows.ts'
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

/** A site in its zone. */
export function placedSite(site: Site): PlacedSite {
  return { site, zone: zoneNamed(site.timeZone) }
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
  store: LedgerStore,
  { site, zone }: PlacedSite,
  day: Day,
  newest: ReadonlyMap<Feed, number>,
): Promise<{ before: SiteDay; after: SiteDay }> {
  const { table } = store
  const key = { partition: daysPartition(site.id), sort: day }
  for (;;) {
    const item = await table.get(key)
    const known = dayOf(item) ?? { feeds: {} }
    const feeds = { ...known.feeds }
    let changed = false
    for (const [feed, sequence] of newest) {
      const before = feeds[feed]
      const isRead = !before || before.readWith === readWith(site)
      if (sequence <= (before?.sequence ?? 0) && isRead) continue
      const tally = await tallyOf(store, { site, zone }, feed, day, before)
      // A ledger that lost records is no reason to forget that they were there.
      if (tally.sequence < (before?.sequence ?? 0)) continue
      feeds[feed] = tally
      changed = true
    }
    if (!changed) return { before: known, after: known }
    const content = dayContent({ feeds })
    const write = await (item
      ? table.replace(key, item.version, content)
      : table.create(key, content))
    if (write.done) return { before: known, after: { feeds } }
  }
}

/**
 * Counts a day file anew from its ledger, whatever was known of it; undefined when it has none.
 * The site need not be configured with this feed any more.
 */
export async function countedAnew(
  store: LedgerStore,
  placed: PlacedSite,
  feed: Feed,
  day: Day,
): Promise<Tally | undefined> {
  const { sequence } = await placeOf(store, { site: placed.site.id, feed, day })
  return sequence > 0 ? tallyOf(store, placed, feed, day, undefined) : undefined
}

/** A day as content of its item: its fields stand in one order, in whatever pieces it came. */
export function dayContent({ feeds }: SiteDay): Content {
  const ordered = FEEDS.filter((feed) => feeds[feed]).map((feed) => [
    feed,
    Object.fromEntries(
      Object.entries(feeds[feed]!).sort(([one], [other]) => (one < other ? -1 : 1)),
    ),
  ])
  return { data: { format: DAY_FORMAT, feeds: Object.fromEntries(ordered) } }
}

/** The last sequence of every ledger of a site's day, for `bringUpDay`. */
export async function newestOf(
  store: LedgerStore,
  { site }: PlacedSite,
  day: Day,
): Promise<Map<Feed, number>> {
  const newest = new Map<Feed, number>()
  for (const feed of FEEDS) {
    if (!site.feeds[feed]) continue
    const { sequence } = await placeOf(store, { site: site.id, feed, day })
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
  store: LedgerStore,
  { site, zone }: PlacedSite,
  feed: Feed,
  day: Day,
  known: Tally | undefined,
): Promise<Tally> {
  const file = { site: site.id, feed, day }
  const startMs = zone.startOf(day)
  // An unfinished line that counted until now may count no more: then the day is counted anew. So
  // is a service file, which is small: which of its lines counts depends on all generations.
  const isKnown = known && !known.tail && known.readWith === readWith(site)
  const goesOn = site.onRewrite === 'merge' && feed !== 'service' && isKnown
  let tally = goesOn ? known : emptyTally()
  const reader = readerOf(site, zone, tally.previousMs)
  if (site.onRewrite === 'replace') {
    for (const rows of await replacedRows(store, file, reader)) {
      tally = tallied(tally, feed, rows, startMs)
    }
    return finished(tally, site, reader.previousMs)
  }
  let mixed = false
  for await (const rows of mergedRows(store, file, reader, tally.sequence)) {
    tally = tallied(tally, feed, rows, startMs)
    mixed = rows.record.mixed
    if (tally.lines !== rows.rows) throw wrongCount(tally, rows.rows, `${site.id} ${feed} ${day}`)
  }
  // The last line of the file counts: one that an earlier generation held is not stored again.
  if (feed === 'service' && mixed) {
    const newest = await replacedRows(store, { ...file, feed }, readerOf(site, zone))
    const last = newest.flatMap(({ parsed }) => parsed.readings).at(-1)
    if (last) tally = { ...tally, service: last }
  }
  return finished(tally, site, reader.previousMs)
}

function finished(tally: Tally, site: Site, previousMs: number | undefined): Tally {
  const whole = { ...tally, readWith: readWith(site) }
  return previousMs === undefined ? whole : { ...whole, previousMs }
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
