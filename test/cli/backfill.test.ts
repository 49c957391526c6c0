import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { folderSite, newWorld, type World } from '../fixtures/rounds-world.ts'

/** What a backfill reads first is never mailed, then or later, whatever else comes of it. */

let world: World

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['Date'] })
  world = await newWorld()
  const thresholds = { expireAfterDays: 30 }
  await world.configure({ sites: [folderSite('a', { recipients: ['o@example.com'] })], thresholds })
})

afterEach(async () => {
  vi.useRealTimers()
  await world.remove()
})

const texts: Record<string, string> = {}
beforeEach(() => {
  for (const day of Object.keys(texts)) delete texts[day]
})

/** A line more in the alarm file of a day of November: name, raised, recovered or not, recorded. */
async function line(day: string, name: string, raised: string, end: string, recorded: string) {
  const recovered = end && `2026-11-${end}`
  const fields = ['a', name, 'n', 'd', `2026-11-${raised}`, recovered, `2026-11-${recorded}`]
  texts[day] = `${texts[day] ?? ''}${fields.join('|')}\n`
  await world.write(`a/sys_alarm/system_alarm_202611${day}.txt`, texts[day])
}

/** Runs a command at a time of November, Beijing. */
async function at(time: string, ...words: string[]) {
  vi.setSystemTime(`2026-11-${time.replace(' ', 'T')}+08:00`)
  return world.json<{ sent: { alarms: number; reason: string }[]; waiting: number }>(...words)
}

const NOTHING = { sent: [], waiting: 0 }
const BACKFILL = ['backfill', '--day', '2026-11-08']

async function openNames(): Promise<string[]> {
  const open = await world.json<{ name: string }[]>('alarms')
  return open.map(({ name }) => name)
}

describe('what a backfill reads first', () => {
  beforeEach(async () => {
    await line('08', 'old', '08 08:00:00', '', '08 08:00:00')
    await at('10 12:00:00', ...BACKFILL)
  })

  it('stands open, and is not mailed', async () => {
    expect(await openNames()).toEqual(['old'])
    expect(await at('10 12:00:00', 'notify')).toEqual(NOTHING)
    expect(await at('12 12:00:00', 'notify')).toEqual(NOTHING)
  })

  it('is not mailed when a later round reads another line of it', async () => {
    await line('08', 'old', '08 08:00:00', '', '08 20:00:00')
    await line('10', 'old', '08 08:00:00', '', '10 12:30:00')
    await at('10 13:00:00', 'collect')
    expect(await openNames()).toEqual(['old'])
    expect(await at('10 14:00:00', 'notify')).toEqual(NOTHING)
  })

  it('is not mailed when it recovers, is long over, and stands again', async () => {
    await line('08', 'old', '08 08:00:00', '08 08:05:00', '08 08:05:00')
    await line('10', 'new', '10 12:01:00', '', '10 12:01:00')
    await at('10 12:30:00', 'collect')
    expect(await openNames()).toEqual(['new'])
    expect(await at('10 12:30:00', 'notify')).toMatchObject({ sent: [{ alarms: 1 }], waiting: 0 })
    await line('10', 'old', '08 08:00:00', '', '10 12:40:00')
    await at('10 13:00:00', 'collect')
    expect(await openNames()).toEqual(['old', 'new'])
    expect(await at('10 14:00:00', 'notify')).toEqual(NOTHING)
  })

  it('does not keep a new occurrence of the same alarm from being mailed', async () => {
    await line('10', 'old', '10 12:10:00', '', '10 12:10:00')
    await at('10 13:00:00', 'collect')
    expect(await at('10 13:00:00', 'notify')).toMatchObject({
      sent: [{ reason: 'first', alarms: 1 }],
      waiting: 0,
    })
  })
})

describe('what a round reads first', () => {
  it('is mailed, also when a backfill reads another line of it', async () => {
    await line('10', 'now', '10 11:00:00', '', '10 11:00:00')
    await at('10 12:00:00', 'collect')
    await line('09', 'now', '10 11:00:00', '', '10 12:01:00')
    await at('10 12:05:00', 'backfill', '--day', '2026-11-09')
    expect(await at('10 12:06:00', 'notify')).toMatchObject({ sent: [{ alarms: 1 }], waiting: 0 })
    expect(await at('10 12:07:00', 'notify')).toEqual(NOTHING)
  })
})

describe('a backfill that failed', () => {
  it('takes no day from the rounds: they catch up on it', async () => {
    await line('05', 'x', '05 08:00:00', '', '05 08:00:00')
    await at('05 09:00:00', 'collect')
    const away = { source: { kind: 'directory', path: './away' } }
    await world.configure({ sites: [folderSite('a', away)] })
    await at('10 09:00:00', 'backfill', '--from', '2026-11-06', '--to', '2026-11-07')
    await world.configure({ sites: [folderSite('a')] })
    await line('06', 'y', '06 08:00:00', '', '06 08:00:00')
    await at('10 10:00:00', 'collect')
    const rows = await world.json<{ lines: number }[]>('status', '--day', '2026-11-06')
    expect(rows.map(({ lines }) => lines)).toEqual([0, 1, 0])
  })
})

describe('a site that nothing was found at, day after day', () => {
  it('is caught up on when its address is put right', async () => {
    await line('05', 'x', '05 08:00:00', '', '05 08:00:00')
    const paths = { alarm: { path: 'wrong/{day}.txt' }, system: false, service: false }
    await world.configure({ sites: [folderSite('a', { feeds: paths })] })
    await world.write('a/here.txt', '')
    vi.setSystemTime('2026-11-05T09:00:00+08:00')
    expect((await world.cli('collect')).exitCode).toBe(1)
    await world.configure({ sites: [folderSite('a')] })
    await at('10 10:00:00', 'collect')
    const rows = await world.json<{ lines: number }[]>('status', '--day', '2026-11-05')
    expect(rows.map(({ lines }) => lines)).toEqual([0, 1, 0])
  })
})

describe('a backfill of days that reports look at no more', () => {
  it('says how their pages come about', async () => {
    await world.configure({ sites: [folderSite('a')], retention: { keepDays: 35 } })
    await line('08', 'old', '08 08:00:00', '', '08 08:00:00')
    vi.setSystemTime('2027-02-01T12:00:00+08:00')
    const { stdout, stderr } = await world.cli(
      'backfill',
      '--from',
      '2026-11-08',
      '--to',
      '2026-11-09',
    )
    expect(stdout).toContain('1 line from 1 file.')
    const hint = /siterounds (report --from 2026-11-08 --to 2026-11-09)/.exec(stderr)?.[1]
    const reported = await world.json<{ published: string[] }>('report')
    expect(reported.published).not.toContain('s/a/2026-11-08/index.html')
    const asked = await world.json<{ published: string[] }>(...hint!.split(' '))
    expect(asked.published.join()).toContain('2026-11-08')
    expect((await world.cli(...BACKFILL)).stderr).toBe('')
  })
})
