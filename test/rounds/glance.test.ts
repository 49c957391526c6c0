import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { markerOf, sha256 } from '../../lib/ledger/record.ts'
import { collect, notify, type Rounds, settle } from '../../lib/pipeline.ts'
import { looksSame, type SeenFile } from '../../lib/rounds/glance.ts'
import type { Table } from '../../lib/store/table.ts'
import { HOUR_MS, MINUTE_MS } from '../../lib/time.ts'
import { folderSite, newWorld, type World } from '../fixtures/rounds-world.ts'
import { portal, sourceOf } from '../ledger/portal.ts'

const line = (name: string, time: string, ended = '') => {
  const recovered = ended && `2026-11-10 ${ended}`
  return `a|${name}|n|about ${name}|2026-11-10 ${time}|${recovered}|2026-11-10 ${time}\n`
}

describe('a day file looks the same', () => {
  const seen = (text: string, found = true): SeenFile => {
    const end = text.lastIndexOf('\n') + 1
    const tail = Buffer.from(text.slice(end))
    const whole = Buffer.from(text.slice(0, end))
    return {
      found,
      end,
      marker: markerOf(whole),
      tail: { length: tail.length, sha256: sha256(tail) },
    }
  }
  const long = line('x', '08:00:00').repeat(200)
  const cases: [string, string, string | undefined, boolean][] = [
    ['as it was', long, long, true],
    ['with the same unfinished line', `${long}a|y`, `${long}a|y`, true],
    ['when it is empty still', '', '', true],
    ['as one unfinished line still', 'a|y', 'a|y', true],
    ['not when it has grown', long, long + line('y', '08:05:00'), false],
    ['not when its unfinished line has grown', `${long}a|y`, `${long}a|y|n`, false],
    ['not when its unfinished line is another', `${long}a|y`, `${long}a|z`, false],
    ['not when it was cut', long, long.slice(0, -50), false],
    ['not when its end is another', long, `${long.slice(0, -3)}9\n\n`.slice(0, long.length), false],
    ['not when it is gone', long, undefined, false],
    ['not when it is empty now', long, '', false],
    ['not when it has its first line', '', long, false],
  ]
  it.each(cases)('%s', async (_, before, now, same) => {
    for (const ranged of [true, false]) {
      const site = portal()
      if (now === undefined) site.content = undefined
      else site.content = Buffer.from(now)
      const source = sourceOf(site)
      const asked = ranged ? source : { ...source, read: (path: string) => source.read(path, 0) }
      expect(await looksSame(asked, 'path', seen(before))).toBe(same)
    }
  })

  it('when it was absent and is absent, and not when it came', async () => {
    const site = portal()
    site.content = undefined
    expect(await looksSame(sourceOf(site), 'path', seen('', false))).toBe(true)
    for (const text of ['', 'a|y', long]) {
      site.content = Buffer.from(text)
      expect(await looksSame(sourceOf(site), 'path', seen('', false))).toBe(false)
    }
  })
})

