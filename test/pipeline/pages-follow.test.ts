import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { HOSTILE_TEXTS } from '../browser/hostile-texts.ts'
import { folderSite, newWorld, type World } from '../fixtures/rounds-world.ts'

/** Pages say what the state says, also when nothing but time has passed. */

let world: World

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['Date'] })
  world = await newWorld()
})

afterEach(async () => {
  vi.useRealTimers()
  await world.remove()
})

/** Collects and reports at a time of Beijing; the paths that were published. */
async function roundAt(time: string): Promise<string[]> {
  vi.setSystemTime(`${time.replace(' ', 'T')}+08:00`)
  await world.json('collect')
  return (await world.json<{ published: string[] }>('report')).published
}

const page = (path: string) => readFile(join(world.folder, 'var', 'site', path), 'utf8')

const alarm = (name: string, raised: string, recovered = '') =>
  `a|${name}|ne|text|2026-11-${raised}|${recovered}|2026-11-${raised}\n`

describe('the page of today', () => {
  it('drops an alarm that expires although no new line came', async () => {
    const feeds = { system: false, service: false }
    await world.configure({ sites: [folderSite('a', { feeds })] })
    await world.write('a/sys_alarm/system_alarm_20261108.txt', alarm('OLD-1', '08 08:00:00'))
    await world.write('a/sys_alarm/system_alarm_20261109.txt', alarm('MID-1', '09 20:00:00'))
    await world.write('a/sys_alarm/system_alarm_20261110.txt', alarm('NEW-1', '10 01:00:00'))
    await roundAt('2026-11-10 07:00:00')
    expect(await page('a/2026-11-10/index.html')).toContain('OLD-1')
    expect(await roundAt('2026-11-10 09:00:00')).toContain('a/2026-11-10/index.html')
    const names = (await world.json<{ name: string }[]>('alarms')).map(({ name }) => name)
    expect(names).toEqual(['MID-1', 'NEW-1'])
    expect(await page('a/2026-11-10/index.html')).not.toContain('OLD-1')
    expect(await roundAt('2026-11-10 09:05:00')).toEqual([])
  })

  it('turns into a past page when the day is over, and then stays', async () => {
    await world.configure({ sites: [folderSite('a')] })
    await world.write('a/sys_alarm/system_alarm_20261110.txt', alarm('X-1', '10 08:00:00'))
    await roundAt('2026-11-10 09:00:00')
    expect(await roundAt('2026-11-11 00:05:00')).toContain('a/2026-11-10/index.html')
    expect(await roundAt('2026-11-11 00:10:00')).toEqual([])
    expect(await roundAt('2026-11-11 09:00:00')).not.toContain('404.html')
  })
})

describe('a service line that is not finished', () => {
  it('is shown as provisional, and counts once when its newline comes', async () => {
    await world.configure({ sites: [folderSite('a')], report: { languages: ['en'] } })
    const line = 'a|1|2|3|45678|5|6|7|2026-11-10 08:00:00'
    const path = 'a/sys_service/system_service_20261110.txt'
    const service = async () => {
      const rows = await world.json<{ feed: string; lines: number }[]>('status')
      return rows.filter(({ feed }) => feed === 'service').at(-1)
    }
    await world.write(path, line)
    await roundAt('2026-11-10 09:00:00')
    expect(await service()).toMatchObject({ lines: 0, coverage: 'partial' })
    const provisional = await page('a/2026-11-10/index.html')
    expect(provisional).toContain('45,678')
    expect(await roundAt('2026-11-10 09:05:00')).toEqual([])

    await world.write(path, `${line}\n`)
    expect(await roundAt('2026-11-10 09:10:00')).toContain('a/2026-11-10/index.html')
    expect(await service()).toMatchObject({ lines: 1, readings: 1 })
    expect(await page('a/2026-11-10/index.html')).toContain('45,678')
    expect(await page('a/2026-11-10/index.html')).not.toBe(provisional)
  })
})

describe('hostile texts of a site', () => {
  const texts = HOSTILE_TEXTS.map((text) => text.replaceAll('|', '/').replaceAll('\n', ' '))

  /** Every place where a site's text can stand: names, nodes, descriptions, servers, mounts. */
  async function siteWith(all: readonly string[]): Promise<Map<string, string>> {
    const stamp = (index: number) => `2026-11-10 08:00:${String(index % 60).padStart(2, '0')}`
    const alarms = all.map((text, index) => {
      return `a|${text}|${text}|${text}|${stamp(index)}||${stamp(index)}\n`
    })
    const system = all.map((text, index) => {
      const server = `${text}|${text}|a`
      return [
        `${server}|cpu|10|5|1|84|${stamp(index)}\n`,
        `${server}|disk|${text}|1|2|${stamp(index)}\n`,
        `${server}|os|${text}|${text}|${stamp(index)}\n`,
        `${server}|node|${text}|${text}|${stamp(index)}\n`,
        `${server}|cpu|${text}\n`,
      ].join('')
    })
    await world.write('a/sys_alarm/system_alarm_20261110.txt', alarms.join(''))
    await world.write('a/sys_monitor/system_info_20261110.txt', system.join(''))
    await world.write('a/sys_service/system_service_20261110.txt', `${all.join('\n')}\n`)
    const name = all[0]!
    await world.configure({ sites: [folderSite('a', { name })], report: { title: name } })
    await roundAt('2026-11-10 12:00:00')
    const folder = join(world.folder, 'var', 'site')
    const paths = (await readdir(folder, { recursive: true })).filter((one) => /html$/.test(one))
    return new Map(await Promise.all(paths.map(async (one) => [one, await page(one)] as const)))
  }

  it('stay text on every page', async () => {
    const plain = await siteWith(texts.map((_, index) => `plain ${index}`))
    const tagsOf = (html: string) => html.match(/<[a-z!/][^>]*>/gi) ?? []
    const nameOf = (tag: string) => /^<[/!]?[a-z]+/i.exec(tag)?.[0] ?? tag
    const known = new Set([...plain.values()].flatMap(tagsOf).map(nameOf))
    const scripts = (html: string) => tagsOf(html).filter((tag) => /^<script/i.test(tag)).length

    await world.remove()
    world = await newWorld()
    const hostile = await siteWith(texts)
    expect([...hostile.keys()].sort()).toEqual([...plain.keys()].sort())
    for (const [path, html] of hostile) {
      const tags = tagsOf(html)
      expect([path, tags.filter((tag) => !known.has(nameOf(tag)))]).toEqual([path, []])
      expect([path, tags.filter((tag) => /\son[a-z]+\s*=/i.test(tag))]).toEqual([path, []])
      expect([
        path,
        tags.filter((tag) => /(href|src)="?\s*(javascript:|data:[a-z])/i.test(tag)),
      ]).toEqual([path, []])
      expect([path, scripts(html)]).toEqual([path, scripts(plain.get(path)!)])
      for (const text of texts.filter((one) => /[<"']/.test(one))) {
        expect(html.includes(text) && [path, text]).toBe(false)
      }
    }
    // They are there: as text.
    expect(hostile.get('a/2026-11-10/index.html')).toContain('&lt;img src=x onerror=alert(1)&gt;')
  })
})
