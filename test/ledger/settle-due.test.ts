import { describe, expect, it } from 'vitest'
import type { SiteDay } from '../../lib/ledger/days.ts'
import { expiryOf, ledgersOf } from '../../lib/ledger/ledger.ts'
import { observe } from '../../lib/ledger/observed.ts'
import { pull } from '../../lib/ledger/pull.ts'
import { putOffExpiry, withoutClosed } from '../../lib/ledger/put-off.ts'
import type { Proof } from '../../lib/ledger/record.ts'
import { dueOf, settlesAsked, settlesDue } from '../../lib/ledger/settle-due.ts'
import { emptyTally } from '../../lib/ledger/tally.ts'
import type { Settings } from '../../lib/site.ts'
import { daysPartition, ledgerPartition } from '../../lib/store/keys.ts'
import { DAY_MS, HOUR_MS, Zone } from '../../lib/time.ts'
import { ledgersIn } from '../fixtures/ledgers.ts'
import { FILE, portal, SITE, sourceOf } from './portal.ts'

const zone = new Zone(SITE.timeZone)
const placed = { site: { ...SITE, feeds: { alarm: { path: 'a' } } }, zone }
const DAY = '2026-11-10'
const END_MS = zone.endOf(DAY)
const FIRST_MS = END_MS + 2 * HOUR_MS
const LAST_MS = FIRST_MS + 2 * DAY_MS

const tallied = (closed: boolean): SiteDay => ({
  feeds: { alarm: { ...emptyTally(), sequence: 1, ...(closed && { proof: {} as Proof }) } },
})
const settled = (settledMs: number) => ({
  feeds: {},
  via: 'round' as const,
  settledMs: { alarm: settledMs },
})

describe('a day is due to be settled', () => {
  const due = (nowMs: number, day: SiteDay | undefined, settledMs?: number) =>
    dueOf(
      placed,
      { nowMs, settleAfterDays: 2 },
      {
        days: new Map(day ? [[DAY, day]] : []),
        observed: new Map(settledMs === undefined ? [] : [[DAY, settled(settledMs)]]),
      },
    ).map(({ day, feeds }) => `${day} ${feeds}`)

  it('from 02:00 of the next day on, not before', () => {
    expect(due(FIRST_MS - 1, tallied(false))).toEqual([])
    expect(due(FIRST_MS, tallied(false))).toEqual([`${DAY} alarm`])
  })

  it('once more two days later, and then no more', () => {
    expect(due(LAST_MS - 1, tallied(true), FIRST_MS)).toEqual([])
    expect(due(LAST_MS, tallied(true), FIRST_MS)).toEqual([`${DAY} alarm`])
    expect(due(LAST_MS + 30 * DAY_MS, tallied(true), LAST_MS)).toEqual([])
  })

  it('whenever something came since it was settled', () => {
    expect(due(LAST_MS + DAY_MS, tallied(false), LAST_MS)).toEqual([`${DAY} alarm`])
  })

  it('when whoever closed it did not come to the end', () => {
    const closedAt = (readAtMs: number): SiteDay => ({
      feeds: { alarm: { ...emptyTally(), sequence: 1, proof: { readAtMs } as Proof } },
    })
    const settledMs = LAST_MS + 1
    const nowMs = LAST_MS + DAY_MS
    expect(due(nowMs, closedAt(settledMs), settledMs)).toEqual([])
    expect(due(nowMs, closedAt(settledMs + 1), settledMs)).toEqual([`${DAY} alarm`])
    // That was a clock that was ahead.
    expect(due(nowMs, closedAt(nowMs + 1), settledMs)).toEqual([])
  })

  it('also when its file was absent, until that was seen twice', () => {
    expect(due(FIRST_MS, undefined, 0)).toEqual([`${DAY} alarm`])
    expect(due(FIRST_MS, undefined, FIRST_MS)).toEqual([])
  })

  it('with every file of it that was not settled yet, although another one was', () => {
    const both = {
      ...placed,
      site: { ...SITE, feeds: { alarm: { path: 'a' }, system: { path: 's' } } },
    }
    const facts = { nowMs: FIRST_MS, settleAfterDays: 2 }
    const observed = new Map([[DAY, settled(FIRST_MS)]])
    expect(dueOf(both, facts, { days: new Map([[DAY, tallied(true)]]), observed })).toMatchObject([
      { day: DAY, feeds: ['system'] },
    ])
  })

  it('only where the clock of its site says so', () => {
    const west = { ...placed, zone: new Zone('America/New_York') }
    const facts = { nowMs: FIRST_MS, settleAfterDays: 2 }
    expect(
      dueOf(west, facts, { days: new Map([[DAY, tallied(false)]]), observed: new Map() }),
    ).toEqual([])
  })
})

