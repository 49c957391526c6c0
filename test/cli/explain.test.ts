import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { noticeKey } from '../../lib/store/keys.ts'
import { systemClock } from '../../lib/time.ts'
import { folderSite, newWorld, type World } from '../fixtures/rounds-world.ts'

/** Why a day is as it is: each test makes one such day with the real commands. */

let world: World
const OPS = 'ops@example.com'

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['Date'] })
  vi.setSystemTime('2026-11-10T12:00:00+08:00')
  world = await newWorld()
  const recipients = [OPS, '值班@example.com']
  await world.configure({
    retention: { keepDays: 35 },
    sites: [folderSite('a', { name: '北京一局', recipients }), folderSite('b')],
  })
})

afterEach(async () => {
  vi.useRealTimers()
  await world.remove()
})

const at = (text: string) => vi.setSystemTime(`2026-11-${text}:00+08:00`)
const SYSTEM = 'a/sys_monitor/system_info_20261110.txt'
const ALARM = 'a/sys_alarm/system_alarm_20261110.txt'
const SERVICE = 'a/sys_service/system_service_20261110.txt'
const cpu = (time: string) => `s1|10.0.0.1|a|cpu|10|5|1|84|2026-11-10 ${time}:00\n`
const alarm = (name: string, raised: string, recovered = '') =>
  `a|${name}|n1|text|2026-11-10 ${raised}:00|${recovered && `2026-11-10 ${recovered}:00`}|` +
  `2026-11-10 ${recovered || raised}:00\n`

/** A sample each five minutes, but for the hours in `without`. */
function day(without: number[] = []): string {
  const hours = Array.from({ length: 24 }, (_, hour) => hour).filter(
    (one) => !without.includes(one),
  )
  const minutes = Array.from({ length: 12 }, (_, five) => String(five * 5).padStart(2, '0'))
  return hours
    .flatMap((hour) => minutes.map((minute) => cpu(`${String(hour).padStart(2, '0')}:${minute}`)))
    .join('')
}

interface Printed {
  following: { state: string; until: string | null }
  feeds: {
    feed: string
    coverage: string
    reasons: string[]
    holes: { from: string; to: string }[]
    generations: { firstRead: string }[]
    provisional: boolean
    rejects: object
    sentences: string[]
  }[]
  alarms: { standing: number; ofTheDay: number }
  mail: {
    to: string
    alarms: { name: string; state: string; at: string | null }[]
    newestMails: { at: string; alarms: number }[]
    sentences: string[]
  }[]
}

const explained = (site = 'a', day = '2026-11-10') => world.json<Printed>('explain', site, day)

/** What people read, on one line. */
async function told(site = 'a', day = '2026-11-10'): Promise<string> {
  const { exitCode, stdout, stderr } = await world.cli('explain', site, day)
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
  return stdout.replace(/\s+/g, ' ')
}

describe('explain: what arrived', () => {
  it('a day with holes: when they are, how long, and that it is done', async () => {
    await world.write(SYSTEM, day([3, 4, 22, 23]))
    await world.write(SERVICE, 'a|1|2|3|4|5|6|7|2026-11-10 23:59:00\n')
    at('11T00:30')
    await world.json('collect')
    const { feeds, following } = await explained()
    expect(following).toMatchObject({ state: 'followed', until: '2026-11-13T00:00:00+08:00' })
    expect(feeds[0]).toMatchObject({
      coverage: 'partial',
      reasons: ['holes'],
      holes: [
        { from: '2026-11-10T03:00:00+08:00', to: '2026-11-10T05:00:00+08:00' },
        { from: '2026-11-10T22:00:00+08:00', to: '2026-11-11T00:00:00+08:00' },
      ],
    })
    expect(feeds[1]).toMatchObject({ coverage: 'missing', reasons: ['absent'] })
    expect(feeds[2]).toMatchObject({ coverage: 'complete', reasons: ['whole'] })
    expect(await told()).toContain(
      'missing from 03:00 to 05:00 (2 h) and from 22:00 to the day’s end (2 h); 60 min are allowed',
    )
    at('13T00:30')
    await world.json('collect')
    expect((await explained()).following.state).toBe('settled')
  })

  it('a day that runs, one not read after its end, one to come, one nobody read', async () => {
    await world.write(SYSTEM, cpu('11:00'))
    await world.json('collect')
    expect((await explained()).feeds[0]?.reasons).toEqual(['runs', 'holes'])
    expect(await told()).toContain('The day runs; every round reads it.')
    expect((await explained('a', '2026-11-11')).feeds[0]?.reasons).toEqual(['not-begun'])
    at('11T09:00')
    expect((await explained()).feeds[0]?.reasons).toEqual(['not-read-after-end', 'holes'])
    expect(await told()).toContain('it was last read at 12:00, and what came later is not known')
    expect((await explained('b')).feeds[0]?.reasons).toEqual(['never-read'])
    expect(await told('b')).toContain('by the files of other days: this one was not read')
  })

  it('late: absent long after the day’s end, and found first when', async () => {
    await world.write(ALARM, '')
    at('11T03:00')
    await world.json('collect')
    at('11T08:00')
    await world.write(SYSTEM, day())
    await world.json('collect')
    const { feeds } = await explained()
    expect(feeds[0]).toMatchObject({ coverage: 'late', reasons: ['late'] })
    expect(await told()).toContain(
      'still absent at 2026-11-11 03:00 and found first at 2026-11-11 08:00',
    )
  })

  it('replaced: which generation, and when that was seen', async () => {
    await world.write(SYSTEM, cpu('10:00') + cpu('10:05'))
    await world.json('collect')
    at('11T00:30')
    await world.write(SYSTEM, day())
    await world.json('collect')
    const { feeds } = await explained()
    expect(feeds[0]).toMatchObject({ coverage: 'replaced', reasons: ['replaced'] })
    expect(feeds[0]?.generations).toMatchObject([
      { generation: 0, firstRead: '2026-11-10T12:00:00+08:00' },
      { generation: 1, firstRead: '2026-11-11T00:30:00+08:00' },
    ])
    expect(await told()).toContain(
      'generation 1, counted from 0. That was seen at 2026-11-11 00:30',
    )
  })

  it('rejects with reasons and samples, and counts in an unfinished line', async () => {
    await world.write(SYSTEM, `${cpu('10:00')}what|is|this\ns|i|x\u001b[31m|cpu|1|1|1|1|t\n`)
    await world.write(SERVICE, 'a|1|2|3|4|5|6|7|2026-11-10 11:00:00')
    await world.json('collect')
    const { feeds } = await explained()
    const reasons = { 'field-count': 1, 'foreign-site': 1 }
    expect(feeds[0]?.rejects).toEqual({ count: 2, reasons })
    expect(feeds[2]).toMatchObject({ provisional: true })
    const text = await told()
    expect(text).toContain('field-count what|is|this')
    expect(text).toContain('2 lines were not understood')
    expect(text).toContain('shown as provisional')
    expect(text).not.toContain('\u001b')
  })
})

