import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { chromium as driver } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { notFoundPage } from '../../lib/report/pages/not-found.ts'
import { overviewPage } from '../../lib/report/pages/overview.ts'
import { siteDayPage } from '../../lib/report/pages/site-day.ts'
import { siteDaysPage } from '../../lib/report/pages/site-days.ts'
import { CATALOGUE } from '../../lib/text/catalogue.ts'
import { chromium } from '../fixtures/programs.ts'
import { sampleCalendar, sampleDayView, sampleOverview } from '../report/sample-views.ts'
import { HOSTILE_TEXTS } from './hostile-texts.ts'
import { OVERLAPS } from './overlaps.ts'

/** The pages as a real browser shows them, from a folder, as a reader with no server would. */

const program = chromium()
const axeScript = createRequire(import.meta.url).resolve('axe-core/axe.min.js')

let browser: Browser
let folder: string

const PAGES: Record<string, string> = {}
for (const texts of Object.values(CATALOGUE)) {
  PAGES[`${texts.language}/s/2026-11-10/index.html`] = siteDayPage(sampleDayView(), texts)
  PAGES[`${texts.language}/index.html`] = overviewPage(sampleOverview(5), texts)
  PAGES[`${texts.language}/s/index.html`] = siteDaysPage(sampleCalendar(), texts)
  const notFound = { brand: 'b', languageLinks: [], homeHref: '/index.html' }
  PAGES[`${texts.language}/404.html`] = notFoundPage(notFound, texts)
}

beforeAll(async () => {
  if (!program) return
  folder = await mkdtemp(join(tmpdir(), 'siterounds-pages-'))
  for (const [path, page] of Object.entries(PAGES)) await write(path, page)
  browser = await driver.launch({
    executablePath: program,
    args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking'],
  })
}, 60_000)

afterAll(async () => {
  await browser?.close()
  if (folder) await rm(folder, { recursive: true })
})

async function write(path: string, page: string): Promise<string> {
  const file = join(folder, path)
  await mkdir(dirname(file), { recursive: true })
  await writeFile(file, page)
  return pathToFileURL(file).href
}

/** Whatever a page did that it should not: said something, asked for something, threw. */
interface Watch {
  page: Page
  noise: string[]
  requests: string[]
}

async function open(url: string, options: BrowserContextOptions = {}): Promise<Watch> {
  const watch = await blank(options)
  await watch.page.goto(url)
  return watch
}

async function blank(options: BrowserContextOptions = {}): Promise<Watch> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options })
  const page = await context.newPage()
  const noise: string[] = []
  const requests: string[] = []
  page.on('console', (message) => noise.push(`console: ${message.text()}`))
  page.on('pageerror', (error) => noise.push(`error: ${error.message}`))
  page.on('request', (request) => requests.push(request.url()))
  page.on('dialog', (dialog) => {
    noise.push(`dialog: ${dialog.message()}`)
    dialog.dismiss().catch(() => {})
  })
  return { page, noise, requests }
}

const urlOf = (path: string) => pathToFileURL(join(folder, path)).href

/** How many elements of each kind a page has, and the names of all attributes. */
const anatomy = (page: Page) =>
  page.evaluate<Record<string, number>>(`(() => {
    const counts = {}
    for (const element of document.querySelectorAll('*')) {
      const names = element.getAttributeNames().sort().join(' ')
      const kind = element.localName + ' ' + names
      counts[kind] = (counts[kind] ?? 0) + 1
    }
    return counts
  })()`)

