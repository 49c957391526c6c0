import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  joined,
  mayReturn,
  type Occurrence,
  occurrenceKey,
  openAlarm,
} from '../../lib/alarms/occurrence.ts'
import { standingAt } from '../../lib/alarms/past.ts'

/** One observation; `recordedMs` is `changedMs` unless it is given: both clocks are right. */
function one(changes: Partial<Occurrence> & { recordedMs?: number } = {}): Occurrence {
  const { recordedMs, ...own } = changes
  const { changedMs = 100, description = 'd', recovered = false } = own
  const lastDay = own.lastDay ?? '2026-11-10'
  const days = { recordedDay: lastDay, changedDay: lastDay, lastDay }
  const seen = { recordedMs: recordedMs ?? changedMs, changedMs, ...days, description }
  return {
    ...{ name: 'a', node: 'n', raisedText: '2026-11-10 01:00:00', raisedMs: 100 },
    ...{ description, changedMs, recovered, firstReadMs: 200, backfilled: false },
    ...{ firstDay: '2026-11-10', lastDay: '2026-11-10' },
    ...(recovered ? { recovery: seen } : { standing: seen }),
    ...own,
  }
}
const any = fc
  .record({
    description: fc.constantFrom('d', 'e'),
    changedMs: fc.nat(3),
    recordedMs: fc.nat(4),
    recovered: fc.boolean(),
    firstReadMs: fc.nat(3),
    backfilled: fc.boolean(),
    firstDay: fc.constantFrom('2026-11-09', '2026-11-10'),
    lastDay: fc.constantFrom('2026-11-10', '2026-11-11'),
  })
  .map(one)

describe('views of one occurrence', () => {
  it('give the same in any order, in any grouping, and when one comes twice', () => {
    fc.assert(
      fc.property(any, any, any, (a, b, c) => {
        expect(joined(a, b)).toEqual(joined(b, a))
        expect(joined(joined(a, b), c)).toEqual(joined(a, joined(b, c)))
        expect(joined(joined(a, b), b)).toEqual(joined(a, b))
      }),
      { numRuns: 1000 },
    )
  })

  it('are decided by the newest record time, and at a tie by the recovered one', () => {
    expect(joined(one({ recovered: true }), one({ changedMs: 101 })).recovered).toBe(false)
    expect(joined(one({ recovered: true }), one()).recovered).toBe(true)
    expect(joined(one({ changedMs: 101 }), one({ description: 'z' })).description).toBe('d')
  })

  it('hold a recovery that is newer by either clock (F66, F67)', () => {
    // The site's clock was ahead when it raised the alarm, and was put right.
    const ahead = one({ recordedMs: 900, changedMs: 100 })
    const recovery = one({ recovered: true, changedMs: 200 })
    expect(joined(ahead, recovery)).toMatchObject({ recovered: true, changedMs: 200 })
    // Our clock was behind when the recovery was read.
    const behind = one({ recovered: true, recordedMs: 300, changedMs: 50 })
    expect(joined(one({ changedMs: 250 }), behind)).toMatchObject({
      recovered: true,
      changedMs: 50,
    })
    // It was seen to stand later, by both.
    const again = one({ recordedMs: 950, changedMs: 400, description: 'e' })
    const all = [ahead, recovery, behind, again].reduce(joined)
    expect(all).toMatchObject({ recovered: false, changedMs: 400, description: 'e' })
  })

  it('may stand again without their older days when a newer one says that they stand', () => {
    const recovery = one({ recovered: true, changedMs: 300 })
    const before = one({ changedMs: 200, lastDay: '2026-11-09' })
    const after = one({ changedMs: 250, lastDay: '2026-11-11' })
    expect(mayReturn(joined(recovery, before))).toBe(false)
    expect(mayReturn(joined(recovery, after))).toBe(true)
    expect(mayReturn(joined(joined(recovery, after), one({ changedMs: 400 })))).toBe(false)
    const again = one({ recovered: true, changedMs: 300, lastDay: '2026-11-11' })
    expect(mayReturn(joined(joined(recovery, after), again))).toBe(false)
    const [other, late] = [{ recordedMs: 900 }, { recordedMs: 100 }].map((times) =>
      one({ recovered: true, changedMs: 300, ...times, lastDay: '2026-11-11' }),
    )
    expect([other, late].map((last) => mayReturn([recovery, after, last!].reduce(joined)))).toEqual(
      [false, true],
    )
  })

  it('are of a backfill only when that alone read it first', () => {
    const [early, late] = [{ firstReadMs: 1 }, { firstReadMs: 2 }]
    const backfill = { backfilled: true }
    expect(joined(one({ ...early, ...backfill }), one(late)).backfilled).toBe(true)
    expect(joined(one(early), one({ ...late, ...backfill })).backfilled).toBe(false)
    expect(joined(one(early), one({ ...early, ...backfill })).backfilled).toBe(false)
  })
})

it('one that stands is shown as its site wrote it, without what the book keeps for itself', () => {
  expect(openAlarm('s1', one({ changedMs: 150, backfilled: true }))).toEqual({
    ...{ site: 's1', name: 'a', node: 'n', description: 'd', backfilled: true },
    ...{ raisedText: '2026-11-10 01:00:00', raisedMs: 100, changedMs: 150 },
  })
})

it('an identity is made of the raw texts, so that none runs into another (F76)', () => {
  const key = (name: string, node: string, raisedText = 't') =>
    occurrenceKey({ name, node, raisedText })
  const keys = [key('a', 'b'), key('a","b', ''), key('A', 'b'), key('a ', 'b'), key('a', 'b', 'u')]
  expect(new Set(keys).size).toBe(keys.length)
})

it('what stood at an instant in the past is what was recorded up to then', () => {
  const all = [
    one({ name: 'a', changedMs: 10 }),
    one({ name: 'a', changedMs: 30, recovered: true }),
    one({ name: 'b', changedMs: 20, recovered: true }),
    one({ name: 'b', changedMs: 40 }),
  ]
  const names = standingAt(all, [9, 10, 29, 30, 40]).map((standing) =>
    standing.map(({ name }) => name),
  )
  expect(names).toEqual([[], ['a'], ['a'], [], ['b']])
})