describe('explain: mail', () => {
  const states = async () =>
    (await explained()).mail[0]!.alarms.map(({ name, state }) => `${name} ${state}`).sort()

  it('tells of each alarm whether it was mailed, waits, or never will be', async () => {
    const lines = [alarm('old', '08:00'), alarm('young', '11:50'), alarm('brief', '09:00', '09:01')]
    await world.write(ALARM, lines.join('') + alarm('long', '09:00', '10:00'))
    await world.json('collect')
    expect(await states()).toEqual([
      'brief brief',
      'long recovered',
      'old due',
      'young stands-too-short',
    ])
    await world.json('notify')
    const { mail, alarms } = await explained()
    expect(alarms).toMatchObject({ standing: 2, ofTheDay: 4 })
    expect(mail.map(({ to }) => to)).toEqual([OPS, '值班@example.com'])
    expect(mail[0]?.alarms.find(({ name }) => name === 'old')).toMatchObject({
      state: 'mailed',
      at: '2026-11-10T12:00:00+08:00',
    })
    expect(mail[0]?.newestMails).toEqual([{ at: '2026-11-10T12:00:00+08:00', alarms: 1 }])
    const text = await told()
    expect(text).toContain('2 alarms stand now; 2 others were raised on the day and are over.')
    expect(text).toContain('ops@example.com, 值班@example.com (into the outbox folder)')
    expect(text).toContain('1 alarm waits: not standing for 15 min yet; due from 12:05 on.')
    expect(text).toContain('1 alarm was over within 15 min, which is never mailed.')
  })

  it('tells what a backfill read, a claim under way, and an unfinished mail', async () => {
    await world.write(ALARM, alarm('old', '08:00'))
    await world.json('backfill', '--day', '2026-11-10')
    expect(await states()).toEqual(['old backfilled'])
    await world.write(ALARM, alarm('old', '08:00') + alarm('new', '09:00'))
    await world.json('collect')
    expect(await states()).toEqual(['new due', 'old backfilled'])

    const rounds = world.open(systemClock)
    const { mailedKey } = await import('../../lib/notify/notice.ts')
    const raisedText = '2026-11-10 09:00:00'
    const keys = [mailedKey({ name: 'new', node: 'n1', raisedText } as never)]
    const untilMs = systemClock.now() + 60_000
    const claim = { token: 't', untilMs, keys, sequence: 1 }
    const data = { format: 1, mailed: {}, sequence: 0, claim }
    await rounds.table.create(noticeKey(OPS, 'a'), { data })
    await rounds.close()
    expect(await states()).toEqual(['new claimed', 'old backfilled'])
    at('10T12:02')
    expect(await states()).toEqual(['new unfinished', 'old backfilled'])
  })

  it('an alarm of the day’s end that expired since; a site without recipients', async () => {
    await world.write(ALARM, alarm('old', '08:00'))
    await world.write(
      'b/sys_alarm/system_alarm_20261110.txt',
      alarm('x', '08:00').replace('a', 'b'),
    )
    await world.json('collect')
    for (const next of ['11T01:00', '12T01:00', '13T01:00']) {
      at(next)
      for (const site of ['a', 'b']) {
        const file = `system_alarm_202611${next.slice(0, 2)}.txt`
        await world.write(`${site}/sys_alarm/${file}`, '')
      }
      await world.json('collect')
    }
    expect(await states()).toEqual(['old expired'])
    expect(await told()).toContain('1 alarm stood at the day’s end.')
    expect(await told('b')).toContain('Nobody is mailed: the site has no recipients.')
  })
})

describe('wrong use of explain', () => {
  it('ends with 2', async () => {
    for (const words of [['nosuch', '2026-11-10'], ['a', '2026-11-31'], ['a']]) {
      expect(await world.cli('explain', ...words)).toMatchObject({ exitCode: 2, stdout: '' })
    }
  })
})
