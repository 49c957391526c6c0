import { describe, expect, it } from 'vitest'
import { RoundsError } from '../../lib/errors.ts'
import type { Source } from '../../lib/fetch/source.ts'
import { MOST_TAIL_BYTES } from '../../lib/ledger/collect-day.ts'
import type { Observed } from '../../lib/ledger/observed.ts'
import { settleSiteDays } from '../../lib/ledger/settle-site.ts'
import type { Feed } from '../../lib/site.ts'
import { Zone } from '../../lib/time.ts'
import { ledgersIn } from '../fixtures/ledgers.ts'
import { portal, SITE, sourceOf } from './portal.ts'

const DAYS = ['2026-11-09', '2026-11-10']
const FEEDS: Feed[] = ['system', 'alarm', 'service']
const NOW_MS = Date.parse('2026-11-11T02:00:00+08:00')

const alarm = (day: string) => `s1|a|n|d|${day} 01:00:00||${day} 01:00:00\n`

/** A site whose files are given by path: `alarm/20261110`; and its settling of two days. */
function world(files: Record<string, string | RoundsError>, observed?: Observed) {
  const feeds = Object.fromEntries(FEEDS.map((feed) => [feed, { path: `${feed}/{day}` }]))
  const placed = { site: { ...SITE, feeds }, zone: new Zone(SITE.timeZone) }
  const asked: string[] = []
  const source: Source = {
    async read(path, from) {
      asked.push(path)
      const file = files[path]
      if (file instanceof RoundsError) throw file
      const content = file === undefined ? undefined : Buffer.from(file)
      return sourceOf({ ...portal(), content }).read(path, from)
    },
    close: async () => {},
  }
  const ports = { store: ledgersIn(), source, clock: { now: () => NOW_MS } }
  const due = DAYS.map((day) => ({ day, feeds: FEEDS, observed }))
  return { asked, settle: () => settleSiteDays(ports, placed, due) }
}

const told = (all: { feed: Feed; day: string }[]) => all.map(({ feed, day }) => `${feed} ${day}`)

describe('days of a site that are settled', () => {
  it('are closed file by file; what the site never had is seen, and not closed', async () => {
    const { settle } = world({
      'alarm/20261109': alarm(DAYS[0]!),
      'alarm/20261110': alarm(DAYS[1]!),
      'service/20261110': 'x'.repeat(2 * MOST_TAIL_BYTES),
    })
    const { closed, failures, readings, newestAlarms } = await settle()
    expect(failures).toEqual([])
    expect(told(closed)).toEqual(['alarm 2026-11-09', 'alarm 2026-11-10', 'service 2026-11-10'])
    expect(closed.map(({ added, unchanged }) => [added, unchanged])).toEqual([
      ...[
        [1, false],
        [1, false],
        [0, false],
      ],
    ])
    expect([...newestAlarms]).toEqual(DAYS.map((day) => [day, 2]))
    const seen = readings
      .get(DAYS[1]!)!
      .map(({ feed, found, tail, atMs, settled }) => [
        ...[feed, found, tail!.length, atMs, settled],
      ])
    expect(seen).toEqual([
      ['system', false, 0, NOW_MS, true],
      ['alarm', true, 0, NOW_MS, true],
      ['service', true, MOST_TAIL_BYTES, NOW_MS, true],
    ])
  })

  it('are read by a backfill unless a round has read them', async () => {
    const file = { 'alarm/20261110': alarm(DAYS[1]!) }
    const viaOf = async (observed?: Observed) =>
      (await world(file, observed).settle()).closed.map(({ close }) => close.via)
    expect(await viaOf()).toEqual(['backfill'])
    expect(await viaOf({ via: 'round', feeds: {} })).toEqual(['round'])
  })

  it('go on when one file fails', async () => {
    const { settle } = world({
      'alarm/20261109': '<!doctype html>',
      'alarm/20261110': alarm(DAYS[1]!),
    })
    const { closed, failures, readings } = await settle()
    expect(told(closed)).toEqual(['alarm 2026-11-10'])
    expect(failures).toMatchObject([
      { site: 's1', feed: 'alarm', day: DAYS[0], error: { code: 'not-a-data-file' } },
    ])
    // A file that could not be read was not settled: it is due again.
    expect(readings.get(DAYS[0]!)!.map(({ feed }) => feed)).toEqual(['system', 'service'])
  })

  it('are left until the next time when the site does not answer', async () => {
    const error = new RoundsError('timed-out', 'skip', 'The site did not answer in time.')
    const { settle, asked } = world({ 'alarm/20261109': error })
    const { failures, readings } = await settle()
    expect(failures).toEqual([{ site: 's1', feed: 'alarm', day: DAYS[0], error }])
    expect(asked).toEqual(['system/20261109', 'alarm/20261109'])
    expect([...readings.keys()]).toEqual([DAYS[0]])
  })

  it('throw what must stop the command', async () => {
    const error = new RoundsError('store-full', 'stop', 'No room.')
    await expect(world({ 'alarm/20261109': error }).settle()).rejects.toBe(error)
  })
})