describe('a round over a site in which nothing is new', () => {
  let world: World
  let nowMs: number
  let reads: string[]
  let writes: string[]
  let opened: ReturnType<World['open']>
  let rounds: Rounds

  beforeEach(async () => {
    world = await newWorld()
    await configure({})
    nowMs = Date.parse('2026-11-10T09:00:00+08:00')
    open()
  })
  afterEach(async () => {
    await opened.close()
    await world.remove()
  })

  async function configure(more: object) {
    const site = folderSite('a', { recipients: ['ops@example.org'], ...more })
    await world.configure({ sites: [site], retention: { keepDays: 35 } })
  }

  /** The real back end, with a note of all that is asked of the table. */
  function open() {
    opened = world.open({ now: () => nowMs })
    reads = []
    writes = []
    const noted = <K extends keyof Table>(name: K, into: () => string[]) =>
      ((...words: unknown[]) => {
        const [key] = words as [string | { partition: string }]
        into().push(typeof key === 'string' ? key : key.partition)
        return (opened.table[name] as (...all: unknown[]) => unknown)(...words)
      }) as Table[K]
    const table: Table = {
      ...opened.table,
      get: noted('get', () => reads),
      list: noted('list', () => reads),
      create: noted('create', () => writes),
      replace: noted('replace', () => writes),
      remove: noted('remove', () => writes),
    }
    rounds = { ...opened, table }
  }

  /** One round five minutes later: lines that came, and mails that were sent. */
  async function round(): Promise<[lines: number, mails: number]> {
    nowMs += 5 * MINUTE_MS
    reads = []
    writes = []
    const { totals, mail, failures } = await collect(rounds, { via: 'round', paced: true })
    expect(failures).toEqual([])
    const { sent } = await notify(rounds, { behind: { mail } })
    return [totals.lines, sent.length]
  }

  const write = (text: string) => world.write('a/sys_alarm/system_alarm_20261110.txt', text)

  it('reads two items, and writes twice an hour at most', async () => {
    await write(line('x', '09:00:00', '09:01:00'))
    expect(await round()).toEqual([1, 0])
    for (let count = 0; count < 48; count += 1) await round()
    let written = 0
    for (let count = 0; count < 60; count += 1) {
      expect(await round()).toEqual([0, 0])
      expect(reads).toEqual(['glance#a', 'observed#a'])
      written += writes.length
    }
    expect(written).toBeLessThanOrEqual(12)
  })

  it('sees the next line, and every other change of a file', async () => {
    let text = line('x', '09:00:00').repeat(60)
    await write(text)
    expect(await round()).toEqual([60, 0])
    for (const change of [
      () => text + line('y', '09:01:00'),
      () => text.slice(0, -5),
      () => text + line('z', '09:02:00'),
      () => line('w', '09:03:00') + text,
      () => '',
      () => line('v', '09:04:00'),
    ]) {
      for (let count = 0; count < 3; count += 1) await round()
      expect(reads).toEqual(['glance#a', 'observed#a'])
      text = change()
      await write(text)
      await round()
      expect(reads.length).toBeGreaterThan(4)
    }
    const { table } = opened
    const days = await table.list('days#a')
    expect(days[0]!.data).toMatchObject({ feeds: { alarm: { lines: 64, generation: 3 } } })
  })

  it('mails an alarm when it has stood long enough, though no line came', async () => {
    await write(line('x', '09:01:00'))
    expect(await round()).toEqual([1, 0])
    const mails: number[] = []
    for (let count = 0; count < 6; count += 1) mails.push((await round())[1])
    // It was raised at 09:01 and is due 15 minutes later.
    expect(mails).toEqual([0, 0, 1, 0, 0, 0])
    await round()
    expect(reads).toEqual(['glance#a', 'observed#a'])
  })

  it('tries a mail that failed again, round for round', async () => {
    await write(line('x', '08:00:00'))
    const { send } = rounds.mailer
    rounds.mailer.send = async () => {
      throw new Error('no connection')
    }
    for (let count = 0; count < 3; count += 1) expect((await round())[1]).toBe(0)
    rounds.mailer.send = send
    nowMs += HOUR_MS
    expect((await round())[1]).toBe(1)
    expect((await round())[1]).toBe(0)
  })

  it('is a whole one at midnight, after 02:00, and when the settings have changed', async () => {
    await write(line('x', '09:00:00', '09:01:00'))
    for (let count = 0; count < 40; count += 1) await round()
    const isWhole = async () => {
      await round()
      return reads.length > 2
    }
    expect(await isWhole()).toBe(false)
    await configure({ recipients: ['ops@example.org', 'boss@example.org'] })
    await opened.close()
    open()
    expect(await isWhole()).toBe(true)
    expect(await isWhole()).toBe(false)
    nowMs = Date.parse('2026-11-11T00:00:00+08:00')
    expect(await isWhole()).toBe(true)
    nowMs = Date.parse('2026-11-11T02:00:00+08:00')
    expect(await isWhole()).toBe(true)
  })

  it('is a whole one after a backfill, a settling, and a clock that was ahead', async () => {
    await write(line('x', '09:00:00', '09:01:00'))
    const calm = async () => {
      for (let count = 0; count < 40; count += 1) await round()
      expect(reads).toEqual(['glance#a', 'observed#a'])
    }
    await calm()
    const range = { from: '2026-11-09', to: '2026-11-09' }
    await collect(rounds, { via: 'backfill', range })
    await round()
    expect(reads.length).toBeGreaterThan(2)
    await calm()
    await settle(rounds, { range })
    await round()
    expect(reads.length).toBeGreaterThan(2)
    await calm()
    nowMs += 30 * 24 * HOUR_MS
    await round()
    nowMs -= 30 * 24 * HOUR_MS
    await round()
    expect(reads.length).toBeGreaterThan(2)
  })
})
