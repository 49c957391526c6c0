import { createHash } from 'node:crypto'
import { worstLevel } from '../figures/verdict.ts'
import type { DayMark, OverviewRow } from '../report/pages/overview.ts'
import { siteDaysPage } from '../report/pages/site-days.ts'
import type { Language, Settings, Site } from '../site.ts'
import { pagesPartition } from '../store/keys.ts'
import type { Item, Table } from '../store/table.ts'
import { CATALOGUE } from '../text/catalogue.ts'
import { calendarPath, hrefFrom, languageLinks, OVERVIEW_PATH, publishedPath } from './paths.ts'
import { type PublishPorts, publish, publishedOf, type Report } from './published.ts'

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

/** Whether a site's calendar stands as it is noted: not while a rebuild makes it anew. */
export async function hasCalendar(table: Table, site: Site): Promise<boolean> {
  const item = await table.get({ partition: pagesPartition(site.id), sort: CALENDAR })
  return Boolean(publishedOf(item)?.inputs)
}

/** Publishes a site's calendar from what is noted of its days. */
export async function publishCalendar(
  { table, pages, settings, form }: PublishPorts,
  site: Site,
  force: boolean,
  report: Report,
): Promise<void> {
  const items = await table.list(pagesPartition(site.id))
  const item = items.find(({ sort }) => sort === CALENDAR)
  const { languages } = settings.report
  const path = calendarPath(site.id)
  const files = new Map<string, string>()
  for (const language of languages) {
    const here = { language, path }
    const days = rowsOf(items, language).map((row) => ({
      ...markOf(row, path, language, settings),
      ...(site.feeds.alarm && { openAlarms: openOf(row) }),
    }))
    const view = {
      brand: settings.report.title,
      languageLinks: languageLinks(here, languages),
      site: { id: site.id, name: site.name, timeZone: site.timeZone },
      sitesHref: hrefFrom(here, { language, path: OVERVIEW_PATH }, languages),
      days,
    }
    files.set(publishedPath(here, languages), siteDaysPage(view, CATALOGUE[language]))
  }
  const inputs = createHash('sha256').update(form).digest('hex')
  const key = { partition: pagesPartition(site.id), sort: CALENDAR }
  await publish(table, pages, key, item, { inputs, files }, force, report)
}

function openOf({ openBySeverity }: OverviewRow): number {
  return Object.values(openBySeverity).reduce((sum, count) => sum + count, 0)
}
