import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bringUpDay, countedAnew, newestOf, placedSite, siteDays } from '../../lib/ledger/days.ts'
import { createRecord, recordsAfter } from '../../lib/ledger/ledger.ts'
import { provisionalService } from '../../lib/ledger/provisional.ts'
import { pull } from '../../lib/ledger/pull.ts'
import type { Proof, SegmentRecord } from '../../lib/ledger/record.ts'
import { readerOf, readTail } from '../../lib/ledger/rows.ts'
import { emptyTally, type Tally } from '../../lib/ledger/tally.ts'
import type { Feed, Site } from '../../lib/site.ts'
import { daysPartition, ledgerPartition, sequenceKey } from '../../lib/store/keys.ts'
import { memoryTable } from '../../lib/store/memory.ts'
import { ledgersIn } from '../fixtures/ledgers.ts'
import { FILE, portal, SITE, sourceOf } from './portal.ts'
import { tableInTurns, turns } from './turns.ts'

const DAY = FILE.day

function world(changes: Partial<Site> = {}) {
  const site = { ...SITE, ...changes }
  const table = memoryTable()
  const newest = new Map<Feed, number>()
  let nowMs = Date.parse('2026-11-10T12:00:00Z')
  return {
    table,
    placed: placedSite(site),
    newest,
    async read(feed: Feed, text: string) {
      nowMs += 60_000
      const source = sourceOf({ ...portal(), content: Buffer.from(text) })
      const ports = { store: ledgersIn(table), source, clock: { now: () => nowMs } }
      const pulled = await pull(ports, { site: site.id, feed, day: DAY }, 'path', 'round')
      newest.set(feed, pulled.place.sequence)
    },
  }
}
const alarm = (name: string) => `s1|${name}|n|d|${DAY} 01:00:00||${DAY} 01:00:00\n`
const service = (calls: number) => `s1|1|2|3|${calls}|5|6|7|${DAY} 00:10:00\n`

