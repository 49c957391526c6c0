import { readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { type Portal, portalServer } from '../fixtures/portal-server.ts'
import { unpackRealWeek } from '../fixtures/real-week.ts'
import { httpSite, newWorld, type World } from '../fixtures/rounds-world.ts'
import { closedPort, type OddServer, oddServer } from '../fixtures/sites-with-faults.ts'

/** Sites that fail, each in its way, beside one that does not; and wrong use. */

const DAY = '2026-11-10'

interface Printed {
  files: { site: string; lines: number }[]
  failures: { site: string; feed: string; day: string; error: string; hint: string }[]
}

let world: World
let portal: Portal
let page: OddServer
let notFound: OddServer
let never: OddServer

beforeAll(async () => {
  world = await newWorld()
  await unpackRealWeek(world.portals, (path) => path.startsWith('bj01/'))
  portal = await portalServer(world.portals)
  page = await oddServer('page')
  notFound = await oddServer('not-found')
  never = await oddServer('never')
  const slow = httpSite('slow', never.url)
  const refused = httpSite('refused', portal.url)
  await world.configure({
    sites: [
      httpSite('down', await closedPort()),
      { ...slow, source: { ...slow.source, timeoutMs: 300 } },
      httpSite('login-page', page.url),
      httpSite('not-found', notFound.url),
      { ...refused, source: { ...refused.source, allowAddresses: [] } },
      { id: 'no-folder', timeZone: 'UTC', source: { kind: 'directory', path: './nowhere' } },
      httpSite('bj01', portal.url),
    ],
  })
})

afterAll(async () => {
  for (const one of [portal, page, notFound, never]) await one?.close()
  await world?.remove()
})

/** Parts of the error and of the hint that each site must give. */
const TOLD: Record<string, [error: RegExp, hint: RegExp]> = {
  down: [/no answer \(ECONNREFUSED\)/, /site is up/],
  slow: [/took too long/, /timeoutMs/],
  'login-page': [/web page instead of the day file/, /browser/],
  'not-found': [/none of the day files/, /source\.url/],
  refused: [/127\.0\.0\.1/, /allowAddresses/],
  'no-folder': [/folder .* does not exist/, /source\.path/],
}

describe('sites that fail', () => {
  for (const [id, [error, hint]] of Object.entries(TOLD)) {
    it(`${id}: a clear failure with a hint, exit code 1, all others done`, async () => {
      const terminal = await world.cli('collect', '--json', '--day', DAY, '--site', id)
      expect(terminal.exitCode).toBe(1)
      const { files, failures } = JSON.parse(terminal.stdout) as Printed
      expect(files).toEqual([])
      expect(failures.map(({ feed }) => feed).sort()).toEqual(['alarm', 'service', 'system'])
      for (const failure of failures) {
        expect(failure).toMatchObject({ site: id, day: DAY })
        expect(failure.error).toMatch(error)
        expect(failure.hint).toMatch(hint)
      }
    })
  }

  it('keep no other site: every failing one is told, the sound one is read', async () => {
    const terminal = await world.cli('collect', '--json', '--day', DAY)
    expect(terminal.exitCode).toBe(1)
    const { files, failures } = JSON.parse(terminal.stdout) as Printed
    expect(files.map(({ site }) => site)).toEqual(['bj01', 'bj01', 'bj01'])
    expect([...new Set(failures.map(({ site }) => site))].sort()).toEqual(Object.keys(TOLD).sort())
    const again = await world.cli('collect', '--json', '--day', DAY, '--site', 'bj01')
    expect(again.exitCode).toBe(0)
  })

  it('are told in sentences to people, on standard error', async () => {
    const terminal = await world.cli('collect', '--day', DAY, '--site', 'login-page')
    expect(terminal.exitCode).toBe(1)
    expect(terminal.stderr.trimEnd().split('\n')).toHaveLength(1)
    expect(terminal.stderr).toMatch(/^login-page: The site answered with a web page.*\. Open the /)
    expect(terminal.stderr).toMatch(/\(system, alarm, service; 2026-11-10\)\n$/)
  })

  it('are told once for all their files, also when each file has words of its own', async () => {
    const terminal = await world.cli('collect', '--day', DAY, '--site', 'down')
    expect(terminal.stderr.trimEnd().split('\n')).toHaveLength(1)
    expect(terminal.stderr).toMatch(/^down: .*\(system, alarm, service; 2026-11-10\)\n$/)
  })

  it('stand on the page of all sites, and have a page that says what is missing', async () => {
    await world.json('report', '--day', DAY)
    for (const id of Object.keys(TOLD)) {
      const page = readFileSync(join(world.folder, 'var', 'site', id, DAY, 'index.html'), 'utf8')
      expect(page).toContain('class="shape bad"')
      const all = readFileSync(join(world.folder, 'var', 'site', 'index.html'), 'utf8')
      expect(all).toContain(`${id}/${DAY}/index.html`)
    }
  })

  it('that cannot be read are missing in the status', async () => {
    const rows = await world.json<{ site: string; coverage: string }[]>('status', '--day', DAY)
    for (const id of Object.keys(TOLD)) {
      const own = rows.filter(({ site }) => site === id).map(({ coverage }) => coverage)
      expect([id, ...own]).toEqual([id, 'missing', 'missing', 'missing'])
    }
  })
})

describe('a site that answers 404', () => {
  it('is no failure while it has other day files: this one is not written yet', async () => {
    const own = await newWorld()
    onTestFinished(own.remove)
    await own.write(
      'a/sys_alarm/system_alarm_20261110.txt',
      'a|X|n|d|2026-11-10 08:00:00||2026-11-10 08:00:00\n',
    )
    const server = await portalServer(own.portals)
    onTestFinished(server.close)
    await own.configure({ sites: [httpSite('a', server.url)] })
    expect((await own.cli('collect', '--day', '2026-11-10')).exitCode).toBe(0)
    expect((await own.cli('collect', '--day', '2026-11-11')).exitCode).toBe(0)
    // But a file that it had is gone, and there is nothing else: the portal has moved.
    await own.configure({ sites: [httpSite('a', `${server.url}moved/`)] })
    const moved = await own.cli('collect', '--from', '2026-11-09', '--to', '2026-11-10', '--json')
    expect(moved.exitCode).toBe(1)
    const { failures } = JSON.parse(moved.stdout) as Printed
    expect(failures).toHaveLength(3)
    expect(failures[0]).toMatchObject({
      day: '2026-11-10',
      error: expect.stringMatching(/none of/),
    })
  })
})

describe('wrong use ends with exit code 2 and one sentence', () => {
  const WRONG: [words: string[], sentence: RegExp][] = [
    [['collect', '--site', 'nobody'], /^There is no site “nobody”\. The configuration has down, /],
    [['status', '--site', 'nobody'], /^There is no site “nobody”\./],
    [['alarms', '--site', 'nobody'], /^There is no site “nobody”\./],
    [['notify', '--site', 'nobody'], /^There is no site “nobody”\./],
    [['report', '--site', 'nobody'], /^There is no site “nobody”\./],
    [['collect', '--day', '2026-02-30'], /^“2026-02-30” is no day\. Write days as/],
    [['collect', '--day', '20261110'], /^“20261110” is no day\./],
    [['status', '--from', '2026-11-10'], /^Give both --from and --to\.$/],
    [['status', '--from', '2026-11-10', '--to', '2026-11-09'], /^--from 2026-11-10 lies after/],
    [['report', '--day', DAY, '--to', DAY], /^Give either --day, or --from and --to\.$/],
    [['collect', '--feed', 'weather'], /^“weather” is no feed\. Feeds are system, alarm, service/],
    [['backfill'], /^Say which days/],
    [['alarms', '--at', 'yesterday'], /^“yesterday” is no instant\. Write it with its offset/],
    [['alarms', '--at', '2026-11-10T08:00:00'], /is no instant/],
    [['collect', '--config', 'broken.yaml'], /^broken\.yaml:\d+:\d+: .+ — /],
    [['status', '--config', 'nowhere.yaml'], /^nowhere\.yaml:1:1: there is no such file/],
  ]
  beforeAll(() =>
    writeFile(join(world.folder, 'broken.yaml'), 'state: ./var\nsites: [{ id: "a }\n'),
  )

  for (const [words, sentence] of WRONG) {
    it(words.join(' '), async () => {
      for (const all of [words, [...words, '--json']]) {
        const { exitCode, stdout, stderr } = await world.cli(...all)
        expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' })
        expect(stderr.trimEnd()).toMatch(sentence)
        expect(stderr.trimEnd()).not.toMatch(/\n/)
      }
    })
  }

  it('a command or an option that does not exist', async () => {
    for (const words of [['colect'], ['collect', '--dai', DAY], ['collect', 'x'], []]) {
      const { exitCode, stdout, stderr } = await world.cli(...words)
      expect({ words, exitCode, stdout }).toEqual({ words, exitCode: 2, stdout: '' })
      expect(stderr).not.toBe('')
    }
  })
})
