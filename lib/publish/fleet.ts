import { atOnce } from '../at-once.ts'
import { notFoundPage } from '../report/pages/not-found.ts'
import { type OverviewRow, overviewPage } from '../report/pages/overview.ts'
import type { Language } from '../site.ts'
import { FLEET_PAGES, pagesPartition } from '../store/keys.ts'
import { CATALOGUE } from '../text/catalogue.ts'
import { markOf, rowsOf } from './calendar.ts'
import { gravestSites } from './gravest.ts'
import { languageLinks, OVERVIEW_PATH, publishedPath } from './paths.ts'
import { type PublishPorts, publish, type Report } from './published.ts'

/** Days of every site that the overview shows as marks: a week fits beside the rest. */
const MARKED_DAYS = 7

/** Sites looked up side by side: a hundred thousand one by one take minutes over a network. */
const SITES_AT_ONCE = 32

/**
 * Publishes the page of all sites, from what is noted of each site's newest day. Of a fleet that is
 * too large for one page it shows the gravest.
 */
export async function publishFleet(
  { table, pages, settings, form }: PublishPorts,
  force: boolean,
  report: Report,
): Promise<void> {
  const { languages, title } = settings.report
  const sites = new Map(languages.map((language) => [language, gravestSites()]))
  await atOnce(SITES_AT_ONCE, settings.sites, async (site) => {
    // The calendar's item sorts behind the days: one more than the marks.
    const limit = MARKED_DAYS + 1
    const items = await table.list(pagesPartition(site.id), { descending: true, limit })
    const newest = items.reverse()
    for (const [language, gravest] of sites) {
      const days = rowsOf(newest, language).slice(-MARKED_DAYS)
      const row = rowWithDays(days, language, settings)
      if (row) gravest.add(row)
    }
  })
  const files = new Map<string, string>()
  for (const [language, gravest] of sites) {
    const here = { language, path: OVERVIEW_PATH }
    const siteAddress = `/${publishedPath({ language, path: '<id>/' }, languages)}`
    const all = gravest.all()
    const view = {
      brand: title,
      languageLinks: languageLinks(here, languages),
      rows: gravest.rows(),
      ...(all && { all: { ...all, siteAddress } }),
    }
    files.set(publishedPath(here, languages), overviewPage(view, CATALOGUE[language]))
  }
  const language = languages[0]!
  const homeHref = `/${OVERVIEW_PATH}`
  files.set(
    '404.html',
    notFoundPage({ brand: title, languageLinks: [], homeHref }, CATALOGUE[language]),
  )
  const item = await table.get(FLEET_PAGES)
  await publish(table, pages, FLEET_PAGES, item, { inputs: form, files }, force, report)
}

function rowWithDays(
  days: readonly OverviewRow[],
  language: Language,
  settings: PublishPorts['settings'],
): OverviewRow | undefined {
  const newest = days.at(-1)
  if (!newest) return undefined
  const marks = days.map((row) => markOf(row, OVERVIEW_PATH, language, settings))
  return { ...newest, href: marks.at(-1)!.href, days: marks }
}
