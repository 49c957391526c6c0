import { describe, expect, it } from 'vitest'
import { type DueInput, decide, ripeNextMs } from '../../lib/notify/due.ts'
import {
  MOST_REMEMBERED,
  mailedKey,
  markedSent,
  type Notice,
  readNotice,
} from '../../lib/notify/notice.ts'
import { MAX_ITEM_BYTES } from '../../lib/store/table.ts'
import { DAY_MS, MINUTE_MS } from '../../lib/time.ts'
import { AT, alarm } from './alarms.ts'

const EMPTY: Notice = { format: 1, mailed: {}, sequence: 0 }

function decideOn(open: DueInput['open'], notice: Notice = EMPTY) {
  const decision = decide({ open, notice, at: AT, nowMs: AT, standsForMinutes: 15 })
  const names = (alarms: DueInput['open']) => alarms.map((one) => one.name)
  return { ...decision, due: names(decision.due), waiting: names(decision.waiting) }
}

function noticeOf(mailed: DueInput['open'], change: Partial<Notice> = {}): Notice {
  const entries = mailed.map((one) => [mailedKey(one), AT - MINUTE_MS])
  return { format: 1, mailed: Object.fromEntries(entries), sequence: 3, ...change }
}

describe('decide', () => {
  it('has nothing to say about nothing', () => {
    expect(decideOn([])).toMatchObject({ reason: 'none', due: [], waiting: [], mailedBefore: 0 })
  })

  it('takes what has stood for fifteen minutes, to the second', () => {
    const open = [alarm('old', 15), alarm('young', 15 - 1 / 60)]
    expect(decideOn(open)).toMatchObject({
      reason: 'first',
      due: ['old'],
      waiting: ['young'],
      sequence: 1,
    })
  })

  it('lists the worst first, then the oldest, whatever the order of the book', () => {
    const open = [
      alarm('e', 900, { severity: 'unknown' }),
      alarm('d', 20, { severity: 'warning' }),
      alarm('b', 30, { severity: 'critical' }),
      alarm('c', 40, { severity: 'major' }),
      alarm('a', 60, { severity: 'critical' }),
    ]
    expect(decideOn(open).due).toEqual(['a', 'b', 'c', 'd', 'e'])
    expect(decideOn(open.toReversed()).due).toEqual(['a', 'b', 'c', 'd', 'e'])
  })

  it('tells only of members that were not mailed yet', () => {
    const [told, fresh, young] = [alarm('told', 60), alarm('fresh', 20), alarm('young', 1)]
    expect(decideOn([told, fresh, young], noticeOf([told]))).toMatchObject({
      reason: 'new-alarms',
      due: ['fresh'],
      waiting: ['young'],
      sequence: 4,
      mailedBefore: 1,
    })
    expect(decideOn([told], noticeOf([told]))).toMatchObject({ reason: 'none', waiting: [] })
  })

  it('takes the same name on another node, or raised again, as another occurrence', () => {
    const told = alarm('A', 60)
    const others = [alarm('A', 60, { node: 'bj01-ne002' }), alarm('A', 30)]
    expect(decideOn([told, ...others], noticeOf([told])).due).toEqual(['A', 'A'])
    const tricky = [alarm('a","b', 20, { node: 'c' }), alarm('a', 20, { node: 'b","c' })]
    expect(new Set(tricky.map(mailedKey)).size).toBe(2)
  })

  it('never tells of what a backfill read first, and does not let it wait either', () => {
    const open = [alarm('old', 9_000, { backfilled: true }), alarm('new', 1)]
    expect(decideOn(open)).toMatchObject({ reason: 'none', due: [], waiting: ['new'] })
  })

  it('does not wait for days on a site whose clock is ahead', () => {
    expect(decideOn([alarm('a little ahead', -5)])).toMatchObject({ reason: 'none' })
    expect(decideOn([alarm('a day ahead', -24 * 60)])).toMatchObject({ reason: 'first' })
  })

  it('takes for a clock ahead only what lies beyond the time of day, however late', () => {
    const late = (minutes: number, standsMinutes: number) => {
      const open = [alarm('A', standsMinutes)]
      const nowMs = AT + minutes * MINUTE_MS
      return decide({ open, notice: EMPTY, at: AT, nowMs, standsForMinutes: 15 }).reason
    }
    // Raised after the instant that is judged by, and before the clock's.
    expect(late(40, -20)).toBe('none')
    expect(late(40, -40)).toBe('none')
    expect(late(40, -50)).toBe('none')
    expect(late(40, 15)).toBe('first')
    expect(late(40, -55)).toBe('first')
    expect(late(0, -15)).toBe('first')
  })

  it('does not wait for a claim that a clock made which was ahead (F67)', () => {
    const open = [alarm('A', 20)]
    const keys = open.map(mailedKey)
    const claim = { token: 't', untilMs: AT + 29 * 3_600_000, keys, sequence: 4 }
    expect(decideOn(open, noticeOf([], { claim }))).toMatchObject({
      ...{ reason: 'unfinished', sequence: 4, due: ['A'] },
    })
  })

  it('leaves the site to another worker while its claim holds', () => {
    const open = [alarm('a', 20)]
    const keys = open.map(mailedKey)
    const claim = { token: 't', untilMs: AT + 1, keys, sequence: 4 }
    expect(decideOn(open, noticeOf([], { claim }))).toMatchObject({
      reason: 'claimed',
      due: [],
      waiting: ['a'],
    })
  })

  it('repeats a mail of which the end is unknown: same number, same alarms, no others', () => {
    const [a, b, fresh] = [alarm('a', 30), alarm('b', 20), alarm('fresh', 16)]
    const claim = { token: 't', untilMs: AT, keys: [a, b].map(mailedKey), sequence: 4 }
    const notice = noticeOf([], { claim })
    expect(decideOn([a, b, fresh], notice)).toMatchObject({
      reason: 'unfinished',
      due: ['a', 'b'],
      waiting: ['fresh'],
      sequence: 4,
    })
    // Nothing of it is open any more: its number is used up all the same.
    expect(decideOn([fresh], notice)).toMatchObject({ reason: 'new-alarms', sequence: 5 })
    expect(decideOn([], notice)).toMatchObject({ reason: 'none', sequence: 4 })
  })
})

