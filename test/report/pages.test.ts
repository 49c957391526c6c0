import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { notFoundPage } from '../../lib/report/pages/not-found.ts'
import { overviewPage } from '../../lib/report/pages/overview.ts'
import { siteDayPage } from '../../lib/report/pages/site-day.ts'
import { siteDaysPage } from '../../lib/report/pages/site-days.ts'
import { CATALOGUE } from '../../lib/text/catalogue.ts'
import { en } from '../../lib/text/en.ts'
import { zhCN } from '../../lib/text/zh-CN.ts'
import { addDays } from '../../lib/time.ts'
import { sampleCalendar, sampleDayView, sampleOverview } from './sample-views.ts'

const DAY = siteDayPage(sampleDayView(), zhCN)

const PAGES = Object.values(CATALOGUE).flatMap((texts) => [
  { name: `day ${texts.language}`, page: siteDayPage(sampleDayView(), texts) },
  { name: `overview ${texts.language}`, page: overviewPage(sampleOverview(5), texts) },
  { name: `calendar ${texts.language}`, page: siteDaysPage(sampleCalendar(), texts) },
  {
    name: `404 ${texts.language}`,
    page: notFoundPage({ brand: 'b', languageLinks: [], homeHref: '/index.html' }, texts),
  },
])

/** The text of a page as a reader would copy it, roughly. */
function textOf(page: string): string {
  return page
    .replace(/<(style|script)>[\s\S]*?<\/\1>/g, '')
    .replace(/<[^>]*>/g, '')
    .replace(/\s+/g, ' ')
}

describe.each(PAGES)('the page: $name', ({ page }) => {
  it('fits in 100 KB and holds no slip of the program', () => {
    expect(Buffer.byteLength(page)).toBeLessThan(100_000)
    expect(textOf(page)).not.toMatch(/NaN|undefined|null|\[object|Infinity/)
  })

  it('needs nothing from anywhere: no address, no style attribute, no handler', () => {
    expect(page).not.toMatch(/https?:\/\/|\ssrc=|@import|\sstyle=|\son\w+=/)
    expect(page).not.toMatch(/url\(/)
  })

  it('allows exactly its own style sheet and script', () => {
    const hash = (tag: string) => {
      const body = new RegExp(`<${tag}>([\\s\\S]*?)</${tag}>`).exec(page)?.[1] ?? ''
      return `'sha256-${createHash('sha256').update(body).digest('base64')}'`
    }
    const policy = /http-equiv="Content-Security-Policy" content="([^"]*)"/.exec(page)?.[1]
    expect(policy?.split('; ')).toEqual([
      "default-src 'none'",
      `style-src ${hash('style')}`,
      `script-src ${hash('script')}`,
      'img-src data:',
      "base-uri 'none'",
      "form-action 'none'",
    ])
  })

  it('says its language and has one heading of the first rank', () => {
    expect(page).toMatch(/<html lang="(zh-CN|en)">/)
    expect(page.match(/<h1>/g)).toHaveLength(1)
  })
})

