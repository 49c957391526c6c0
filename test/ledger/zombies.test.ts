import { describe, expect, it } from 'vitest'
import { bringUpDay, placedSite } from '../../lib/ledger/days.ts'
import { createRecord } from '../../lib/ledger/ledger.ts'
import { isClose } from '../../lib/ledger/record.ts'
import { settleFile } from '../../lib/ledger/settle.ts'
import { daysPartition, ledgerPartition } from '../../lib/store/keys.ts'
import { Zone } from '../../lib/time.ts'
import { A, B, C, line, oneFile } from './one-file.ts'
import { FILE, SITE, sourceOf } from './portal.ts'
import { tableInTurns, turns } from './turns.ts'

const LEDGER = ledgerPartition(FILE.site, FILE.feed, FILE.day)

type World = ReturnType<typeof oneFile>

/** The next who creates an item in `partition` falls asleep before or behind it: `act` happens. */
function asleep(
  { store }: World,
  when: 'before' | 'behind',
  act: () => Promise<unknown>,
  partition = LEDGER,
) {
  const { create } = store.table
  store.table.create = async (key, content) => {
    if (key.partition !== partition) return create(key, content)
    store.table.create = create
    if (when === 'before') await act()
    const write = await create(key, content)
    if (when === 'behind') await act()
    return write
  }
}

/** The numbers of the records that stand in the table. */
async function left({ store }: World): Promise<number[]> {
  return (await store.table.list(LEDGER)).map(({ sort }) => Number(sort))
}

describe('a zombie', () => {
  it('that wakes below a close record, its number free again, loses nothing', async () => {
    const all = oneFile()
    await all.pull(A)
    asleep(all, 'before', async () => {
      // Another one reads on, another day's file stands there, it is settled, and records expire.
      await all.pull(A + B)
      await all.pull(A + B + C)
      await all.settle()
      await all.drop(1, 2, 3)
    })
    const pulled = await all.pull(A + line('D'))
    expect((await all.names()).sort()).toEqual(['A', 'B', 'C', 'D'])
    expect(pulled.appended.filter(({ lines }) => lines > 0)).toHaveLength(1)
    expect(await left(all)).toEqual([4, 5])
  })

  it('that settles below a newer close record takes its own away and begins again', async () => {
    const all = oneFile()
    await all.pull(A)
    asleep(all, 'before', async () => {
      all.clock.nowMs += 1
      await all.settle()
      await all.pull(A + B)
      await all.settle()
      await all.drop(1, 2, 3)
    })
    expect(await all.settle()).toMatchObject({ unchanged: true, sequence: 4 })
    expect(await all.names()).toEqual(['A', 'B'])
    expect(await left(all)).toEqual([4])
  })

  it('that settles where another one just has leaves that close record the only one', async () => {
    const all = oneFile()
    await all.pull(A)
    asleep(all, 'before', all.settle)
    expect(await all.settle()).toMatchObject({ unchanged: true, sequence: 2 })
    expect((await all.records()).map(isClose)).toEqual([false, true])
  })

  it('that settles a file which grows meanwhile archives all records or none', async () => {
    const all = oneFile()
    await all.pull(A)
    asleep(all, 'behind', () => all.pull(A + B), daysPartition(SITE.id))
    expect(await all.settle()).toMatchObject({ sequence: 3, close: { proof: { lines: 2 } } })
    expect(await all.store.archive.list('')).toEqual(['ledger/alarm/2026-11-10/s1/00000002.zst'])
  })

  it.each([false, true])(
    'that settles a file which others tally further meanwhile begins again, once closed: %j',
    async (closed) => {
      const all = oneFile()
      await all.pull(A)
      if (closed) await all.settle()
      const { get } = all.store.table
      all.store.table.get = async (key) => {
        if (key.partition === daysPartition(SITE.id)) {
          all.store.table.get = get
          const { place } = await all.pull(A + B)
          const newest = new Map([['alarm' as const, place.sequence]])
          await bringUpDay(all.store, placedSite(SITE), FILE.day, newest)
        }
        return get(key)
      }
      const sequence = closed ? 4 : 3
      expect(await all.settle()).toMatchObject({ sequence, close: { proof: { lines: 2 } } })
      expect(await all.tally()).toMatchObject({ sequence, lines: 2 })
    },
  )

  it.each([false, true])(
    'that was merely overtaken has lost nothing, on a day once closed: %j',
    async (closed) => {
      const all = oneFile()
      await all.pull(A)
      if (closed) await all.settle()
      asleep(all, 'behind', () => all.pull(A + B + C))
      // It need not look into an archive below what it created.
      all.store.archive.get = () => Promise.reject(new Error('the archive was asked'))
      const pulled = await all.pull(A + B)
      expect(pulled.appended.map(({ lines, aside }) => [lines, aside])).toEqual([[1, false]])
      expect(await all.names()).toEqual(['A', 'B', 'C'])
      expect((await all.records()).length).toBe(closed ? 4 : 3)
    },
  )

  it.each([[[]], [[1]], [[1, 2]]])(
    'whose record was archived before it looks has lost nothing, with %j expired',
    async (expired) => {
      const all = oneFile()
      await all.pull(A)
      asleep(all, 'behind', async () => {
        await all.settle()
        await all.drop(...expired)
      })
      const pulled = await all.pull(A + B)
      expect(pulled.appended).toMatchObject([{ sequence: 2, lines: 1, aside: false }])
      expect(await all.names()).toEqual(['A', 'B'])
      expect((await all.records()).map(({ sequence }) => sequence)).toEqual([1, 2, 3])
    },
  )

  it('that finds the close record of another zombie at its number takes that away', async () => {
    const all = oneFile()
    await all.pull(A)
    asleep(all, 'behind', async () => {
      const { close } = await all.settle()
      await all.drop(1, 2)
      // It settled record 1 alone, slept, and died before it saw the newer close record.
      await createRecord(all.store, FILE, { ...close!, sequence: 2, end: A.length })
    })
    await all.pull(A + B)
    expect(await left(all)).toEqual([3])
    expect(await all.names()).toEqual(['A', 'B'])
  })

  it.each([0, 1, 2])('that settles at once with another one: the same state (%j)', async (seed) => {
    const all = oneFile()
    await all.pull(A)
    all.site.content = Buffer.from(A + B + C.slice(0, -1))
    const order = turns()
    const table = all.store.table
    const placed = { site: SITE, zone: new Zone(SITE.timeZone) }
    const work = [0, 1, 2].map((who) => {
      const turn = () => order.turn(who)
      const store = { ...all.store, table: tableInTurns(table, turn) }
      const ports = { store, source: sourceOf(all.site, turn), clock: all.clock }
      return settleFile(ports, placed, FILE, 'round')
    })
    let step = seed
    await order.until(work, (waiting) => {
      step = (step * 7 + 3) % 101
      return step % waiting.length
    })
    const settled = await Promise.all(work)
    expect(settled.filter(({ unchanged }) => !unchanged)).toHaveLength(1)
    expect(settled.reduce((sum, { added }) => sum + added, 0)).toBe(1)
    expect(await all.names()).toEqual(['A', 'B', 'C'])
    expect(await all.tally()).toMatchObject({ lines: 3, proof: { lines: 3 } })
  })
})
