import { describe, expect, it } from 'vitest'
import { type DaysAsked, daysToRead } from '../../lib/ledger/days-to-read.ts'
import { type Observed, observe, observeBackfill } from '../../lib/ledger/observed.ts'
import { FEEDS, type Settings } from '../../lib/site.ts'
import { memoryTable } from '../../lib/store/memory.ts'
import { DAY_MS, HOUR_MS, Zone } from '../../lib/time.ts'
import { SITE } from './portal.ts'

const zone = new Zone(SITE.timeZone)
const NOON_MS = zone.startOf('2026-11-20') + 12 * HOUR_MS
const settings = { retention: { keepDays: 10, settleAfterDays: 2 } } as Settings

/** A site whose days were read by rounds at these times, and what a run reads of it. */
async function world(readMs: Record<string, number>) {
  const table = memoryTable()
  const via: Observed['via'] = 'round'
  for (const [day, atMs] of Object.entries(readMs)) {
    const readings = FEEDS.map((feed) => ({ feed, atMs, found: true }))
    await observe(table, SITE.id, day, zone.endOf(day), via, readings)
  }
  const placed = { site: SITE, zone }
  return {
    table,
    asked: (asked: DaysAsked) => daysToRead({ table, settings }, placed, NOON_MS, asked),
  }
}

const final = (day: string) => zone.endOf(day) + 2 * DAY_MS

describe('a run reads', () => {
  it('the days that it is asked for, whatever is known of them', async () => {
    const { asked } = await world({ '2026-11-01': final('2026-11-01') })
    const range = { from: '2026-10-31', to: '2026-11-02' }
    const days = ['2026-10-31', '2026-11-01', '2026-11-02']
    expect(await asked({ range, paced: true })).toMatchObject({ days, leftBehind: [] })
  })

  it('the days that are not settled; on a schedule those that are due', async () => {
    const { asked } = await world({
      '2026-11-18': NOON_MS - 5,
      '2026-11-19': NOON_MS - 3 * HOUR_MS,
      '2026-11-20': NOON_MS - 5,
    })
    expect((await asked({})).days).toEqual(['2026-11-18', '2026-11-19', '2026-11-20'])
    expect((await asked({ paced: true })).days).toEqual(['2026-11-19', '2026-11-20'])
    expect((await asked({})).unseen).toEqual(new Set())
  })

  it('of days known to be unsettled those that are due, and looks at no others', async () => {
    const { asked, table } = await world({
      '2026-11-12': NOON_MS - 5 * DAY_MS,
      '2026-11-18': NOON_MS - 5,
      '2026-11-19': NOON_MS - 3 * HOUR_MS,
    })
    await observeBackfill(table, SITE.id, '2026-11-13', NOON_MS - HOUR_MS)
    const known = ['2026-11-18', '2026-11-19', '2026-11-20']
    const { days, unsettled, standing, leftBehind } = await asked({ paced: true, known })
    expect(days).toEqual(['2026-11-19', '2026-11-20'])
    expect(unsettled).toEqual(known)
    expect([...standing.keys()]).toEqual(['2026-11-18', '2026-11-19'])
    expect(leftBehind).toEqual([])
  })

  it('and says of which nothing was ever read', async () => {
    const { asked } = await world({ '2026-11-19': NOON_MS - 2 * HOUR_MS })
    const { days, unseen } = await asked({})
    expect(days).toContain('2026-11-20')
    expect([...unseen]).toEqual(days.filter((day) => day !== '2026-11-19'))
  })

  it('beside them those that a backfill may have left, while the ledger keeps them', async () => {
    const { asked, table } = await world({ '2026-11-20': NOON_MS - 5 })
    for (const day of ['2026-11-01', '2026-11-12', '2026-11-20']) {
      await observeBackfill(table, SITE.id, day, NOON_MS - HOUR_MS)
    }
    const { days, leftBehind } = await asked({})
    expect(days.at(-1)).toBe('2026-11-20')
    expect(leftBehind).toEqual(['2026-11-12'])
  })
})
