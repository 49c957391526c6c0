import { describe, expect, it } from 'vitest'
import { bringUpBook } from '../../lib/alarms/book.ts'
import { standingAt } from '../../lib/alarms/past.ts'
import { observationsOf } from '../../lib/alarms/rows.ts'
import { collectDay } from '../../lib/ledger/collect-day.ts'
import { siteDays } from '../../lib/ledger/days.ts'
import { segmentsUpTo } from '../../lib/ledger/ledger.ts'
import { observe, observedDays } from '../../lib/ledger/observed.ts'
import { memoryTable } from '../../lib/store/memory.ts'
import type { Table } from '../../lib/store/table.ts'
import { Zone } from '../../lib/time.ts'
import { ledgersIn } from '../fixtures/ledgers.ts'
import { type Failure, failingTable } from './failing-table.ts'
import { countsOf, inOrder, raise, storedCounts, wholeUnits } from './oracle.ts'
import { FILE, portal, SITE, sourceOf } from './portal.ts'

const placed = { site: SITE, zone: new Zone(SITE.timeZone) }
const START = placed.zone.startOf(FILE.day)

const line = (name: string, minute: number, resumed = '') => {
  const time = `2026-11-10 01:${String(minute).padStart(2, '0')}:00`
  return `s1|${name}|n|d|2026-11-10 01:00:00|${resumed && time}|${time}\n`
}

/** States of the alarm file: it grows, is cut, is written anew, and grows again. */
const STATES = [
  line('a', 1) + line('b', 2),
  line('a', 1) + line('b', 2) + line('a', 3, 'yes') + line('c', 4),
  line('c', 4) + line('d', 5),
  line('e', 6) + line('e', 6) + line('c', 4) + line('d', 5),
  line('e', 6) + line('e', 6) + line('c', 4) + line('d', 5) + line('d', 7, 'yes'),
].map((text) => Buffer.from(text))

/** A round over the one file, as the pipeline does it: ledger, tally, book, observed. */
async function round(table: Table, state: number): Promise<void> {
  const site = { ...portal(), content: STATES[state]! }
  const nowMs = START + (state + 2) * 3_600_000
  const ports = { store: ledgersIn(table), source: sourceOf(site), clock: { now: () => nowMs } }
  const collected = await collectDay(ports, placed, FILE.day, ['alarm'], { via: 'round' })
  if (collected.failures.length > 0) throw collected.failures[0]!.error
  await bringUpBook(
    ledgersIn(table),
    placed,
    new Map([[FILE.day, collected.newest.get('alarm')!]]),
    '2026-10-01',
  )
  await observe(table, SITE.id, FILE.day, placed.zone.endOf(FILE.day), 'round', collected.readings)
}

/** Lives all states with a table that fails once, and goes on with the next round. */
async function live(failsAt: number, failure: Failure) {
  const whole = memoryTable()
  const table = failingTable(whole, failsAt, failure)
  for (const state of STATES.keys()) await round(table, state).catch(() => round(whole, state))
  const operations = table.operations()
  await round(whole, STATES.length - 1)
  return { whole, operations }
}

describe('a store that fails once, at any operation of five rounds (F63)', () => {
  it.each(['before', 'after', 'done-but-refused'] as const)('%s it is done', async (failure) => {
    const wanted = new Map<string, number>()
    for (const state of STATES) raise(wanted, countsOf(wholeUnits(state)))
    const lines = [...wanted.values()].reduce((sum, count) => sum + count, 0)
    const { operations } = await live(Number.POSITIVE_INFINITY, failure)
    expect(operations).toBeGreaterThan(40)
    for (let failsAt = 1; failsAt <= operations; failsAt += 1) {
      const { whole } = await live(failsAt, failure)
      const records = await segmentsUpTo(ledgersIn(whole), FILE, Number.POSITIVE_INFINITY)
      expect(inOrder(storedCounts(records)), `operation ${failsAt}`).toEqual(inOrder(wanted))
      const tally = (await siteDays(whole, SITE.id)).get(FILE.day)!.feeds.alarm!
      expect(tally, `operation ${failsAt}`).toMatchObject({
        lines,
        readings: lines,
        sequence: records.length,
      })
      const book = await bringUpBook(ledgersIn(whole), placed, new Map(), '2026-10-01')
      const all = await observationsOf(ledgersIn(whole), placed, [FILE.day])
      const [standing] = standingAt(all, [Number.POSITIVE_INFINITY])
      expect(book.open.map(({ name }) => name)).toEqual(standing!.map(({ name }) => name).sort())
      expect(book.open.map(({ name }) => name)).toEqual(['b', 'c', 'e'])
      expect(
        (await observedDays(whole, SITE.id, Number.POSITIVE_INFINITY)).get(FILE.day)?.feeds.alarm,
      ).toHaveLength(1)
    }
  })
})