describe('ripeNextMs', () => {
  it('is when the first will have stood, also of what was raised after the instant', () => {
    const nowMs = AT + 40 * MINUTE_MS
    const next = (...open: DueInput['open']) =>
      ripeNextMs(open, { at: AT, nowMs, standsForMinutes: 15 })
    expect(next()).toBe(Number.POSITIVE_INFINITY)
    expect(next(alarm('a', -30), alarm('b', -20))).toBe(AT + 35 * MINUTE_MS)
    expect(next(alarm('a', -30), alarm('b', 15))).toBeUndefined()
  })
})

describe('notice', () => {
  const claim = (keys: string[]) => ({ token: 't', untilMs: AT, keys, sequence: 4 })

  it('remembers what is open, and what was mailed within the days that files are kept', () => {
    const notice: Notice = {
      format: 1,
      sequence: 3,
      mailed: { open: AT - 90 * DAY_MS, late: AT - 35 * DAY_MS, gone: AT - 35 * DAY_MS - 1 },
    }
    const marked = markedSent(notice, claim(['new']), new Set(['open', 'new']), AT, 35 * DAY_MS)
    expect(marked).toEqual({
      format: 1,
      sequence: 4,
      mailed: { open: AT - 90 * DAY_MS, late: AT - 35 * DAY_MS, new: AT },
    })
  })

  it('stays within an item, and forgets first what is closed the longest', () => {
    const key = (n: number) => `${n}`.padStart(16, 'k')
    const mailed = Object.fromEntries(
      Array.from({ length: 20_000 }, (_, n) => [key(n), AT - n * MINUTE_MS]),
    )
    const open = new Set([key(19_999)])
    const fresh = Array.from({ length: 3_000 }, (_, n) => key(100_000 + n))
    const marked = markedSent({ ...EMPTY, mailed }, claim(fresh), open, AT, 35 * DAY_MS)
    expect(Object.keys(marked.mailed)).toHaveLength(MOST_REMEMBERED)
    expect(marked.mailed[key(19_999)]).toBeDefined()
    expect(marked.mailed[key(0)]).toBeDefined()
    expect(marked.mailed[key(19_998)]).toBeUndefined()
    for (const one of fresh) expect(marked.mailed[one]).toBe(AT)
    const full = { ...marked, claim: claim(fresh) }
    expect(JSON.stringify(full).length).toBeLessThan(MAX_ITEM_BYTES)
  })

  it('mails no more than it can remember', () => {
    const open = Array.from({ length: 10_000 }, (_, n) => alarm(`ALM-${n}`, 20))
    const first = decide({ open, notice: EMPTY, at: AT, nowMs: AT, standsForMinutes: 15 })
    expect(first.due.length + first.waiting.length).toBe(10_000)
    const full = noticeOf(open.slice(0, MOST_REMEMBERED))
    expect(decideOn(open, full)).toMatchObject({ reason: 'none', due: [] })
  })

  it('leaves a format of a later release alone', () => {
    const item = { partition: 'p', sort: 's', version: '1', data: { format: 2 } }
    expect(() => readNotice(item)).toThrowError(expect.objectContaining({ class: 'retry' }))
  })
})
