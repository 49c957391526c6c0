import { type ChildProcess, spawn } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { chromium as driver } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { OVERLAPS } from '../browser/overlaps.ts'
import { chromium } from '../fixtures/programs.ts'

/** `npm start` as a newcomer runs it: a process of its own, an empty HOME, port 8080 taken. */

const root = join(import.meta.dirname, '..', '..')
const program = chromium()

let home: string
let folder: string
let taken: Server

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'siterounds-demo-'))
  folder = join(home, 'demo')
  taken = createServer()
  // Whoever has the port already: what matters is that it is taken.
  await new Promise<void>((resolve) => {
    taken.once('error', () => resolve())
    taken.listen(8080, '127.0.0.1', () => resolve())
  })
})

afterAll(async () => {
  taken.close()
  await rm(home, { recursive: true, force: true })
})

function run(file: string, ...args: string[]): ChildProcess {
  const env = { PATH: process.env.PATH, HOME: home, TZ: 'Asia/Tokyo' }
  return spawn(process.execPath, [file, ...args], { cwd: root, env })
}

async function output(child: ChildProcess): Promise<{ out: string; err: string; code: unknown }> {
  let [out, err] = ['', '']
  child.stdout!.on('data', (text) => {
    out += text
  })
  child.stderr!.on('data', (text) => {
    err += text
  })
  const code = await new Promise((resolve) => child.once('close', resolve))
  return { out, err, code }
}

/** Whole lines of every file that the sample sites offer, by site, feed and day. */
function offered(): Map<string, number> {
  const feeds = { sys_monitor: 'system', sys_alarm: 'alarm', sys_service: 'service' } as const
  const lines = new Map<string, number>()
  for (const path of readdirSync(join(folder, 'portals'), { recursive: true }) as string[]) {
    const match = /^([^/]+)\/(sys_\w+)\/\w+_(\d{4})(\d\d)(\d\d)\.txt$/.exec(path)
    if (!match) continue
    const [, site, kind, year, month, day] = match
    const count = readFileSync(join(folder, 'portals', path)).filter((byte) => byte === 10).length
    if (count > 0) {
      lines.set(`${site} ${feeds[kind as keyof typeof feeds]} ${year}-${month}-${day}`, count)
    }
  }
  return lines
}

/** Lines that the ledger holds, as `status` says. */
async function held(): Promise<Map<string, number>> {
  const config = join(folder, 'siterounds.yaml')
  const range = ['--from', '2020-01-01', '--to', '2020-01-02']
  const days = [...offered().keys()].map((key) => key.split(' ')[2]!).sort()
  range[1] = days[0]!
  range[3] = days.at(-1)!
  const { out } = await output(
    run('functions/cli.ts', 'status', '--json', '--config', config, ...range),
  )
  const rows = JSON.parse(out) as { site: string; feed: string; day: string; lines: number }[]
  return new Map(
    rows
      .filter((row) => row.lines > 0)
      .map((row) => [`${row.site} ${row.feed} ${row.day}`, row.lines]),
  )
}

describe('npm start', () => {
  it('loses and doubles nothing when it is killed and started again', async () => {
    for (const afterMs of [300, 900, 1_500, 2_500, 4_000]) {
      const child = run('demo/start.ts', '--once', '--json', '--folder', folder)
      await pause(afterMs)
      child.kill('SIGKILL')
      await new Promise((resolve) => child.once('close', resolve))
    }
    const { out, err, code } = await output(
      run('demo/start.ts', '--once', '--json', '--folder', folder),
    )
    expect(code, err).toBe(0)
    const summary = JSON.parse(out)
    expect(summary.collect.failures).toEqual([])
    expect(summary.report.published).toBeGreaterThan(0)
    expect(Object.fromEntries(await held())).toEqual(Object.fromEntries(offered()))
  }, 120_000)

  it('adds only what is new when it is started once more', async () => {
    const { out, code } = await output(run('demo/start.ts', '--once', '--json', '--folder', folder))
    expect(code).toBe(0)
    expect(JSON.parse(out).collect.totals.lines).toBeLessThan(500)
    expect(Object.fromEntries(await held())).toEqual(Object.fromEntries(offered()))
  }, 60_000)

  it('serves its pages on a free port, goes round after round, and Ctrl-C ends it', async () => {
    const child = run('demo/start.ts', '--folder', folder)
    const ended = output(child)
    let said = ''
    child.stdout!.on('data', (text) => {
      said += text
    })
    while (!/\d\d:\d\d:\d\d {2}/.test(said)) {
      expect(child.exitCode, said).toBeNull()
      await pause(100)
    }
    const url = /http:\/\/127\.0\.0\.1:(\d+)\//.exec(said)!
    expect(url[1]).not.toBe('8080')
    const page = await fetch(url[0])
    expect(page.status).toBe(200)
    expect(await page.text()).toContain('Siterounds demo')
    expect((await fetch(`${url[0]}nothing`)).status).toBe(404)
    const day = await fetch(`${url[0]}east`)
    expect(day.url).toBe(`${url[0]}east/`)
    expect(await (await fetch(`${url[0]}status.json`)).json()).toMatchObject({ sites: 4 })
    child.kill('SIGINT')
    const { code, err } = await ended
    expect({ code, err }).toEqual({ code: 0, err: '' })
  }, 90_000)

  it.skipIf(!program)(
    'shows pages that are in order in a browser, wide and narrow',
    async () => {
      const site = join(folder, 'site')
      const browser = await driver.launch({
        executablePath: program!,
        args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking'],
      })
      const days = readdirSync(join(site, 'east')).filter((name) => name.startsWith('20'))
      const paths = ['index.html', 'en/index.html', 'east/index.html']
      for (const id of ['east', 'south', 'west', 'this-machine']) {
        const newest = readdirSync(join(site, id))
          .filter((name) => name.startsWith('20'))
          .sort()
          .at(-1)
        paths.push(`${id}/${newest}/index.html`, `en/${id}/${newest}/index.html`)
      }
      expect(days.length).toBeGreaterThan(50)
      for (const [width, colorScheme] of [
        [1280, 'light'],
        [390, 'dark'],
      ] as const) {
        const viewport = { width, height: 900 }
        const page = await browser.newPage({ viewport, colorScheme })
        const noise: string[] = []
        page.on('console', (message) => noise.push(message.text()))
        page.on('pageerror', (error) => noise.push(error.message))
        for (const path of paths) {
          await page.goto(pathToFileURL(join(site, path)).href)
          expect(noise, path).toEqual([])
          const wide = await page.evaluate('document.documentElement.scrollWidth')
          expect(wide, `${path} at ${width}`).toBeLessThanOrEqual(width)
          const beyond = await page.evaluate(BEYOND_MAIN)
          expect(beyond, `${path} at ${width}`).toEqual([])
          expect(await page.evaluate(OVERLAPS), `${path} at ${width}`).toEqual([])
        }
      }
      await browser.close()
    },
    120_000,
  )
})

/** Blocks that reach beyond the column that the page keeps to. */
const BEYOND_MAIN = `(() => {
  const right = document.querySelector('main').getBoundingClientRect().right
  return [...document.querySelectorAll('main > *')]
    .filter((block) => block.getBoundingClientRect().right > right + 1)
    .map((block) => block.localName + '.' + block.className)
})()`