describe('the days that a settle run looks at', () => {
  async function world() {
    const store = ledgersIn()
    const put = async (day: string, content: SiteDay) => {
      const key = { partition: daysPartition(SITE.id), sort: day }
      await store.table.create(key, { data: { format: 1, ...content } })
    }
    return { store, put }
  }

  it('are all that are known; when paced, the old ones only beside a new one', async () => {
    const { store, put } = await world()
    await put('2026-05-01', tallied(false))
    const facts = { nowMs: LAST_MS, settleAfterDays: 2 }
    expect(await settlesDue(store, placed, facts, true)).toEqual([])
    expect(await settlesDue(store, placed, facts, false)).toMatchObject([{ day: '2026-05-01' }])
    await put(DAY, tallied(false))
    const both = [{ day: '2026-05-01' }, { day: DAY }]
    expect(await settlesDue(store, placed, facts, true)).toMatchObject(both)
  })

  it('are also those to which a worker that slept appended, and died (F16)', async () => {
    const { store, put } = await world()
    const site = { ...portal(), content: Buffer.from('one\n') }
    const ports = { store, source: sourceOf(site), clock: { now: () => LAST_MS } }
    const facts = { nowMs: LAST_MS + DAY_MS, settleAfterDays: 2 }
    const due = () => settlesDue(store, placed, facts, false)
    await pull(ports, FILE, 'path', 'round')
    await put(DAY, tallied(true))
    const reading = { feed: 'alarm', atMs: LAST_MS, found: true, settled: true } as const
    await observe(store.table, SITE.id, DAY, END_MS, 'settle', [reading])
    expect(await due()).toEqual([])
    site.content = Buffer.from('one\ntwo\n')
    await pull(ports, FILE, 'path', 'round')
    expect(await due()).toMatchObject([{ day: DAY, feeds: ['alarm'] }])
    facts.nowMs += 30 * DAY_MS
    expect(await due()).toEqual([])
  })

  it('are also those whose file was absent, and came to a sleeper that died (F16)', async () => {
    const { store } = await world()
    const facts = { nowMs: LAST_MS + DAY_MS, settleAfterDays: 2 }
    const reading = { feed: 'alarm', atMs: LAST_MS, found: false, settled: true } as const
    await observe(store.table, SITE.id, DAY, END_MS, 'settle', [reading])
    expect(await settlesDue(store, placed, facts, false)).toEqual([])
    const site = { ...portal(), content: Buffer.from('one\n') }
    const ports = { store, source: sourceOf(site), clock: { now: () => LAST_MS } }
    await pull(ports, FILE, 'path', 'round')
    expect(await settlesDue(store, placed, facts, false)).toMatchObject([{ day: DAY }])
  })

  it('are by hand any days that are over, with every feed', async () => {
    const { store } = await world()
    await observe(store.table, SITE.id, DAY, END_MS, 'backfill', [])
    const range = { from: '2026-11-09', to: '2026-11-12' }
    const asked = await settlesAsked(store, { site: SITE, zone }, END_MS, range)
    expect(asked.map(({ day }) => day)).toEqual(['2026-11-09', DAY])
    expect(asked.map(({ observed }) => observed?.via)).toEqual([undefined, 'backfill'])
    expect(asked[0]!.feeds).toEqual(['system', 'alarm', 'service'])
  })
})

describe('records that are not archived a week before they would leave the table', () => {
  async function world(closed: boolean) {
    const store = ledgersIn()
    const site = { ...portal(), content: Buffer.from('one\n') }
    const clock = { now: () => END_MS }
    await pull({ store, source: sourceOf(site), clock }, FILE, 'path', 'round')
    const items = () => store.table.list(ledgerPartition(FILE.site, FILE.feed, FILE.day))
    const key = { partition: daysPartition(SITE.id), sort: DAY }
    await store.table.create(key, { data: { format: 1, ...tallied(closed) } })
    return { store, items, late: (nowMs: number) => putOffExpiry(store, placed, nowMs) }
  }

  it('leave as long behind their day as the settings say', async () => {
    const { store } = await world(false)
    const retention = { keepDays: 9, settleAfterDays: 2 }
    const { keepDays } = ledgersOf({ ...store, settings: { retention } as Settings })
    const own = { ...store, keepDays }
    const dayEndMs = Date.parse('2026-11-11T12:00:00Z')
    expect(expiryOf(own, FILE, dayEndMs - DAY_MS)).toBe(dayEndMs + 9 * DAY_MS)
    expect(expiryOf(own, FILE, dayEndMs + DAY_MS)).toBe(dayEndMs + 10 * DAY_MS)
  })

  it('stay longer, and are told; what they hold is as before', async () => {
    const { items, late } = await world(false)
    const [before] = await items()
    const nowMs = before!.expiresAt! - 7 * DAY_MS
    expect(await late(nowMs - DAY_MS)).toEqual([])
    expect(await late(nowMs + 1)).toEqual([{ site: SITE.id, feed: 'alarm', day: DAY }])
    const [after] = await items()
    expect(after!.expiresAt).toBe(nowMs + 1 + 35 * DAY_MS)
    expect({ data: after!.data, bytes: after!.bytes }).toEqual({
      data: before!.data,
      bytes: before!.bytes,
    })
    expect(await late(nowMs + 2)).toEqual([])
  })

  it('are told no more once they are closed in the same run', () => {
    const files = (['system', 'alarm'] as const).map((feed) => ({ site: 's1', feed, day: DAY }))
    expect(withoutClosed(files, [files[1]!])).toEqual([files[0]])
    expect(withoutClosed(files, [{ ...files[1]!, day: '2026-11-09' }])).toEqual(files)
  })

  it('may go once they are archived (F17)', async () => {
    const { items, late } = await world(true)
    const [before] = await items()
    expect(await late(before!.expiresAt! - 1)).toEqual([])
    expect(await items()).toEqual([before])
  })
})
