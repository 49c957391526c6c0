import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { segmentsUpTo } from '../../lib/ledger/ledger.ts'
import { pull } from '../../lib/ledger/pull.ts'
import { mergedRows, readerOf, replacedRows } from '../../lib/ledger/rows.ts'
import { memoryTable } from '../../lib/store/memory.ts'
import { Zone } from '../../lib/time.ts'
import { ledgersIn } from '../fixtures/ledgers.ts'
import { after, historiesOf, type Step } from './file-histories.ts'
import {
  type Counts,
  countsOf,
  generations,
  inOrder,
  raise,
  storedCounts,
  wholeBytes,
  wholeUnits,
} from './oracle.ts'
import { FILE, portal, SITE, sourceOf } from './portal.ts'

const reader = () => readerOf(SITE, new Zone(SITE.timeZone))

/** Lives one history with a pull after each step, and compares the ledger with the oracle. */
async function live(steps: readonly Step[], chunkBytes: number, ignoresRanges: boolean) {
  const site = { ...portal(), chunkBytes, ignoresRanges }
  const table = memoryTable()
  let nowMs = 0
  const ports = {
    store: ledgersIn(table),
    source: sourceOf(site),
    clock: { now: () => (nowMs += 1000) },
  }
  const most: Counts = new Map()
  let newest: Buffer = Buffer.alloc(0)
  for (const step of steps) {
    site.content = after(site.content, step)
    const pulled = await pull(ports, FILE, 'path', 'round')
    expect(pulled.found).toBe(site.content !== undefined)
    if (site.content === undefined) continue
    const whole = wholeBytes(site.content)
    raise(most, countsOf(wholeUnits(site.content)))
    if (whole > 0) newest = site.content.subarray(0, whole)
    const tail = site.content.subarray(whole)
    expect(Buffer.compare(pulled.tail, tail)).toBe(0)
    // What was just read is there to resume from, and nothing of an unfinished line (F20, F21).
    if (whole > 0) expect(pulled.place).toMatchObject({ end: whole, finished: true })
    const again = await pull(ports, FILE, 'path', 'round')
    expect(again.appended).toEqual([])
  }
  const records = await segmentsUpTo(ledgersIn(table), FILE, Number.POSITIVE_INFINITY)
  expect(inOrder(storedCounts(records))).toEqual(inOrder(most))
  expect(Buffer.compare([...generations(records).values()].at(-1) ?? newest, newest)).toBe(0)
  let lines = 0
  for await (const rows of mergedRows(ledgersIn(table), FILE, reader(), 0)) {
    lines += rows.parsed.lines
    expect(rows.rows).toBe(lines)
  }
  const counted = [...most].filter(([unit]) => unit.startsWith(' '))
  expect(lines).toBe(counted.reduce((sum, [, count]) => sum + count, 0))
  const replaced = await replacedRows(ledgersIn(table), FILE, reader())
  const newestLines = wholeUnits(newest).filter((unit) => unit.startsWith(' '))
  expect(replaced.reduce((sum, rows) => sum + rows.parsed.lines, 0)).toBe(newestLines.length)
}

describe('the ledger of any history of a day file', () => {
  it('holds each line as often as any state did, and generations whole (F01-F05)', async () => {
    await fc.assert(
      fc.asyncProperty(historiesOf(false), fc.integer({ min: 1, max: 200 }), fc.boolean(), live),
      { numRuns: 500 },
    )
  })

  it('does so too with lines over 64 KiB and holes of NUL bytes (F24, F29)', async () => {
    await fc.assert(
      fc.asyncProperty(
        historiesOf(true),
        fc.integer({ min: 1000, max: 200_000 }),
        fc.boolean(),
        live,
      ),
      { numRuns: 80 },
    )
  })
})
