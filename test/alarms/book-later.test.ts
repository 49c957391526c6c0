import { describe, expect, it } from 'vitest'
import { bookOf, bringUpBook } from '../../lib/alarms/book.ts'
import { MINUTE_MS, Zone } from '../../lib/time.ts'
import { ledgersIn } from '../fixtures/ledgers.ts'
import { alarmLine, alarmWorld } from './world.ts'

/** A book that is brought up when it is asked for, and written when that is worth it. */

const DAY = '2026-10-24'
const KEEP_FROM = '2026-09-01'
const START = new Zone('Europe/Berlin').startOf(DAY)
const UNKNOWN = new Map([[DAY, Number.POSITIVE_INFINITY]])

const lines = (count: number) =>
  Array.from({ length: count }, (_, n) =>
    alarmLine(`a${n}`, `${DAY} 08:0${n}:00`, `${DAY} 08:0${n}:00`),
  ).join('')

describe.each(['merge', 'replace'] as const)('a book under %s', (onRewrite) => {
  const world = () => {
    const { table, placed, read } = alarmWorld({ onRewrite })
    let minutes = 500
    return {
      async grow(count: number) {
        minutes += 5
        await read(DAY, lines(count), START + minutes * MINUTE_MS)
      },
      bringUp: (worthRecords?: number) =>
        bringUpBook(ledgersIn(table), placed, UNKNOWN, KEEP_FROM, worthRecords),
      stored: async () => (await bookOf(table, 's1')).days[DAY]?.sequence ?? 0,
    }
  }

  it('finds by itself which records there are', async () => {
    const { grow, bringUp, stored } = world()
    expect((await bringUp()).open).toEqual([])
    expect(await stored()).toBe(0)
    for (const count of [1, 2, 3]) {
      await grow(count)
      expect((await bringUp()).open).toHaveLength(count)
      expect(await stored()).toBe(count)
      const same = await bringUp()
      expect(same.open).toHaveLength(count)
    }
  })
})

it('a book is written when it went on by as much as that is worth, and said whole', async () => {
  const { table, placed, read } = alarmWorld()
  const stored = async () => (await bookOf(table, 's1')).days[DAY]?.sequence ?? 0
  const seen: number[] = []
  for (const count of [1, 2, 3, 4, 5, 6, 7]) {
    await read(DAY, lines(count), START + (500 + 5 * count) * MINUTE_MS)
    const { open } = await bringUpBook(ledgersIn(table), placed, UNKNOWN, KEEP_FROM, 3)
    expect(open).toHaveLength(count)
    seen.push(await stored())
  }
  // The first time it is folded from nothing, and that is written.
  expect(seen).toEqual([1, 1, 1, 4, 4, 4, 7])
})
