import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { readSettings } from '../lib/config.ts'
import { formatProblem } from '../lib/config-problems.ts'

const FIXTURES = join(import.meta.dirname, 'fixtures', 'config')
const SOUND = join(import.meta.dirname, 'fixtures', 'config-sound')

/** What the broken fixtures may refer to. */
const ENV = { SET: 'canary', EMPTY: '', TWO_LINES: 'canary\r\nX: y' }

const folder = mkdtempSync(join(tmpdir(), 'rounds-config-'))
afterAll(() => rmSync(folder, { recursive: true }))

function problemsOf(file: string, env = {}): string[] {
  const read = readSettings(file, env)
  if ('settings' in read) return []
  const short = (path: string) => path.split(/[\\/]/).at(-1)!
  return read.problems.map((problem) => formatProblem({ ...problem, file: short(problem.file) }))
}

function problemsOfText(text: string): string[] {
  const file = join(folder, 'siterounds.yaml')
  writeFileSync(file, text)
  return problemsOf(file)
}

const names = readdirSync(FIXTURES).filter((name) => name.endsWith('.yaml'))
const expected = readFileSync(join(FIXTURES, 'problems.txt'), 'utf8').trimEnd().split('\n')

test.each(names)('%s', (name) => {
  const wanted = expected.filter((line) => line.startsWith(`${name}:`))
  expect(wanted.length).toBeGreaterThan(0)
  expect(problemsOf(join(FIXTURES, name), ENV)).toEqual(wanted)
})

test('every line of problems.txt belongs to a fixture', () => {
  for (const line of expected) expect(names).toContain(line.split(':')[0])
})

test('the file of the issue is complete: everything else has its default', () => {
  const read = readSettings(join(SOUND, 'issue.yaml'), {})
  const feeds = {
    system: { path: 'sys_monitor/system_info_{day}.txt' },
    alarm: { path: 'sys_alarm/system_alarm_{day}.txt' },
    service: { path: 'sys_service/system_service_{day}.txt' },
  }
  const shared = {
    timeZone: 'Asia/Shanghai',
    language: 'zh-CN',
    feeds,
    serviceCountsOf: 'fileDay',
    units: 'bytes',
    onRewrite: 'merge',
    recipients: ['ops@example.com'],
  }
  const maxFileBytes = 1024 ** 3
  const url = 'http://127.0.0.1:8081/bj01'
  const allowAddresses = ['127.0.0.0/8']
  const http = { kind: 'http', url, allowAddresses, timeoutMs: 15_000, maxFileBytes }
  const directory = { kind: 'directory', path: join(SOUND, 'portals', 'gz02'), maxFileBytes }
  expect(read).toStrictEqual({
    settings: {
      state: join(SOUND, 'var'),
      sites: [
        { id: 'bj01', name: '北京一局', source: http, siteIds: ['bj01'], ...shared },
        { id: 'gz02', name: '广州二局', source: directory, siteIds: ['gz02'], ...shared },
      ],
      thresholds: {
        cpuPercent: 85,
        memoryPercent: 90,
        diskPercent: 85,
        standsForMinutes: 15,
        expireAfterDays: 2,
        gapMinutes: 60,
      },
      mail: { kind: 'outbox', from: 'siterounds@localhost' },
      report: { title: 'Siterounds', languages: ['zh-CN', 'en'], todayEveryMinutes: 10 },
      retention: { keepDays: 35, settleAfterDays: 2 },
      schedule: { everyMinutes: 5, sitesAtOnce: 8 },
      serve: { port: 8080 },
    },
  })
})