describe('siteDayPage', () => {
  it('gives the same bytes for the same view', () => {
    expect(siteDayPage(sampleDayView(), zhCN)).toBe(DAY)
  })

  it('says the verdict first, in one sentence', () => {
    const verdict = /<p class="verdict[^>]*>([\s\S]*?)<\/p>/.exec(DAY)?.[1] ?? ''
    expect(textOf(verdict)).toMatch(
      /^■ 10 项告警未恢复（紧急 2 项：话单积压）；app1 \/ 的磁盘已用 93%；/,
    )
    expect(textOf(verdict)).toMatch(/；另有 5 处需留意。$/)
    expect(DAY.indexOf('class="verdict')).toBeLessThan(DAY.indexOf('class="cards'))
  })

  it('says that a calm day is calm, a young one so far, and an empty one that it is empty', () => {
    const calm = { ...sampleDayView(), findings: [] }
    const nothing = calm.feeds.map((feed) => ({
      ...feed,
      counts: { lines: 0, readings: 0, rejects: 0, unknown: 0, blank: 0 },
    }))
    expect(siteDayPage(calm, en)).toContain('All calm.')
    expect(siteDayPage({ ...calm, running: true }, en)).toContain('All calm so far.')
    expect(siteDayPage({ ...calm, running: true, feeds: nothing }, en)).toContain(
      'No data yet today.',
    )
  })

  it('shows the counts beside their past, and what is odd or provisional', () => {
    expect(textOf(DAY)).toMatch(
      /呼叫数 暂定 [\d,]+ 昨日 −\d\d\.\d% 上周同日 −\d\d\.\d% ▼ 偏低：同日中位数 6/,
    )
    const final = siteDayPage({ ...sampleDayView(), serviceProvisional: false }, zhCN)
    expect(final).not.toContain('暂定')
  })

  it('lists open alarms worst first, with descriptions that say more than the names', () => {
    const severities = [...DAY.matchAll(/class="sev">.*?<\/i>(.*?)<\/td>/g)].map(([, word]) => word)
    const order = ['紧急', '重要', '次要', '提示', '未知']
    expect(severities).toEqual(
      [...severities].sort((a, b) => order.indexOf(a!) - order.indexOf(b!)),
    )
    expect(severities).toHaveLength(10)
    expect(DAY.match(/class="says"/g)).toHaveLength(5)
  })

  it('says when an alarm of another day was raised, and how long it has stood', () => {
    const view = sampleDayView({ alarms: 1 })
    const [alarm] = view.openAlarms ?? []
    const older = {
      ...alarm!,
      raisedText: '2026-11-08 03:04:05',
      raisedMs: view.atMs - 1.5 * 864e5,
    }
    const page = siteDayPage({ ...view, openAlarms: [older] }, zhCN)
    expect(page).toContain('<td class="raised">11-08 03:04</td>')
    expect(page).toContain('<td class="for">1 天 12 小时</td>')
  })

  it('shows what arrived, down to the lines that were not understood', () => {
    const text = textOf(DAY)
    expect(text).toContain('无法识别的行（2 行）')
    expect(text).toContain('时间无效app1|10.0.0.1|bj01|cpu|1|2|3|4|yesterday')
    expect(text).toContain('局点中途替换或截短了该文件')
  })

  it('has no time of generation, but the newest record time', () => {
    expect(DAY).toContain('<time datetime="2026-11-10T15:55:00Z" data-age>2026-11-10 23:55</time>')
    expect(DAY.match(/\d{4}-\d{2}-\d{2}T/g)).toHaveLength(1)
  })

  it('leaves out what the site does not have', () => {
    const { openAlarms: _, storm: __, ...rest } = sampleDayView()
    const feeds = rest.feeds.filter(({ feed }) => feed === 'service')
    const text = textOf(siteDayPage({ ...rest, feeds }, en))
    expect(text).not.toMatch(/Open alarms|Servers|Alarms of the day/)
    expect(text).toContain('Total users')
  })

  it('labels hours by the clock of the site on a day of 25 hours', () => {
    const view = sampleDayView({ day: '2026-10-25', timeZone: 'Europe/Berlin' })
    const page = siteDayPage(view, en)
    const hours = /<div class="hours"[^>]*>(.*?)<\/div>/.exec(page)?.[1] ?? ''
    expect(hours.match(/\d\d/g)?.slice(0, 5)).toEqual(['00', '01', '02', '02', '03'])
    expect(page).toContain('<span>00:00</span><span>05:15</span>')
  })

  it('fits in 100 KB with 20 servers and many alarms', () => {
    const page = siteDayPage(sampleDayView({ servers: 20, alarms: 150 }), zhCN)
    expect(Buffer.byteLength(page)).toBeLessThan(100_000)
    expect(page.match(/class="server/g)?.length).toBe(21)
    expect(page).toContain('另有 90 项较轻的告警未列出')
  })

  it('draws curves for the worst 20 of 200 servers and lists the others', () => {
    const page = siteDayPage(sampleDayView({ servers: 200 }), en)
    expect(Buffer.byteLength(page)).toBeLessThan(100_000)
    expect(page.match(/<article class="server is-hot"/g)).toHaveLength(20)
    expect(page).toContain('180 more, without curves')
    expect(page.match(/<tr><th scope="row">app/g)).toHaveLength(180)
  })
})

describe('overviewPage', () => {
  it('puts the sites that need somebody first', () => {
    const page = overviewPage(sampleOverview(4), en)
    const sites = [...page.matchAll(/href="(s\d)\//g)].map(([, site]) => site)
    expect(sites).toEqual(['s0', 's2', 's1', 's3'])
    expect(textOf(page)).toContain('2 sites need action; 2 calm.')
  })

  it('says when all is calm, and when there is nothing', () => {
    const view = sampleOverview(4)
    const calm = view.rows.filter(({ findings }) => findings.length === 0)
    expect(overviewPage({ ...view, rows: calm }, en)).toContain('All sites are calm.')
    expect(overviewPage({ ...view, rows: [] }, en)).toContain('No site has reported yet.')
  })

  it('takes 2,000 sites', () => {
    const page = overviewPage(sampleOverview(2000), zhCN)
    expect(page.match(/<tr>/g)).toHaveLength(2001)
  })
})

describe('siteDaysPage', () => {
  it('shows months newest first and links every day that has a page', () => {
    const page = siteDaysPage(sampleCalendar(), zhCN)
    const months = [...page.matchAll(/<caption>(.*?)<\/caption>/g)].map(([, month]) => month)
    expect(months).toEqual(['2026 年 11 月', '2026 年 10 月'])
    expect(page.match(/href="2026-\d\d-\d\d\/index\.html"/g)).toHaveLength(22)
  })

  it('sets the first of a month below its weekday', () => {
    // 1 November 2026 is a Sunday.
    const view = sampleCalendar()
    const page = siteDaysPage(
      { ...view, days: view.days.filter(({ day }) => day >= '2026-11') },
      en,
    )
    const firstWeek = /<tbody>\s*<tr>(.*?)<\/tr>/s.exec(page)?.[1] ?? ''
    expect(firstWeek.match(/<td><\/td>/g)).toHaveLength(6)
    expect(firstWeek).toContain('2026-11-01')
    expect(addDays('2026-11-01', 7)).toBe('2026-11-08')
  })
})
