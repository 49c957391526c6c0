import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  lastRead,
  leastRead,
  type Observed,
  observe,
  observeBackfill,
  observedDays,
  type Reading,
  withReadings,
} from '../../lib/ledger/observed.ts'
import { FEEDS } from '../../lib/site.ts'
import { observedPartition } from '../../lib/store/keys.ts'
import { memoryTable } from '../../lib/store/memory.ts'
import { HOUR_MS, MINUTE_MS } from '../../lib/time.ts'

const END = 24 * HOUR_MS
const at = (atMs: number, found = true, feed: Reading['feed'] = 'alarm'): Reading => ({
  feed,
  atMs,
  found,
})
const grown = (known: Observed | undefined, ...readings: Reading[]) =>
  withReadings(known, readings, END, 'round') ?? known
const intervalsAfter = (...readings: Reading[]) =>
  readings.reduce<Observed | undefined>((known, one) => grown(known, one), undefined)?.feeds.alarm

describe('what was observed', () => {
  it('is one interval while rounds go on, and another one after a long silence', () => {
    expect(intervalsAfter(at(0), at(2 * HOUR_MS), at(4 * HOUR_MS + 1))).toEqual([
      { fromMs: 0, toMs: 2 * HOUR_MS, found: true },
      { fromMs: 4 * HOUR_MS + 1, toMs: 4 * HOUR_MS + 1, found: true },
    ])
  })

  it('tells readings that found the file from those that did not', () => {
    const hour = (count: number) => count * HOUR_MS
    expect(
      intervalsAfter(at(0, false), at(hour(1), false), at(hour(2)), at(hour(3), false)),
    ).toEqual([
      { fromMs: 0, toMs: hour(1), found: false },
      { fromMs: hour(2), toMs: hour(2), found: true },
      { fromMs: hour(3), toMs: hour(3), found: false },
    ])
  })

  it('is written four times in three hours at most, by rounds every five minutes', () => {
    let known: Observed | undefined
    let writes = 0
    const rounds = 24 * 12
    for (let round = 0; round < rounds; round += 1) {
      const nowMs = round * 5 * MINUTE_MS
      const readings = FEEDS.map((feed, index) => at(nowMs + index * 900, true, feed))
      const next = withReadings(known, readings, END, 'round')
      if (next) writes += 1
      known = next ?? known
      for (const feed of FEEDS) {
        expect(nowMs - lastRead(known, feed)!).toBeLessThan(45 * MINUTE_MS)
      }
    }
    expect(writes).toBeLessThanOrEqual(32)
    expect(writes).toBeGreaterThan(28)
  })

  it('is written at the first reading after the end of the day, at once', () => {
    const known = grown(undefined, at(END - MINUTE_MS))
    expect(withReadings(known, [at(END - 1)], END, 'round')).toBeUndefined()
    expect(withReadings(known, [at(END)], END, 'round')?.feeds.alarm?.[0]?.toMs).toBe(END)
  })

  it('keeps at most forty intervals, from the first reading to the last', () => {
    let known: Observed | undefined = grown(undefined, at(0))
    for (let count = 1; count <= 100; count += 1) {
      known = grown(known, at(count * HOUR_MS * 3, count % 2 === 0))
    }
    const intervals = known!.feeds.alarm!
    expect(intervals.length).toBeLessThanOrEqual(40)
    expect(intervals[0]!.fromMs).toBe(0)
    expect(intervals.at(-1)!.toMs).toBe(300 * HOUR_MS)
  })

  it('is not set back by an answer that was slow, nor by a clock that jumped (F67)', () => {
    expect(intervalsAfter(at(HOUR_MS), at(HOUR_MS - MINUTE_MS, false))).toEqual([
      { fromMs: HOUR_MS, toMs: HOUR_MS, found: true },
    ])
    expect(intervalsAfter(at(HOUR_MS), at(MINUTE_MS))).toEqual([
      { fromMs: HOUR_MS, toMs: HOUR_MS, found: true },
    ])
  })

  it('forgets that a file was settled when that must be done once more', async () => {
    const table = memoryTable()
    const day = '2026-11-10'
    const read = (atMs: number, settled: boolean) =>
      observe(table, 's1', day, 0, 'settle', [{ feed: 'alarm', atMs, found: true, settled }])
    const settledMs = async () => (await observedDays(table, 's1', END)).get(day)?.settledMs?.alarm
    await read(HOUR_MS, true)
    expect(await settledMs()).toBe(HOUR_MS)
    await read(HOUR_MS + 1, false)
    expect(await settledMs()).toBeUndefined()
  })

  it('goes on where a clock was ahead, and is silent of that until then (F67)', async () => {
    const table = memoryTable()
    const day = '2026-11-10'
    const read = (atMs: number, found = true) =>
      observe(table, 's1', day, 0, 'round', [{ feed: 'alarm', atMs, found, settled: true }])
    const known = async (nowMs: number) => {
      const { feeds, settledMs } = (await observedDays(table, 's1', nowMs)).get(day)!
      return { intervals: feeds.alarm, settledMs: settledMs?.alarm }
    }
    const ahead = 40 * HOUR_MS
    await read(ahead, false)
    expect(await known(5 * HOUR_MS)).toEqual({ intervals: [], settledMs: undefined })
    await read(5 * HOUR_MS)
    await read(6 * HOUR_MS)
    const own = { fromMs: 5 * HOUR_MS, toMs: 6 * HOUR_MS, found: true }
    expect(await known(6 * HOUR_MS)).toEqual({ intervals: [own], settledMs: 6 * HOUR_MS })
    const wrong = { fromMs: ahead, toMs: ahead, found: false }
    expect((await known(ahead)).intervals).toEqual([own, wrong])
    // A little ahead: what was read at its beginning was read.
    await read(7.5 * HOUR_MS)
    expect((await known(7 * HOUR_MS)).intervals).toEqual([{ ...own, toMs: own.fromMs }])
  })

  it('lies in order and without overlap after any readings', () => {
    const reading = fc.tuple(fc.nat(60 * HOUR_MS), fc.boolean())
    fc.assert(
      fc.property(fc.array(reading, { maxLength: 60 }), (all) => {
        const intervals = intervalsAfter(...all.map(([atMs, found]) => at(atMs, found))) ?? []
        for (const [index, { fromMs, toMs }] of intervals.entries()) {
          expect(toMs).toBeGreaterThanOrEqual(fromMs)
          if (index > 0) expect(fromMs).toBeGreaterThan(intervals[index - 1]!.toMs)
        }
      }),
    )
  })

  it('keeps the unfinished last line of a service file, and drops it when it is finished', () => {
    const tail = (text: string, atMs: number): Reading => ({
      ...at(atMs, true, 'service'),
      tail: Buffer.from(text),
    })
    const first = grown(undefined, tail('s1|1', 0))!
    expect(first.serviceTail).toBe(Buffer.from('s1|1').toString('base64'))
    expect(withReadings(first, [tail('s1|1', 1)], END, 'round')).toBeUndefined()
    expect(withReadings(first, [tail('', 2)], END, 'round')).not.toHaveProperty('serviceTail')
    expect(grown(first, at(40 * MINUTE_MS))!.serviceTail).toBe(first.serviceTail)
  })

  it('is of the backfill until a round has read the day, and of the round ever after', () => {
    const known = withReadings(undefined, [at(0)], END, 'backfill')
    expect(known?.via).toBe('backfill')
    const round = withReadings(known, [at(1)], END, 'round')
    expect(round?.via).toBe('round')
    expect(withReadings(round, [at(HOUR_MS)], END, 'backfill')?.via).toBe('round')
  })
})