describe.skipIf(!program)('pages in Chromium', () => {
  it.each(Object.keys(PAGES))('%s: no noise, one request, nothing wrong for axe', async (path) => {
    const { page, noise, requests } = await blank({ bypassCSP: true })
    for (const colorScheme of ['light', 'dark'] as const) {
      requests.length = 0
      await page.emulateMedia({ colorScheme })
      await page.goto(urlOf(path))
      await page.addScriptTag({ path: axeScript })
      const violations = await page.evaluate(`axe.run(document).then((result) =>
        result.violations.map(({ id, nodes }) => id + ': ' + nodes[0].html))`)
      expect(violations, colorScheme).toEqual([])
      expect(noise).toEqual([])
      expect(requests).toHaveLength(1)
    }
    await page.context().close()
  })

  it.each(Object.keys(PAGES))('%s: its policy lets its style and script pass', async (path) => {
    const { page, noise } = await open(urlOf(path))
    expect(noise).toEqual([])
    const ground = await page.evaluate('getComputedStyle(document.body).margin')
    expect(ground).toBe('0px')
    await page.context().close()
  })

  it.each(Object.keys(PAGES))('%s: needs no sideways scrolling from 320 px on', async (path) => {
    const { page } = await blank()
    for (const width of [320, 390, 768, 1280]) {
      await page.setViewportSize({ width, height: 800 })
      await page.goto(urlOf(path))
      const wide = await page.evaluate('document.documentElement.scrollWidth')
      expect(wide, `${width} px`).toBeLessThanOrEqual(width)
    }
    await page.context().close()
  })

  it('needs none either with names that have no end and no place to break', async () => {
    const name = 'W'.repeat(300)
    const pages = [
      siteDayPage(sampleDayView({ name }), CATALOGUE.en),
      overviewPage(sampleOverview(2, name), CATALOGUE.en),
      siteDaysPage(sampleCalendar(name), CATALOGUE.en),
    ]
    const { page } = await blank()
    for (const [index, made] of pages.entries()) {
      const url = await write(`long-${index}.html`, made)
      for (const width of [390, 768, 1280]) {
        await page.setViewportSize({ width, height: 800 })
        await page.goto(url)
        const wide = await page.evaluate('document.documentElement.scrollWidth')
        expect(wide, `page ${index}, ${width} px`).toBeLessThanOrEqual(width)
      }
    }
    await page.context().close()
  })

  it('lets no text of a day page overlap another', async () => {
    for (const width of [390, 1280]) {
      const url = urlOf('zh-CN/s/2026-11-10/index.html')
      const { page } = await open(url, { viewport: { width, height: 800 } })
      expect(await page.evaluate(OVERLAPS), `${width} px`).toEqual([])
      await page.context().close()
    }
  })

  it('says everything without script, and the age of the data with it', async () => {
    const url = urlOf('en/s/2026-11-10/index.html')
    const silent = await open(url, { javaScriptEnabled: false })
    const said = await silent.page.locator('.marks').innerText()
    expect(said).toContain('Data up to 2026-11-10 23:55')
    expect(said).not.toContain('ago')
    await silent.page.context().close()

    const context = await browser.newContext()
    const page = await context.newPage()
    await page.clock.install({ time: new Date('2026-11-11T00:55:00Z') })
    await page.goto(url)
    expect(await page.locator('.marks').innerText()).toContain('2026-11-10 23:55 · 9 hours ago')
    await context.close()
  })

  it('prints on white paper, also from a dark screen', async () => {
    const url = urlOf('zh-CN/s/2026-11-10/index.html')
    const { page } = await open(url, { colorScheme: 'dark' })
    const card = () =>
      page.evaluate(`getComputedStyle(document.querySelector('.card')).backgroundColor`)
    expect(await card()).toBe('rgb(27, 30, 36)')
    await page.emulateMedia({ media: 'print' })
    expect(await card()).toBe('rgb(255, 255, 255)')
    await page.context().close()
  })

  it('shows hostile names and texts as text', async () => {
    const plain = 'name'
    const made = (name: string) => ({
      day: siteDayPage(sampleDayView({ name, servers: 1, alarms: 2 }), CATALOGUE.en),
      overview: overviewPage(sampleOverview(2, name), CATALOGUE.en),
      calendar: siteDaysPage(sampleCalendar(name), CATALOGUE.en),
    })
    const kinds = ['day', 'overview', 'calendar'] as const
    for (const kind of kinds) {
      const first = await write(`plain-${kind}.html`, made(plain)[kind])
      const { page, noise, requests } = await open(first)
      const expected = await anatomy(page)
      for (const [index, text] of HOSTILE_TEXTS.entries()) {
        requests.length = 0
        const url = await write(`hostile-${kind}-${index}.html`, made(text)[kind])
        await page.goto(url)
        expect(noise, text).toEqual([])
        expect(requests, text).toEqual([url])
        expect(await anatomy(page), text).toEqual(expected)
      }
      await page.context().close()
    }
  }, 120_000)
})
