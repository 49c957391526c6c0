import { readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { readSettings } from '../../lib/config.ts'
import { type Portal, portalServer } from '../fixtures/portal-server.ts'
import { httpSite, newWorld, type World } from '../fixtures/rounds-world.ts'
import { closedPort, oddServer } from '../fixtures/sites-with-faults.ts'

let world: World
let portal: Portal
const NOW = '2026-11-10T12:00:30+08:00'
const ALLOW = ['--allow', '127.0.0.0/8']

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['Date'] })
  vi.setSystemTime(NOW)
  world = await newWorld()
  portal = await portalServer(world.portals)
})

afterEach(async () => {
  vi.useRealTimers()
  await portal.close()
  await world.remove()
})

const mem = (time: string) =>
  `应用服务器-北京一局-1|10.0.0.1|BJ-01|mem|8123456|4123456|1234567|16384000|2026-11-10 ${time}\n`

/** A day of a site in China that writes KiB, its own spelling of its id, and CR LF in one file. */
async function newSite(minutes = 720): Promise<void> {
  const times = Array.from({ length: minutes }, (_, minute) => {
    const [hour, rest] = [Math.floor(minute / 60), minute % 60]
    return `${String(hour).padStart(2, '0')}:${String(rest).padStart(2, '0')}:00`
  })
  await world.write('bj/sys_monitor/system_info_20261110.txt', times.map(mem).join(''))
  const alarms = [
    'BJ-01|SIP-17|网关|中继链路中断|2026-11-10 11:00:00||2026-11-10 11:00:00',
    'broken|line',
    '',
  ]
  await world.write('bj/sys_alarm/system_alarm_20261110.txt', `${alarms.join('\r\n')}`)
  const counts = 'BJ-01|12|3|88213|9123|8123|12|34|2026-11-09 00:10:00'
  await world.write('bj/sys_service/system_service_20261109.txt', counts)
}

interface Printed {
  ok: boolean
  site: string | null
  steps: { step: string; ok: boolean; detail: string; hint?: string }[]
  feeds: {
    feed: string
    status: string
    ok: boolean
    hint?: string
    error?: string
    day?: string
    absent: string[]
    bytes?: number
    sizeBytes?: number
    first?: { kind: string; reading?: Record<string, string>; reject?: { reason: string } }[]
    counts?: object
    newestText?: string
  }[]
  guesses: { sentences: string[]; siteIds: string[] }
  yaml: string
}

/** What the configuration makes of the YAML that a probe prints. */
async function pasted(yaml: string) {
  const file = join(world.folder, 'pasted.yaml')
  await writeFile(file, `state: ./var\nsites:\n${yaml}`)
  const read = readSettings(file, {})
  if ('problems' in read) throw new Error(JSON.stringify(read.problems))
  return read.settings.sites
}

