import type { Day, Feed } from '../site.ts'
import { addDays, DAY_MS, daysFromTo } from '../time.ts'
import { type PlacedSite, type SiteDay, siteDays } from './days.ts'
import { SETTLE_MS } from './due.ts'
import { type LedgerStore, placeOf } from './ledger.ts'
import { type Observed, observedDays } from './observed.ts'

/** The feeds of one day that are to be settled now, and what was observed of the day. */
export interface SettleDue {
  day: Day
  feeds: Feed[]
  observed: Observed | undefined
}

/** What decides which days are due. */
export interface SettleFacts {
  nowMs: number
  settleAfterDays: number
}

/**
 * The days of a site that are due to be settled, oldest first. A day is settled at 02:00 of the
 * next day, once more `settleAfterDays` later, and whenever something came since. With `paced`, as
 * on a schedule, the whole past is looked through only when one of the newest days is due: once
 * in a day.
 */
export async function settlesDue(
  store: LedgerStore,
  placed: PlacedSite,
  facts: SettleFacts,
  paced: boolean,
): Promise<SettleDue[]> {
  const { table } = store
  const { id } = placed.site
  const today = placed.zone.dayOf(facts.nowMs)
  const recent = { from: addDays(today, -(facts.settleAfterDays + 1)) }
  const known = async (range: { from?: Day }): Promise<KnownDays> => ({
    days: await siteDays(table, id, range),
    observed: await observedDays(table, id, facts.nowMs, range),
  })
  if (paced && dueOf(placed, facts, await known(recent)).length === 0) return []
  const all = await known({})
  return dueOf(placed, facts, { ...all, behind: await behind(store, placed, facts, all) })
}

/** What is known of a site's days. */
export interface KnownDays {
  days: ReadonlyMap<Day, SiteDay>
  observed: ReadonlyMap<Day, Observed>
  /** Day files, `<day> <feed>`, whose ledgers hold records that nobody has computed. */
  behind?: ReadonlySet<string>
}

/**
 * How long behind its settling a day is still looked at for records that nobody has computed: a
 * worker that slept for days may have appended them, and died.
 */
const WAKING_MS = 7 * DAY_MS

/** The day files that were settled lately and whose ledgers went on, though no tally did. */
async function behind(
  store: LedgerStore,
  { site }: PlacedSite,
  { nowMs }: SettleFacts,
  { days, observed }: KnownDays,
): Promise<Set<string>> {
  const files = new Set<string>()
  for (const [day, { settledMs = {} }] of observed) {
    for (const [feed, atMs] of Object.entries(settledMs) as [Feed, number][]) {
      if (nowMs - atMs > WAKING_MS) continue
      const { sequence } = await placeOf(store, { site: site.id, feed, day })
      if (sequence > (days.get(day)?.feeds[feed]?.sequence ?? 0)) files.add(`${day} ${feed}`)
    }
  }
  return files
}

/** All feeds of the days from `from` to `to` that are over, due or not: asked for by hand. */
export async function settlesAsked(
  { table }: LedgerStore,
  { site, zone }: PlacedSite,
  nowMs: number,
  range: { from: Day; to: Day },
): Promise<SettleDue[]> {
  const observed = await observedDays(table, site.id, nowMs, range)
  return daysFromTo(range.from, range.to)
    .filter((day) => zone.endOf(day) <= nowMs)
    .map((day) => ({ day, feeds: Object.keys(site.feeds) as Feed[], observed: observed.get(day) }))
}

/** The due days among those that are known. */
export function dueOf(
  { site, zone }: PlacedSite,
  { nowMs, settleAfterDays }: SettleFacts,
  { days, observed, behind = new Set() }: KnownDays,
): SettleDue[] {
  const all = [...new Set([...days.keys(), ...observed.keys()])].sort()
  const due: SettleDue[] = []
  for (const day of all) {
    const firstMs = zone.endOf(day) + SETTLE_MS
    const lastMs = firstMs + settleAfterDays * DAY_MS
    if (nowMs < firstMs) continue
    const dueMs = nowMs >= lastMs ? lastMs : firstMs
    const feeds = (Object.keys(site.feeds) as Feed[]).filter((feed) => {
      const tally = days.get(day)?.feeds[feed]
      const reopened = tally !== undefined && tally.proof === undefined
      const settledMs = observed.get(day)?.settledMs?.[feed] ?? 0
      // Whoever closed it did not come to the end, which is to export it and to note that.
      const closedMs = tally?.proof?.readAtMs ?? 0
      const isOpen = reopened || (closedMs > settledMs && closedMs <= nowMs)
      if (isOpen || behind.has(`${day} ${feed}`)) return true
      return settledMs < dueMs
    })
    if (feeds.length > 0) due.push({ day, feeds, observed: observed.get(day) })
  }
  return due
}
