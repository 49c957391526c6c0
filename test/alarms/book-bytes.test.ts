import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bookBytes, occurrencesIn } from '../../lib/alarms/book-bytes.ts'
import { joined, type Occurrence, observedOnce } from '../../lib/alarms/occurrence.ts'
import type { AlarmReading } from '../../lib/parse/feeds.ts'

const DAYS = ['2026-11-09', '2026-11-10', '2026-11-11']
const NEWEST_MS = Date.parse('2026-11-11T12:00:00Z')

const ms = fc.integer({ min: Date.parse('1999-01-01'), max: Date.parse('2100-01-01') })
const seconds = ms.map((time) => Math.floor(time / 1000) * 1000)

/** As a site in this zone writes it; some write other things. */
const raised = fc.tuple(seconds, fc.constantFrom(0, 8, -5, 5.75)).map(([time, hours]) => ({
  text: new Date(time + hours * 3_600_000).toISOString().slice(0, 19).replace('T', ' '),
  ms: time,
}))
const odd = fc.tuple(fc.string(), ms).map(([text, time]) => ({ text, ms: time }))

const observation = fc
  .record({
    raised: fc.oneof(raised, odd),
    recordedMs: ms,
    readAtMs: ms,
    description: fc.string(),
    recovered: fc.boolean(),
    via: fc.constantFrom('round' as const, 'backfill' as const),
    day: fc.constantFrom(...DAYS),
  })
  .map(({ recordedMs, readAtMs, via, day, ...facts }) => {
    const recorded = { text: '', ms: recordedMs }
    const reading = {
      name: 'ALM-1',
      node: '北京\n"1"',
      recorded,
      ...facts,
    } as unknown as AlarmReading
    return observedOnce(reading, { readAtMs, via }, day)
  })

/** An occurrence that was seen up to three times. */
const occurrence = fc
  .tuple(observation, fc.array(observation, { maxLength: 2 }))
  .map(([first, more]) => more.reduce<Occurrence>((one, other) => joined(one, other), first))

const bookOf = (open: Occurrence[], recent: Occurrence[]) => ({
  ...{ days: {}, newestMs: NEWEST_MS },
  ...{ open, recent },
})

describe('the bytes of a book', () => {
  it('hold every field of every occurrence', () => {
    const some = fc.array(occurrence, { maxLength: 8 })
    fc.assert(
      fc.property(some, some, (open, recent) => {
        const bytes = bookBytes(bookOf(open, recent))
        expect(occurrencesIn(bytes, NEWEST_MS)).toEqual({ open, recent })
      }),
      { numRuns: 300 },
    )
  })

  it('are little more than a KB for forty alarms, by which DynamoDB bills a write', () => {
    const minute = (count: number) => NEWEST_MS - 30 * 60_000 + count * 60_000
    const text = (time: number) => new Date(time + 8 * 3_600_000).toISOString().slice(0, 19)
    const alarm = (index: number) => {
      const time = minute(index % 30) + index * 1_000
      const reading = {
        name: `ALM-10${index % 40}`,
        node: `bj01-ne00${index % 12}`,
        raised: { text: text(time).replace('T', ' '), ms: time },
        recorded: { text: '', ms: time },
        description: `bj01-ne00${index % 12} 链路中断`,
      } as unknown as AlarmReading
      const stood = observedOnce(reading, { readAtMs: time + 60_000, via: 'round' }, DAYS[2]!)
      const over = {
        ...reading,
        recovered: reading.raised,
        recorded: { text: '', ms: time + 19_000 },
      }
      const gone = observedOnce(over, { readAtMs: time + 60_000, via: 'round' }, DAYS[2]!)
      return index % 5 === 0 ? stood : joined(stood, gone)
    }
    const all = Array.from({ length: 40 }, (_, index) => alarm(index))
    expect(
      bookBytes(
        bookOf(
          all.filter((one) => !one.recovered),
          all,
        ),
      ).length,
    ).toBeLessThan(1_400)
  })
})