describe('probe of a new site', () => {
  it('tells every step, what the lines hold, and YAML that the configuration takes', async () => {
    await newSite()
    const url = `${portal.url}bj`
    const { exitCode, stdout, stderr } = await world.cli('probe', url, ...ALLOW)
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
    expect(stdout).toMatch(/^ok +connection +127\.0\.0\.1 port \d+ answers, without TLS$/m)
    expect(stdout).toMatch(/^ok +alarm +found 2026-11-10, \d+ B, UTF-8, line ends CRLF$/m)
    expect(stdout).toMatch(/1 {2}name=SIP-17 node=网关 description=中继链路中断/)
    expect(stdout).toMatch(/2 {2}rejected, wrong number of fields: broken\|line/)
    expect(stdout).toMatch(/surely KiB \(the largest memory is 16,384,000, which is 15\.6 GiB/)
    expect(stdout).toMatch(/Time zone: UTC\+8 if .*by name, such as Asia\/Shanghai/s)
    for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(80)
    const yaml = stdout.slice(stdout.indexOf('  - id:'))
    expect(await pasted(yaml)).toMatchObject([
      {
        id: 'BJ-01',
        timeZone: 'Asia/Shanghai',
        source: { kind: 'http', url, allowAddresses: ['127.0.0.0/8'] },
        siteIds: ['BJ-01'],
        units: 'KiB',
        serviceCountsOf: 'dayBefore',
      },
    ])
  })

  it('reads 64 KiB of a long file, and its end for the newest record', async () => {
    await newSite()
    const { feeds } = await world.json<Printed>('probe', `${portal.url}bj`, ...ALLOW)
    const sizeBytes = 720 * Buffer.byteLength(mem('00:00:00'))
    expect(feeds[0]).toMatchObject({
      feed: 'system',
      status: 'found',
      ok: true,
      bytes: 65_536,
      sizeBytes,
      newestText: '2026-11-10 11:59:00',
    })
    expect(feeds[0]?.first?.[0]?.reading).toMatchObject({ type: 'mem', total: '16384000' })
    expect(feeds[0]?.first).toHaveLength(3)
  })

  it('goes back day by day to a file, seven at most; --day looks at one day only', async () => {
    await newSite()
    const { feeds } = await world.json<Printed>('probe', `${portal.url}bj`, ...ALLOW)
    expect(feeds[2]).toMatchObject({ day: '2026-11-09', absent: ['2026-11-10'] })
    const only = await world.cli('probe', `${portal.url}bj`, ...ALLOW, '--day', '2026-11-10')
    expect(only.exitCode).toBe(1)
    expect(only.stdout).toMatch(/^FAILED +service +absent on 2026-11-10$/m)
    vi.setSystemTime('2026-11-18T12:00:00+08:00')
    const later = await world.json<Printed>('probe', `${portal.url}bj`, ...ALLOW)
    expect(later.feeds.map(({ status }) => status)).toEqual(['absent', 'absent', 'absent'])
    expect(later.feeds[0]?.absent.at(-1)).toBe('2026-11-11')
    expect(later.feeds[0]?.hint).toContain('feeds.system: false')
  })

  it('stops at an inside address that was not allowed, and says how to allow it', async () => {
    const { exitCode, stdout } = await world.cli('probe', `${portal.url}bj`)
    expect(exitCode).toBe(1)
    expect(stdout).toMatch(/^FAILED +address +127\.0\.0\.1 leads to 127\.0\.0\.1, a loopback/m)
    expect(stdout).toContain('--allow 127.0.0.0/8')
    expect(stdout).toContain('The feeds were not tried.')
    expect(portal.requests).toEqual([])
  })

  it('tells a closed port, an unknown name, a web page and missing credentials', async () => {
    const closed = await world.json<Printed>('probe', await closedPort(), ...ALLOW)
    expect(closed).toMatchObject({ ok: false, feeds: [] })
    expect(closed.steps.at(-1)).toMatchObject({ step: 'connection', ok: false })
    expect(closed.steps.at(-1)?.hint).toMatch(/may reach/)
    const nowhere = await world.json<Printed>('probe', 'http://nowhere.invalid/x')
    expect(nowhere.steps).toMatchObject([{ step: 'name', ok: false }])

    const page = await oddServer('page')
    const behind = await world.json<Printed>('probe', page.url, ...ALLOW)
    await page.close()
    expect(behind.feeds[0]).toMatchObject({
      status: 'error',
      error: expect.stringMatching(/web page/),
    })

    const locked = await portalServer(world.portals, { authorization: 'Basic x' })
    const asked = await world.json<Printed>('probe', `${locked.url}bj`, ...ALLOW)
    await locked.close()
    expect(asked.feeds[0]).toMatchObject({
      status: 'error',
      hint: expect.stringMatching(/credentials.*source\.auth/),
    })
    expect(asked.yaml).toContain('# auth: { kind: basic')
    expect(await pasted(asked.yaml)).toHaveLength(1)
  })

  it('reads a folder, and tells one that is not there', async () => {
    await newSite(3)
    const { ok, yaml } = await world.json<Printed>('probe', 'portals/bj')
    expect(ok).toBe(true)
    const source = { kind: 'directory', path: join(world.portals, 'bj') }
    expect(await pasted(yaml)).toMatchObject([{ id: 'BJ-01', source }])
    const none = await world.json<Printed>('probe', './nowhere')
    expect(none.steps).toMatchObject([{ step: 'folder', ok: false, detail: /does not exist/ }])
  })
})

describe('probe of a configured site', () => {
  const configure = (more: object) =>
    world.configure({ sites: [httpSite('bj', portal.url, { name: '北京一局', ...more })] })

  it('uses its settings, and tells where the lines say otherwise', async () => {
    await newSite()
    await configure({ timeZone: 'America/New_York' })
    const { exitCode, stdout } = await world.cli('probe', 'bj')
    expect(exitCode).toBe(1)
    const text = stdout.replace(/\s+/g, ' ')
    expect(text).toMatch(/FAILED system .* 0 readings, 636 rejects \(belongs to another site/)
    expect(text).toContain('set source.siteIds: ["bj","BJ-01"]')
    expect(text).toContain('the configuration says bytes; set units: KiB')
    expect(text).toMatch(/would be 12 h 58 min in the future.* UTC\+8 would fit/)
    expect(text).toContain('the configuration says fileDay')
    const source = { kind: 'http', url: `${portal.url}bj`, siteIds: ['BJ-01'] }
    await configure({
      source: { ...source, allowAddresses: ['127.0.0.0/8'], timeoutMs: 5_000 },
      units: 'KiB',
      language: 'en',
      recipients: ['ops@example.com'],
      feeds: { service: { countsOf: 'dayBefore' } },
    })
    const sound = await world.cli('probe', 'bj')
    expect(sound.exitCode).toBe(0)
    expect(sound.stdout).toContain('surely KiB, as configured')
    expect(sound.stdout.replace(/\s+/g, ' ')).toContain('is 1 min old, which fits')
    const [again] = await pasted(sound.stdout.slice(sound.stdout.indexOf('  - id:')))
    expect(again).toEqual(world.settings().sites[0])
  })

  it('logs in with its credentials and shows none of them; writes nothing', async () => {
    await newSite(3)
    const secret = 'pass-canary'
    const authorization = `Basic ${Buffer.from(`user-canary:${secret}`).toString('base64')}`
    const locked = await portalServer(world.portals, { authorization })
    await writeFile(join(world.folder, 'secret'), secret)
    const auth = { kind: 'basic', user: 'user-canary', password: { file: './secret' } }
    const { source } = httpSite('bj', locked.url)
    const before = await readdir(world.folder)
    const ids = { siteIds: ['BJ-01'] }
    const sites = [httpSite('bj', locked.url, { source: { ...source, ...ids, auth } })]
    await world.configure({ sites })
    for (const more of [[], ['--json']]) {
      const { exitCode, stdout, stderr } = await world.cli('probe', 'bj', ...more)
      expect(exitCode).toBe(0)
      expect(stdout + stderr).not.toMatch(/canary|dXNlci1jYW5hcnk/)
    }
    await locked.close()
    expect(await readdir(world.folder)).toEqual([...before, 'siterounds.yaml'].sort())
  })
})

describe('wrong use of probe', () => {
  it('ends with 2 and one sentence that holds no password', async () => {
    await world.configure({ sites: [httpSite('bj', portal.url)] })
    const wrong: [string[], RegExp][] = [
      [['nosuch'], /There is no site “nosuch”.*bj.*URL/],
      [['ftp://x/'], /not a web address/],
      [['http://u:pass-canary@x/'], /holds a user or a password.*source\.auth/],
      [[portal.url, '--allow', 'inside'], /--allow.*not an address range/],
      [[portal.url, '--day', 'today'], /“today” is no day/],
      [[portal.url, '--time-zone', 'Beijing'], /“Beijing” is no time zone/],
    ]
    for (const [words, told] of wrong) {
      const { exitCode, stdout, stderr } = await world.cli('probe', ...words)
      expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' })
      expect(stderr).toMatch(told)
      expect(stderr).not.toContain('canary')
    }
  })
})
