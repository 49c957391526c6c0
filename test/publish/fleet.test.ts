import { describe, expect, it } from 'vitest'
import { worstLevel } from '../../lib/figures/verdict.ts'
import { publishFleet } from '../../lib/publish/fleet.ts'
import { MOST_SITES_SHOWN } from '../../lib/publish/gravest.ts'
import { type OverviewRow, overviewPage } from '../../lib/report/pages/overview.ts'
import type { Language } from '../../lib/site.ts'
import { FLEET_PAGES, pagesPartition } from '../../lib/store/keys.ts'
import { memoryTable } from '../../lib/store/memory.ts'
import { CATALOGUE } from '../../lib/text/catalogue.ts'
import { SETTINGS } from '../notify/alarms.ts'
import { sampleOverview } from '../report/sample-views.ts'
import { siteOf } from '../work/world.ts'

const LANGUAGES: Language[] = ['zh-CN', 'en']
const DAY = '2026-11-10'

/** Rows of a fleet that nobody has sorted: every second site is calm, a few are graver. */
function rowsOf(count: number): OverviewRow[] {
  return sampleOverview(count).rows.map((row, index) => ({
    ...row,
    ...{ day: DAY, href: `${row.site.id}/${DAY}/index.html`, days: [] },
    dataUpToMs: row.dataUpToMs! + (index === 999 ? 60_000 : 0),
    openBySeverity: { ...row.openBySeverity, critical: index % 100 === 0 ? 9 : 0 },
  }))
}

/** The pages of all sites, made of what is noted of each. */
async function published(rows: readonly OverviewRow[]) {
  const table = memoryTable()
  const pages = new Map<string, string>()
  for (const row of rows) {
    const noted = { 'zh-CN': row, en: row }
    const data = { format: 1, inputs: 'i', files: {}, rows: noted }
    await table.create({ partition: pagesPartition(row.site.id), sort: DAY }, { data })
  }
  const objects = {
    put: async (path: string, body: Uint8Array | string) => void pages.set(path, String(body)),
    get: async () => undefined,
    list: async () => [],
    remove: async () => {},
  }
  const sites = rows.map(({ site }) => siteOf(site.id))
  const settings = { ...SETTINGS, report: { ...SETTINGS.report, languages: LANGUAGES }, sites }
  const dictionary = new Map()
  const ports = { table, archive: objects, pages: objects, settings, dictionary, form: 'f' }
  const report = { published: [], unchanged: 0 }
  await publishFleet(ports, false, report)
  await publishFleet(
    { ...ports, settings: { ...settings, sites: sites.toReversed() } },
    false,
    report,
  )
  expect(report).toMatchObject({ unchanged: 3 })
  expect(await table.get(FLEET_PAGES)).toBeDefined()
  return { zh: pages.get('index.html')!, en: pages.get('en/index.html')! }
}

const idsIn = (page: string) =>
  [...page.matchAll(/<th scope="row">[\s\S]*?href="(?:[^"]*\/)?(s\d+)\//g)].map(([, id]) => id)

describe('the page of all sites', () => {
  it('of as many as it can show is the same as ever', async () => {
    const rows = rowsOf(MOST_SITES_SHOWN)
    const { zh } = await published(rows)
    const marked = rows.map((row) => ({
      ...row,
      days: [{ day: DAY, href: row.href, level: worstLevel(row.findings) }],
    }))
    const languageLinks = [{ language: 'en' as const, href: 'en/index.html' }]
    const view = { brand: SETTINGS.report.title, languageLinks, rows: marked }
    expect(zh).toBe(overviewPage(view, CATALOGUE['zh-CN']))
    expect(idsIn(zh)).toHaveLength(MOST_SITES_SHOWN)
  })

  it('of more shows the gravest, counts all of them, and says where the others are', async () => {
    const rows = rowsOf(1_050)
    const { zh, en } = await published(rows)
    const ids = idsIn(en)
    expect(ids).toHaveLength(MOST_SITES_SHOWN)
    expect(idsIn(zh)).toEqual(ids)
    const whole = overviewPage({ brand: '', languageLinks: [], rows }, CATALOGUE.en)
    expect(ids).toEqual(idsIn(whole).slice(0, MOST_SITES_SHOWN))
    expect(ids[0]).toBe('s0')
    expect(en).toContain('1,050 sites; shown are the 1,000 that need you most')
    expect(en).toContain('525 sites need action; 525 calm.')
    expect(en).toContain('Every site has its pages at /en/&lt;id&gt;/, also those')
    expect(zh).toContain('共 1,050 个局点，只显示最需要处理的 1,000 个')
    expect(zh).toContain('每个局点的页面都在 /&lt;id&gt;/ 下')
    // The newest data come from a site that is not shown.
    expect(ids).not.toContain('s999')
    const upTo = /<time datetime="[^"]*"/
    expect(upTo.exec(en)![0]).toBe(upTo.exec(whole)![0])
  })
})
