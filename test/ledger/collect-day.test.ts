import { describe, expect, it } from 'vitest'
import { RoundsError } from '../../lib/errors.ts'
import type { Source } from '../../lib/fetch/source.ts'
import { collectDay } from '../../lib/ledger/collect-day.ts'
import type { Via } from '../../lib/ledger/record.ts'
import { settleFile } from '../../lib/ledger/settle.ts'
import { FEEDS, type Site } from '../../lib/site.ts'
import { memoryTable } from '../../lib/store/memory.ts'
import { Zone } from '../../lib/time.ts'
import { ledgersIn } from '../fixtures/ledgers.ts'
import { type Portal, portal, SITE, sourceOf } from './portal.ts'

const DAY = '2026-11-10'
const AT = `${DAY} 01:00:00`
const system = `w|1|s1|uptime|1|${AT}\n`
const alarm = (name: string) => `s1|${name}|n|d|${AT}||${AT}\n`

/** A site with a portal for each of its files, by path. */
function world(changes: Partial<Site> = {}) {
  const site = {
    ...SITE,
    feeds: {
      system: { path: 'system/{day}' },
      alarm: { path: 'alarm/{day}/{day}' },
      service: { path: 'service' },
    },
    ...changes,
  }
  const table = memoryTable()
  const files = new Map<string, Portal>()
  const acts: (() => Promise<void>)[] = []
  const source: Source = {
    async read(path, from) {
      const act = path.startsWith('alarm') ? acts.shift() : undefined
      await act?.()
      return sourceOf(files.get(path) ?? portal()).read(path, from)
    },
    close: async () => {},
  }
  const placed = { site, zone: new Zone(site.timeZone) }
  let nowMs = Date.parse('2026-11-10T12:00:00Z')
  const ports = { store: ledgersIn(table), source, clock: { now: () => (nowMs += 1000) } }
  return {
    set: (path: string, content: string, how: Partial<Portal> = {}) =>
      files.set(path, { ...portal(), content: Buffer.from(content), ...how }),
    /** Happens once, between a look at the ledger of alarms and the answer of the site. */
    beside: (act: () => Promise<void>) => acts.push(act),
    collect: (via: Via = 'round', later = false) =>
      collectDay(ports, placed, DAY, FEEDS, { via, later }),
    settle: () => settleFile(ports, placed, { site: 's1', feed: 'alarm', day: DAY }, 'round'),
  }
}

describe('a day of a site', () => {
  it('that is computed later is appended alone, and told by its lines', async () => {
    const { set, collect } = world()
    set('alarm/20261110/20261110', alarm('a'))
    const { added, newest } = await collect('round', true)
    const place = { feed: 'alarm', day: DAY, generation: 0, start: 0, end: alarm('a').length }
    expect(added).toEqual([{ site: 's1', ...place, lines: 1 }])
    expect(newest.get('alarm')).toBe(1)
    set('alarm/20261110/20261110', alarm('a') + alarm('b'))
    expect((await collect()).added).toMatchObject([{ lines: 1, readings: 1 }])
  })

  it('is read feed by feed, and what came is counted', async () => {
    const { set, collect } = world()
    set('system/20261110', `${system}bad\n\n`)
    set('alarm/20261110/20261110', alarm('a'))
    const { added, failures, readings, newest, down } = await collect()
    expect(added).toEqual([
      {
        ...{
          site: 's1',
          feed: 'system',
          day: DAY,
          generation: 0,
          start: 0,
          end: system.length + 5,
        },
        ...{ lines: 3, readings: 1, rejects: 1, unknown: 0, blank: 1 },
      },
      expect.objectContaining({ feed: 'alarm', lines: 1, readings: 1 }),
    ])
    expect([failures, down]).toEqual([[], false])
    expect(readings.map(({ feed, found }) => [feed, found])).toEqual([
      ['system', true],
      ['alarm', true],
      ['service', false],
    ])
    expect([...newest]).toEqual([
      ['system', 1],
      ['alarm', 1],
      ['service', 0],
    ])
  })

  it('adds nothing when it is read again, by a round or a backfill (F19)', async () => {
    const { set, collect } = world()
    set('system/20261110', system)
    await collect()
    expect((await collect()).added).toEqual([])
    expect((await collect('backfill')).added).toEqual([])
  })

  it.each(['merge', 'replace'] as const)(
    'counts just what a run added, under %s',
    async (onRewrite) => {
      const { set, collect } = world({ onRewrite })
      set('alarm/20261110/20261110', alarm('a'))
      await collect()
      set('alarm/20261110/20261110', alarm('a') + alarm('b') + alarm('c'))
      expect((await collect()).added).toMatchObject([{ start: alarm('a').length, lines: 2 }])
      set('alarm/20261110/20261110', alarm('c') + alarm('d'))
      expect((await collect()).added).toMatchObject([{ generation: 1, start: 0, lines: 1 }])
    },
  )

  it('counts the rest of a line that settling took unfinished as one line', async () => {
    const { set, collect, settle } = world()
    set('alarm/20261110/20261110', (alarm('a') + alarm('b')).slice(0, -1))
    await collect()
    await settle()
    set('alarm/20261110/20261110', alarm('a') + alarm('b'))
    expect((await collect()).added).toMatchObject([{ lines: 1, readings: 1, rejects: 0 }])
  })

  it('counts what a run added itself, not what another one added meanwhile', async () => {
    const { set, collect, beside } = world()
    set('alarm/20261110/20261110', alarm('a') + alarm('b'))
    let other: unknown
    beside(async () => {
      other = await collect()
      set('alarm/20261110/20261110', alarm('a') + alarm('b') + alarm('c'))
    })
    expect((await collect()).added).toMatchObject([
      { feed: 'alarm', start: 2 * alarm('a').length, lines: 1, readings: 1 },
    ])
    expect(other).toMatchObject({ added: [{ feed: 'alarm', start: 0, lines: 2 }] })
  })

  it('goes on when one feed fails, and keeps what came of a broken body', async () => {
    const { set, collect } = world()
    set('system/20261110', system + system, { cutAfter: system.length + 3 })
    set('alarm/20261110/20261110', '<!DOCTYPE html>')
    set('service', '')
    const { added, failures, readings, down } = await collect()
    expect(added).toMatchObject([{ feed: 'system', lines: 1 }])
    expect(failures.map(({ feed, error }) => [feed, error.code])).toEqual([
      ['system', 'broken-off'],
      ['alarm', 'not-a-data-file'],
    ])
    // A body that broke off was not read successfully: the day is due again.
    expect(readings.map(({ feed }) => feed)).toEqual(['service'])
    expect(down).toBe(false)
  })

  it('says when the site itself does not answer', async () => {
    const { set, collect } = world()
    for (const path of ['system/20261110', 'alarm/20261110/20261110', 'service']) {
      set(path, '', { down: true })
    }
    expect(await collect()).toMatchObject({ down: true, readings: [], added: [] })
  })

  it('throws what must stop the command', async () => {
    const stop = new RoundsError('store-full', 'stop', 'No room.')
    const table = {
      ...memoryTable(),
      create: async () => {
        throw stop
      },
    }
    const source = sourceOf({ ...portal(), content: Buffer.from(system) })
    const placed = { site: SITE, zone: new Zone(SITE.timeZone) }
    const ports = { store: ledgersIn(table), source, clock: { now: () => 1 } }
    await expect(collectDay(ports, placed, DAY, ['system'], { via: 'round' })).rejects.toBe(stop)
  })
})
