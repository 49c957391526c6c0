import { createHash } from 'node:crypto'
import { worstLevel } from '../figures/verdict.ts'
import type { DayMark, OverviewRow } from '../report/pages/overview.ts'
import { siteDaysPage } from '../report/pages/site-days.ts'
import type { Language, Settings, Site } from '../site.ts'
import { pagesPartition } from '../store/keys.ts'
import type { Item, Key, Table } from '../store/table.ts'
import { CATALOGUE } from '../text/catalogue.ts'
import { calendarPath, hrefFrom, languageLinks, OVERVIEW_PATH, publishedPath } from './paths.ts'
import {
  type Published,
  type PublishPorts,
  publish,
  publishedOf,
  type Report,
} from './published.ts'

/** Sort of a site's calendar: behind every day. */
const CALENDAR = 'calendar'

/** The rows of all days that have a page, oldest first. */
export function rowsOf(items: readonly Item[], language: Language): OverviewRow[] {
  return items
    .filter((item) => item.sort < CALENDAR)
    .map((item) => publishedOf(item)?.rows?.[language])
    .filter((row) => row !== undefined)
}

/** A day's mark, and the address of its page as seen from another one. */
export function markOf(
  row: OverviewRow,
  from: string,
  language: Language,
  { report }: Settings,
): DayMark {
  const href = hrefFrom({ language, path: from }, { language, path: row.href }, report.languages)
  return { day: row.day, href, level: worstLevel(row.findings) }
}

/** What is noted of a site's calendar. */
export function readCalendar(table: Table, site: Site): Promise<Item | undefined> {
  return table.get(keyOf(site))
}

/** Whether a calendar stands as it is noted: not while a rebuild makes it anew. */
export function isCurrentCalendar(item: Item | undefined, form: string): boolean {
  return publishedOf(item)?.inputs === inputsOf(form)
}

/** What a calendar shows of a day, from the day's rows: as long as it is the same text. */
export function marksOf(rows: Published['rows']): string {
  const [row] = Object.values(rows ?? {})
  return JSON.stringify(row && [row.site, row.href, worstLevel(row.findings), countOf(row)])
}

/**
 * Publishes a site's calendar when a mark in it has changed, or when it is not as it is noted;
 * notes `older` with it, see `Published`. Without it the next report looks at all days.
 */
export async function keepCalendar(
  ports: PublishPorts,
  site: Site,
  item: Item | undefined,
  { force, isMarked, older }: { force: boolean; isMarked: boolean; older?: string },
  report: Report,
): Promise<void> {
  const { table, pages, settings, form } = ports
  const known = publishedOf(item)
  const { languages } = settings.report
  const isCurrent = isCurrentCalendar(item, form)
  if (isCurrent && !isMarked && !force && known?.older === older) {
    report.unchanged += languages.length
    return
  }
  const items = await table.list(pagesPartition(site.id))
  const files = new Map<string, string>()
  for (const language of languages) {
    const here = { language, path: calendarPath(site.id) }
    files.set(publishedPath(here, languages), calendarPage(items, site, language, settings))
  }
  if (items.every(({ sort }) => sort >= CALENDAR)) return
  const built = { inputs: inputsOf(form), files, ...(older && { older }) }
  await publish(table, pages, keyOf(site), item, built, force, report)
}

function calendarPage(
  items: readonly Item[],
  site: Site,
  language: Language,
  settings: Settings,
): string {
  const { languages, title } = settings.report
  const path = calendarPath(site.id)
  const here = { language, path }
  const days = rowsOf(items, language).map((row) => ({
    ...markOf(row, path, language, settings),
    ...(site.feeds.alarm && { openAlarms: countOf(row) }),
  }))
  const view = {
    brand: title,
    languageLinks: languageLinks(here, languages),
    site: { id: site.id, name: site.name, timeZone: site.timeZone },
    sitesHref: hrefFrom(here, { language, path: OVERVIEW_PATH }, languages),
    days,
  }
  return siteDaysPage(view, CATALOGUE[language])
}

function keyOf(site: Site): Key {
  return { partition: pagesPartition(site.id), sort: CALENDAR }
}

function inputsOf(form: string): string {
  return createHash('sha256').update(form).digest('hex')
}

/** While a day runs, its count would change the calendar with every report. */
function countOf({ running, openBySeverity }: OverviewRow): number | undefined {
  if (running) return undefined
  return Object.values(openBySeverity).reduce((sum, count) => sum + count, 0)
}