describe('a day that was settled', () => {
  const settled = (atMs: number, feed: Reading['feed'] = 'alarm'): Reading => ({
    ...at(atMs, true, feed),
    settled: true,
  })

  it('says of each file when it was settled last, at once', () => {
    const known = grown(undefined, settled(0), settled(5, 'service'))!
    expect(known.settledMs).toEqual({ alarm: 0, service: 5 })
    expect(withReadings(known, [settled(7)], END, 'settle')!.settledMs).toEqual({
      ...{ alarm: 7, service: 5 },
    })
    expect(withReadings(known, [settled(3, 'service')], END, 'settle')!.settledMs).toEqual({
      ...{ alarm: 0, service: 5 },
    })
    expect(grown(known, at(HOUR_MS))!.settledMs).toEqual({ alarm: 0, service: 5 })
  })

  it('stays of whoever read it, and of the backfill when nobody had', () => {
    expect(withReadings(undefined, [settled(0)], END, 'settle')?.via).toBe('backfill')
    const round = grown(undefined, at(0))
    expect(withReadings(round, [settled(1)], END, 'settle')?.via).toBe('round')
  })
})

describe('a backfill that has begun', () => {
  const begun = { feeds: {}, via: 'round' as const, backfillingSinceMs: 5 }

  it('is ended by its own readings alone', () => {
    for (const via of ['round', 'settle'] as const) {
      expect(withReadings(begun, [at(6)], END, via)).toMatchObject({ backfillingSinceMs: 5 })
    }
    expect(withReadings(begun, [], END, 'backfill')).not.toHaveProperty('backfillingSinceMs')
  })

  it('is noted beside a round that reads the day at the same moment', async () => {
    const table = memoryTable()
    const days = () => observedDays(table, 's1', Number.POSITIVE_INFINITY)
    await Promise.all([
      observe(table, 's1', '2026-11-10', END, 'round', [at(1)]),
      observeBackfill(table, 's1', '2026-11-10', 5),
      observeBackfill(table, 's1', '2026-11-11', 5),
    ])
    const known = (await days()).get('2026-11-10')
    expect(known).toMatchObject({ via: 'round', backfillingSinceMs: 5 })
    expect(lastRead(known, 'alarm')).toBe(1)
    const own = { via: 'backfill', backfillingSinceMs: 5, feeds: {} }
    expect((await days()).get('2026-11-11')).toMatchObject(own)
    // The next one over the same days begins anew.
    await observeBackfill(table, 's1', '2026-11-10', 7)
    expect((await days()).get('2026-11-10')).toEqual({ ...known, backfillingSinceMs: 7 })
  })
})