test('every key is read, secrets are resolved, and paths start at the file', () => {
  const env = {
    USER_NAME: 'canary-user',
    TOKEN: 'Bearer canary-token',
    SMTP_PASSWORD: 'canary-smtp',
  }
  const read = readSettings(join(SOUND, 'everything.yaml'), env)
  if (!('settings' in read)) throw new Error(read.problems.map(formatProblem).join('\n'))
  const { settings } = read
  const [first, second, third] = settings.sites
  expect(settings.state).toBe(resolve('/srv/rounds'))
  expect(settings.alarmDictionary).toBe(join(SOUND, 'words', 'alarms.csv'))
  expect(first).toStrictEqual({
    id: 'bj01',
    name: 'Beijing «1» | 北京 😀 <b>',
    timeZone: 'Asia/Shanghai',
    language: 'zh-CN',
    source: {
      kind: 'http',
      url: 'https://portal.example:8443/bj01/',
      auth: { kind: 'basic', user: 'canary-user', password: 'canary-file' },
      allowAddresses: ['10.0.0.0/8', 'fd00::/8', '192.168.1.7/32'],
      timeoutMs: 2500,
      maxFileBytes: 1000,
    },
    siteIds: ['bj01', '北京'],
    feeds: {
      system: { path: 'logs/{day}/system.txt' },
      service: { path: 'sys_service/system_service_{day}.txt' },
    },
    serviceCountsOf: 'dayBefore',
    units: 'KiB',
    onRewrite: 'replace',
    recipients: ['ops@example.com', '运维@例子.公司'],
  })
  expect(second).toMatchObject({
    name: 'GZ.02_x-1',
    language: 'en',
    source: { auth: { kind: 'header', name: 'Authorization', value: 'Bearer canary-token' } },
    recipients: ['ops@example.com', '运维@例子.公司'],
  })
  expect(third).toMatchObject({ siteIds: ['hk'], recipients: [], source: { maxFileBytes: 5 } })
  expect(settings.thresholds).toMatchObject({ standsForMinutes: 0, expireAfterDays: 0.5 })
  expect(settings.mail).toStrictEqual({
    kind: 'smtp',
    from: 'rounds@example.com',
    host: 'smtp.example.com',
    port: 465,
    secure: true,
    requireTls: true,
    auth: { user: 'rounds', password: 'canary-smtp' },
  })
  expect(settings.report.publicUrl).toBe('https://rounds.example/report/')
})

test('mail without a login takes port 587 and a server without TLS', () => {
  const file = join(folder, 'mail.yaml')
  const base = readFileSync(join(SOUND, 'issue.yaml'), 'utf8')
  writeFileSync(file, `${base}mail: { kind: smtp, host: 127.0.0.1 }\n`)
  expect(readSettings(file, {})).toMatchObject({
    settings: { mail: { port: 587, secure: false, requireTls: false } },
  })
})

test('all problems are told at once, in the order of the file', () => {
  const problems = problemsOfText(
    [
      'state: ./var',
      'sites:',
      '  - id: bj01',
      '    timezone: Asia/Shanghai',
      '    source: { kind: http, url: portal, auth: { kind: basic, user: a, password: b } }',
      '  - id: BJ01',
      '    timeZone: Asia/Beijing',
      '    source: { kind: directory, path: ./a }',
      'state: ./other',
      'serve: { prot: 1 }',
    ].join('\n'),
  )
  const places = problems.map((line) => line.split(':').slice(1, 3).join(':'))
  expect(places).toEqual(['3:5', '4:5', '5:32', '5:80', '6:9', '7:15', '9:1', '10:10'])
})

test('Windows line ends and a byte order mark change no place', () => {
  expect(problemsOfText('\uFEFFstate: ./var\r\nsites: []\r\ncolour: 1\r\n')).toEqual([
    expect.stringMatching(/^siterounds\.yaml:2:8: `sites` is empty/),
    expect.stringMatching(/^siterounds\.yaml:3:1: `colour` is not a key here/),
  ])
})

test('keys that reach into prototypes change nothing', () => {
  problemsOfText('__proto__: { polluted: yes }\nconstructor: { prototype: { polluted: yes } }\n')
  expect(({} as { polluted?: unknown }).polluted).toBeUndefined()
})

test('aliases that unfold to gigabytes are refused', () => {
  const recipients = Array.from({ length: 20_000 }, (_, n) => `u${n}@example.com`).join(', ')
  const uses = Array.from({ length: 400 }, (_, n) => `  - { id: s${n}, recipients: *all }`)
  const text = ['state: ./var', `x: &all [${recipients}]`, 'sites:', ...uses].join('\n')
  expect(problemsOfText(text)[0]).toContain('the aliases unfold to more than 64 MiB')
})

test('a file that is missing or cannot be read is a problem that says what to run', () => {
  const missing = problemsOf(join(folder, 'nowhere.yaml'))
  expect(missing).toEqual([
    'nowhere.yaml:1:1: there is no such file — ' +
      'run `siterounds init` to write one, or name another with --config',
  ])
  mkdirSync(join(folder, 'folder.yaml'))
  expect(problemsOf(join(folder, 'folder.yaml'))[0]).toContain('cannot be read (EISDIR)')
})
