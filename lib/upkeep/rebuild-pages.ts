import type { PlacedSite } from '../ledger/days.ts'
import { type Rounds, report } from '../pipeline.ts'
import type { Day } from '../site.ts'
import { FLEET_PAGES, pagesPartition } from '../store/keys.ts'
import type { Table } from '../store/table.ts'
import { addDays, parseDay } from '../time.ts'
import type { Rebuilt, SiteWork } from './rebuilt.ts'
import { changedSorts, itemIn, itemsIn, putInPlace, removeItem, type Standing } from './standing.ts'

/**
 * Makes the pages of these sites anew: those that every report looks at, and those of older days.
 * What was noted of a page is marked as out of date and not removed, so that until the page is made
 * its day does not vanish from the pages that link to it.
 */
export async function rebuildPages(
  rounds: Rounds,
  work: readonly SiteWork[],
  rebuilt: Rebuilt,
  onSite: () => void,
): Promise<void> {
  const { table } = rounds
  const sites = work.map(({ placed }) => placed.site.id)
  const before = await notesOf(table, sites)
  const failed = new Set<string>()
  await reportAnew(rounds, work, rebuilt, failed, onSite)
  // Pages that link to one that is no more are made once more, without it.
  const gone = await removeOutdated(
    table,
    sites.filter((site) => !failed.has(site)),
  )
  if (gone > 0) await reportAnew(rounds, work, rebuilt, failed)
  const after = await notesOf(table, sites)
  for (const [site, own] of before) {
    if (failed.has(site)) continue
    for (const sort of changedSorts(own, after.get(site)!)) {
      const day = parseDay(sort)
      rebuilt.changed.push({ what: 'pages', ...(site && { site }), ...(day && { day }) })
    }
  }
}

/** Stands for the page of all sites among the names of sites. */
const FLEET = ''

/** What is noted of the pages of these sites, and of the page of all of them. */
async function notesOf(table: Table, sites: readonly string[]): Promise<Map<string, Standing[]>> {
  const fleet = await itemIn(table, FLEET_PAGES)
  const notes = new Map([[FLEET, fleet ? [fleet] : []]])
  for (const site of sites) notes.set(site, await itemsIn(table, pagesPartition(site)))
  return notes
}

/** No fingerprint of inputs: a report builds the page anew. */
const OUT_OF_DATE = ''

/** A report that notes something meanwhile has made its page: that need not be made again. */
async function outdate(table: Table, note: Standing): Promise<void> {
  if (note.damage) await removeItem(table, note)
  else {
    const data = { ...note.data, inputs: OUT_OF_DATE, files: {} }
    await putInPlace(table, note, note, { data })
  }
}

/** Removes what is noted of pages that no report made, and says of how many. */
async function removeOutdated(table: Table, sites: readonly string[]): Promise<number> {
  const notes = [...(await notesOf(table, sites)).values()].flat()
  const gone = notes.filter(({ data }) => data.inputs === OUT_OF_DATE)
  for (const note of gone) await removeItem(table, note)
  return gone.length
}

/** Has every page made anew: older days first, then as every report does. */
async function reportAnew(
  rounds: Rounds,
  work: readonly SiteWork[],
  rebuilt: Rebuilt,
  failed: Set<string>,
  onSite = () => {},
): Promise<void> {
  const { table, settings, clock } = rounds
  const sites = work.map(({ placed }) => placed.site.id)
  const notes = [...(await notesOf(table, sites)).values()].flat()
  // A site's calendar first: while it counts, a report does not look at what is noted of old days.
  for (const note of notes.reverse()) await outdate(table, note)
  const todayOf = ({ zone }: PlacedSite): Day => zone.dayOf(clock.now())
  for (const [today, own] of Map.groupBy(work, ({ placed }) => todayOf(placed))) {
    const sites = own.map(({ placed }) => placed.site.id)
    const first = own.flatMap(({ days }) => days.slice(0, 1)).sort()[0] ?? today
    // A service file may be about the day before.
    const from = addDays(first, -1)
    const to = addDays(today, -settings.retention.keepDays - 1)
    const reports = [...(from <= to ? [{ sites, range: { from, to } }] : []), { sites, onSite }]
    for (const request of reports) {
      const { published, failures } = await report(rounds, request)
      rebuilt.pages += published.length
      rebuilt.failures.push(...failures.filter(({ site }) => !failed.has(site)))
      for (const { site } of failures) failed.add(site)
    }
  }
}