describe('observe', () => {
  it('loses no reading when many write at once', async () => {
    const table = memoryTable()
    await Promise.all(
      Array.from({ length: 20 }, (_, n) =>
        observe(table, 's1', '2026-11-10', END, 'round', [
          at(n * 3 * HOUR_MS, true, FEEDS[n % 3]!),
        ]),
      ),
    )
    const known = (await observedDays(table, 's1', Number.POSITIVE_INFINITY)).get('2026-11-10')
    expect(FEEDS.map((feed) => lastRead(known, feed)! / HOUR_MS)).toEqual([54, 57, 51])
    expect(leastRead(known)).toBe(51 * HOUR_MS)
    expect(leastRead({ ...known!, feeds: { alarm: known!.feeds.alarm! } })).toBeUndefined()
  })

  it('leaves an item of another release alone', async () => {
    const table = memoryTable()
    const key = { partition: observedPartition('s1'), sort: '2026-11-10' }
    await table.create(key, { data: { format: 99, all: 'new' } })
    await expect(observe(table, 's1', '2026-11-10', END, 'round', [at(0)])).rejects.toMatchObject({
      code: 'observed-format',
      class: 'skip',
    })
    await expect(observedDays(table, 's1', Number.POSITIVE_INFINITY)).rejects.toMatchObject({
      code: 'observed-format',
    })
    expect((await table.get(key))?.data).toEqual({ format: 99, all: 'new' })
  })
})
