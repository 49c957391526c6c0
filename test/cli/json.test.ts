import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { folderSite, newWorld, type World } from '../fixtures/rounds-world.ts'

/** What scripts can rely on: the JSON of every command, its defaults, and its exit codes. */

let world: World

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['Date'] })
  clockAt('2026-11-10T12:00:00+08:00')
  world = await newWorld()
  await world.write('alarms.csv', 'alarm_name,severity,text_zh\nX-1,major,链路中断\n')
  const sites = [folderSite('a', { recipients: ['ops@example.com', 'boss@example.com'] })]
  await world.configure({ sites, alarmDictionary: './portals/alarms.csv' })
})

afterEach(async () => {
  vi.useRealTimers()
  await world.remove()
})

function clockAt(text: string): void {
  vi.setSystemTime(text)
}

const SYSTEM = (day: string) => `a/sys_monitor/system_info_${day}.txt`
const ALARM = (day: string) => `a/sys_alarm/system_alarm_${day}.txt`
const cpu = (time: string) => `s1|10.0.0.1|a|cpu|10|5|1|84|2026-11-10 ${time}:00\n`
const alarm = (name: string, raised: string, recovered = '', recorded = recovered || raised) =>
  `a|${name}|n1|text|2026-11-${raised}|${recovered && `2026-11-${recovered}`}|2026-11-${recorded}\n`

describe('collect --json', () => {
  it('tells every file, with bytes, lines, and what became of them', async () => {
    const lines = [
      cpu('10:00'),
      's1|10.0.0.1|a|gpu|1|2026-11-10 10:00:00\n',
      '\n',
      'what|is|this\n',
    ]
    const text = lines.join('')
    await world.write(SYSTEM('20261110'), `${text}s1|unfini`)
    const terminal = await world.cli('collect', '--json')
    expect(terminal).toMatchObject({ exitCode: 0, stderr: '' })
    const file = { site: 'a', feed: 'system', day: '2026-11-10' }
    const counts = { lines: 4, readings: 1, rejects: 1, unknown: 1, blank: 1 }
    expect(JSON.parse(terminal.stdout)).toEqual({
      files: [{ ...file, generation: 0, start: 0, end: text.length, ...counts }],
      totals: { ...counts, bytes: text.length },
      failures: [],
    })
    // A second piece: only what is new, from where the first ended.
    await world.write(SYSTEM('20261110'), text + cpu('10:05'))
    const { files } = await world.json<{ files: object[] }>('collect')
    const one = { lines: 1, readings: 1, rejects: 0, unknown: 0, blank: 0 }
    const [start, end] = [text.length, text.length + cpu('10:05').length]
    expect(files).toEqual([{ ...file, generation: 0, start, end, ...one }])
  })

  it('tells failures with what to do', async () => {
    await world.write(SYSTEM('20261110'), '<!DOCTYPE html><html><p>Sign in</p></html>\n')
    const terminal = await world.cli('collect', '--json', '--feed', 'system', '--day', '2026-11-10')
    expect(terminal.exitCode).toBe(1)
    expect(JSON.parse(terminal.stdout)).toEqual({
      files: [],
      totals: { lines: 0, readings: 0, rejects: 0, unknown: 0, blank: 0, bytes: 0 },
      failures: [
        {
          site: 'a',
          feed: 'system',
          day: '2026-11-10',
          error: expect.stringContaining('web page'),
          hint: expect.stringContaining('browser'),
          code: 'not-a-data-file',
        },
      ],
    })
  })

  it('mails nothing', async () => {
    await world.write(ALARM('20261110'), alarm('X-1', '10 08:00:00'))
    await world.json('collect')
    expect(await readdir(join(world.folder, 'var'))).not.toContain('outbox')
  })

  it('takes today and every unsettled day, and catches up on what was missed', async () => {
    const days = async () => {
      const { files } = await world.json<{ files: { day: string }[] }>('collect')
      return files.map(({ day }) => Number(day.slice(-2)))
    }
    const grow = async (minute: string) => {
      for (const day of ['07', '08', '09', '10', '11', '12', '13', '14', '15']) {
        texts[day] = `${texts[day] ?? ''}${alarm('X-1', `${day} 08:${minute}:00`)}`
        await world.write(ALARM(`202611${day}`), texts[day])
      }
    }
    const texts: Record<string, string> = {}
    await grow('00')
    expect(await days()).toEqual([8, 9, 10])
    await grow('01')
    clockAt('2026-11-15T12:00:00+08:00')
    expect(await days()).toEqual([8, 9, 10, 11, 12, 13, 14, 15])
    await grow('02')
    expect(await days()).toEqual([13, 14, 15])
  })
})

describe('status --json', () => {
  it('shows two days by default, every feed, older generations merged in', async () => {
    const [one, two, three] = ['10:00', '10:05', '10:10'].map(cpu) as [string, string, string]
    await world.write(SYSTEM('20261109'), one + two)
    await world.json('collect')
    await world.write(SYSTEM('20261109'), three + one)
    const { files } = await world.json<{ files: object[] }>('collect')
    expect(files).toMatchObject([{ generation: 1, start: 0, end: three.length * 2, lines: 1 }])
    const rows = await world.json<{ day: string; feed: string }[]>('status')
    const feeds = ['system', 'alarm', 'service']
    expect(rows.map(({ day, feed }) => [day, feed])).toEqual(
      ['2026-11-09', '2026-11-10'].flatMap((day) => feeds.map((feed) => [day, feed])),
    )
    expect(rows[0]).toEqual({
      site: 'a',
      day: '2026-11-09',
      feed: 'system',
      // Three samples leave holes, which is worse than having been replaced.
      coverage: 'partial',
      generation: 1,
      bytes: three.length * 2,
      lines: 3,
      readings: 3,
      rejects: 0,
      unknown: 0,
      blank: 0,
      settled: null,
      proof: null,
    })
    expect(rows[1]).toEqual({
      site: 'a',
      day: '2026-11-09',
      feed: 'alarm',
      coverage: 'missing',
      generation: 0,
      bytes: 0,
      lines: 0,
      readings: 0,
      rejects: 0,
      unknown: 0,
      blank: 0,
      settled: null,
      proof: null,
    })
  })
})