describe('the tallies of a day', () => {
  it('come up to the newest record of each feed, and stay when there is nothing new', async () => {
    const { table, placed, newest, read } = world()
    await read('alarm', `${alarm('a')}bad\n`)
    await read('service', service(4))
    const first = await bringUpDay(ledgersIn(table), placed, DAY, newest)
    expect(first.before).toEqual({ feeds: {} })
    expect(first.after.feeds.alarm).toMatchObject({
      sequence: 1,
      lines: 2,
      readings: 1,
      rejects: 1,
    })
    expect(first.after.feeds.service?.service?.calls).toBe(4)
    const version = (await table.get({ partition: daysPartition('s1'), sort: DAY }))?.version
    await bringUpDay(ledgersIn(table), placed, DAY, newest)
    expect((await table.get({ partition: daysPartition('s1'), sort: DAY }))?.version).toBe(version)
  })

  it('are never written with a lower position by a zombie, in any order of steps', async () => {
    const orders = fc.array(fc.nat(100), { minLength: 10, maxLength: 40 })
    await fc.assert(
      fc.asyncProperty(orders, async (order) => {
        const { table, placed, newest, read } = world()
        const steps = turns()
        const work: Promise<unknown>[] = []
        let text = ''
        for (let who = 0; who < 3; who += 1) {
          text += alarm(`a${who}`)
          await read('alarm', text)
          await read('service', service(who))
          const inTurn = tableInTurns(table, () => steps.turn(who))
          work.push(bringUpDay(ledgersIn(inTurn), placed, DAY, new Map(newest)))
        }
        let step = 0
        await steps.until(work, () => order[step++ % order.length]! + step)
        await Promise.all(work)
        const { feeds } = (await siteDays(table, 's1')).get(DAY)!
        expect(feeds.alarm).toMatchObject({ sequence: 3, lines: 3 })
        expect(feeds.service).toMatchObject({ sequence: 3, lines: 3, generation: 2 })
      }),
      { numRuns: 60 },
    )
  })

  it('are of the feeds that a site has, whatever it had before', async () => {
    const { table, placed, read } = world()
    await read('alarm', alarm('a'))
    await read('service', service(4))
    const feeds = { alarm: { path: 'a' }, system: { path: 's' } }
    const changed = { ...placed, site: { ...placed.site, feeds } }
    expect([...(await newestOf(ledgersIn(table), changed, DAY))]).toEqual([
      ['system', 0],
      ['alarm', 1],
    ])
    // What it had before can be counted all the same.
    const anew = await countedAnew(ledgersIn(table), changed, 'service', DAY)
    expect(anew).toMatchObject({ sequence: 1, lines: 1, service: { calls: 4 } })
    expect(await countedAnew(ledgersIn(table), changed, 'system', DAY)).toBeUndefined()
  })

  it('have the counts of the newest service file that has any', async () => {
    const { table, placed, newest, read } = world()
    await read('service', 'bad\n')
    await read('service', 'worse\n')
    const first = await bringUpDay(ledgersIn(table), placed, DAY, newest)
    expect(first.after.feeds.service).toMatchObject({ lines: 2, rejects: 2, generation: 1 })
    expect(first.after.feeds.service).not.toHaveProperty('service')
    await read('service', service(4))
    await read('service', service(5))
    await read('service', service(4))
    const { after } = await bringUpDay(ledgersIn(table), placed, DAY, newest)
    expect(after.feeds.service).toMatchObject({ lines: 4, service: { calls: 4 } })
  })

  it('of another release are left alone', async () => {
    const { table, placed, newest, read } = world()
    await read('alarm', alarm('a'))
    await table.create({ partition: daysPartition('s1'), sort: DAY }, { data: { format: 99 } })
    const wanted = { code: 'day-format', class: 'skip' }
    await expect(siteDays(table, 's1')).rejects.toMatchObject(wanted)
    await expect(bringUpDay(ledgersIn(table), placed, DAY, newest)).rejects.toMatchObject(wanted)
  })

  it('count all rows under merge, those of the newest file under replace', async () => {
    for (const [onRewrite, lines] of [
      ['merge', 3],
      ['replace', 1],
    ] as const) {
      const { table, placed, newest, read } = world({ onRewrite })
      await read('alarm', alarm('a') + alarm('b'))
      await bringUpDay(ledgersIn(table), placed, DAY, newest)
      await read('alarm', alarm('c'))
      const { after } = await bringUpDay(ledgersIn(table), placed, DAY, newest)
      expect(after.feeds.alarm, onRewrite).toMatchObject({ sequence: 2, lines, generation: 1 })
    }
  })

  it('are the same when they are computed anew', async () => {
    const { table, placed, newest, read } = world()
    const lines = [alarm('a'), 'bad\n', '\n', alarm('中'), alarm('b').repeat(2)]
    for (let count = 1; count <= lines.length; count += 1) {
      await read('alarm', lines.slice(0, count).join(''))
      await bringUpDay(ledgersIn(table), placed, DAY, newest)
    }
    const key = { partition: daysPartition('s1'), sort: DAY }
    const item = (await table.get(key))!
    await table.remove(key, item.version)
    const { after } = await bringUpDay(ledgersIn(table), placed, DAY, newest)
    expect(after).toEqual({ feeds: item.data.feeds })
  })

  it('refuse to go on when they do not count what the ledger holds', async () => {
    const { table, placed, newest, read } = world()
    await read('alarm', alarm('a'))
    await bringUpDay(ledgersIn(table), placed, DAY, newest)
    const key = { partition: daysPartition('s1'), sort: DAY }
    const item = (await table.get(key))!
    const feeds = item.data.feeds as { alarm: { lines: number } }
    feeds.alarm.lines += 1
    await table.replace(key, item.version, { data: { format: 1, feeds } })
    await read('alarm', alarm('a') + alarm('b'))
    await expect(bringUpDay(ledgersIn(table), placed, DAY, newest)).rejects.toMatchObject({
      code: 'tally-count',
    })
  })
})

describe('the ledger read on', () => {
  const record = (sequence: number): SegmentRecord => ({
    ...{ sequence, generation: 0, start: sequence, end: sequence + 1, open: false, readAtMs: 1 },
    ...{ via: 'round', marker: { length: 0, sha256: '' }, aside: false, mixed: false },
    ...{ charset: undefined, lines: 1, rows: sequence, body: Buffer.from('\n') },
    pieces: [{ units: 1, bytes: 1, open: false }],
  })
  const sequences = async (table: ReturnType<typeof memoryTable>, after: number) => {
    const all: number[] = []
    for await (const { sequence } of recordsAfter(ledgersIn(table), FILE, after)) all.push(sequence)
    return all
  }

  it('gives every record once and in order, over many pages', async () => {
    const table = memoryTable()
    for (let sequence = 1; sequence <= 50; sequence += 1) {
      expect(await createRecord(ledgersIn(table), FILE, record(sequence))).toBe(true)
    }
    expect(await createRecord(ledgersIn(table), FILE, record(7))).toBe(false)
    expect(await sequences(table, 0)).toEqual(Array.from({ length: 50 }, (_, n) => n + 1))
    expect(await sequences(table, 48)).toEqual([49, 50])
    expect(await sequences(table, 50)).toEqual([])
  })

  it('reads again at a gap, as a listing beside a writer may show', async () => {
    const table = memoryTable()
    for (const sequence of [1, 2, 3]) await createRecord(ledgersIn(table), FILE, record(sequence))
    let lists = 0
    const torn = {
      ...table,
      list: async (...args: Parameters<typeof table.list>) => {
        lists += 1
        const items = await table.list(...args)
        return lists === 1 ? items.filter(({ sort }) => sort !== sequenceKey(2)) : items
      },
    }
    expect(await sequences(torn, 0)).toEqual([1, 2, 3])
  })

  it('says that an item is lost when the gap stays', async () => {
    const table = memoryTable()
    for (const sequence of [1, 2, 4]) await createRecord(ledgersIn(table), FILE, record(sequence))
    await expect(sequences(table, 0)).rejects.toMatchObject({ code: 'ledger-gap', class: 'skip' })
  })

  it('leaves a record of another release alone', async () => {
    const table = memoryTable()
    const partition = ledgerPartition('s1', 'alarm', DAY)
    await table.create({ partition, sort: sequenceKey(1) }, { data: { format: 2, pieces: [] } })
    await expect(sequences(table, 0)).rejects.toMatchObject({ code: 'ledger-format' })
  })
})

describe('an unfinished service line (F22)', () => {
  const { placed } = world()
  const shown = (text: string) =>
    provisionalService(placed, {
      via: 'round',
      feeds: {},
      serviceTail: Buffer.from(text).toString('base64'),
    })

  it('is shown when it is all there but for its newline', () => {
    expect(shown(service(9).trimEnd())?.calls).toBe(9)
    expect(shown(`${service(9).trimEnd()}\r`)?.calls).toBe(9)
  })

  it('counts once the day is settled; another one that is read then is shown again', () => {
    const [text, other] = [service(9).trimEnd(), service(8).trimEnd()]
    const serviceTail = Buffer.from(text).toString('base64')
    const observed = { via: 'round' as const, feeds: {}, serviceTail }
    const tallyOf = (line: string, proof?: Proof): Tally => {
      const [counts] = readTail(
        'service',
        Buffer.from(line),
        false,
        readerOf(SITE, placed.zone),
      ).readings
      return { ...emptyTally(), service: counts!, ...(proof && { proof }) }
    }
    const proof = {} as Proof
    expect(provisionalService(placed, observed, tallyOf(text, proof))).toBeUndefined()
    expect(provisionalService(placed, observed, tallyOf(other, proof))?.calls).toBe(9)
    expect(provisionalService(placed, observed, tallyOf(text))?.calls).toBe(9)
  })

  it('is not shown while something of it is missing', () => {
    expect(shown(service(9).slice(0, -2))).toBeUndefined()
    expect(provisionalService(placed, undefined)).toBeUndefined()
    expect(provisionalService(placed, { via: 'round', feeds: {} })).toBeUndefined()
  })
})