describe('alarms, notify and report --json', () => {
  beforeEach(async () => {
    const lines = [
      alarm('X-1', '10 08:00:00'),
      alarm('X-1', '10 08:00:00', '', '10 09:00:00'),
      alarm('unknown', '10 07:00:00'),
      alarm('over', '10 07:30:00'),
      alarm('over', '10 07:30:00', '10 07:40:00'),
      alarm('young', '10 11:50:00'),
    ]
    await world.write(ALARM('20261110'), lines.join(''))
    await world.json('collect')
  })

  it('alarms: what stands, worst first, with times of the site', async () => {
    const node = { site: 'a', node: 'n1', description: 'text', origin: 'site' }
    const [eleven, seven] = ['2026-11-10T11:50:00+08:00', '2026-11-10T07:00:00+08:00']
    const x = { ...node, name: 'X-1', severity: 'major', raisedAt: '2026-11-10T08:00:00+08:00' }
    const unknown = { ...node, name: 'unknown', severity: 'unknown' }
    const young = { ...node, name: 'young', severity: 'unknown' }
    expect(await world.json('alarms')).toEqual([
      { ...x, changedAt: '2026-11-10T09:00:00+08:00' },
      { ...unknown, raisedAt: seven, changedAt: seven },
      { ...young, raisedAt: eleven, changedAt: eleven },
    ])
    const at = (time: string) => world.json('alarms', '--at', `2026-11-10T${time}+08:00`)
    expect(await at('06:59:59')).toEqual([])
    expect(await at('07:35:00')).toMatchObject([{ name: 'unknown' }, { name: 'over' }])
    expect(await at('08:00:00')).toEqual([
      { ...x, changedAt: '2026-11-10T08:00:00+08:00' },
      { ...unknown, raisedAt: seven, changedAt: seven },
    ])
  })

  it('notify: who was mailed, about what, and how many wait', async () => {
    const [ops, boss] = ['ops@example.com', 'boss@example.com']
    expect(await world.json('notify')).toEqual({
      sent: [ops, boss].map((to) => ({ to, group: 'a', reason: 'first', alarms: 2 })),
      waiting: 1,
    })
    expect(await world.json('notify')).toEqual({ sent: [], waiting: 1 })
    clockAt('2026-11-10T12:06:00+08:00')
    expect(await world.json('notify', '--site', 'a')).toEqual({
      sent: [ops, boss].map((to) => ({ to, group: 'a', reason: 'new-alarms', alarms: 1 })),
      waiting: 0,
    })
    expect(await readdir(join(world.folder, 'var', 'outbox'))).toHaveLength(4)
  })

  it('report: what was published, and how many pages stayed', async () => {
    const published = [
      ...['a/2026-11-10/index.html', 'en/a/2026-11-10/index.html'],
      ...['a/index.html', 'en/a/index.html', 'index.html', 'en/index.html', '404.html'],
    ]
    expect(await world.json('report')).toEqual({ published, unchanged: 0 })
    expect(await world.json('report')).toEqual({ published: [], unchanged: published.length })
    const forced = await world.json<{ published: string[] }>('report', '--force')
    expect(forced).toEqual({ published, unchanged: 0 })
  })
})

describe('--help', () => {
  const COMMANDS = [
    ...['init', 'check', 'schema', 'collect', 'backfill', 'notify', 'report', 'run', 'serve'],
    ...['settle', 'verify', 'rebuild', 'status', 'alarms', 'probe', 'explain', 'mail'],
  ]

  it('lists the commands and the exit codes', async () => {
    const { stdout, stderr, exitCode } = await world.cli('--help')
    expect({ stderr, exitCode }).toEqual({ stderr: '', exitCode: 0 })
    for (const name of COMMANDS) expect(stdout).toMatch(new RegExp(`^  ${name}\\b`, 'm'))
    expect(stdout).toContain('Exit codes: 0 all well, 1 some site failed, 2 wrong use')
    expect((await world.cli('--version')).stdout).toBe('0.0.0\n')
  })

  for (const name of COMMANDS) {
    it(`of ${name} says what it does`, async () => {
      const { stdout, stderr, exitCode } = await world.cli(name, '--help')
      expect({ stderr, exitCode }).toEqual({ stderr: '', exitCode: 0 })
      expect(stdout).toMatch(new RegExp(`^Usage: siterounds ${name} `))
      expect(stdout).toMatch(/\n\n[a-z].+/)
    })
  }
})

describe('what people read', () => {
  it('names counts, and nothing that a terminal would obey', async () => {
    await world.write(ALARM('20261110'), alarm('\u001b[31mred', '10 08:00:00'))
    const collected = await world.cli('collect')
    expect(collected.stdout).toMatch(/^a +2026-11-10 +alarm +1 +0 +60 B +0\n/m)
    expect((await world.cli('collect')).stdout).toBe('Nothing new.\n')
    const alarms = await world.cli('alarms')
    expect(alarms.stdout).toContain('\uFFFD[31mred')
    expect((await world.cli('status')).stdout).not.toContain('\u001b')
    expect((await world.cli('notify')).stdout).toContain('ops@example.com')
    expect((await world.cli('report')).stdout).toMatch(/\b7\b.*\b0\b/)
  })
})
