import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MAX_LINE_BYTES } from '../../lib/parse/lines.ts'
import { readLines } from '../../lib/parse/readings.ts'
import { FEEDS } from '../../lib/site.ts'
import { fuzzBatch } from '../fuzz/fuzz.ts'
import { parseLaws } from '../fuzz/laws.ts'
import { wayLaw } from '../fuzz/way.ts'
import { readerIn } from './reader.ts'

/** some 90,000 lines: what takes ten seconds where two programs share two cores. */
const BATCHES = 150

/** Text that comes near to what the feeds hold, and bytes that do not. */
const token = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom('|', '\n', '\r\n', 's1', 'cpu', 'disk', '"', '\r', '') },
  {
    weight: 3,
    arbitrary: fc.constantFrom('2026-11-10 01:02:03', '2026-02-30 00:00:00', '5', '-1'),
  },
  { weight: 1, arbitrary: fc.string({ maxLength: 8 }) },
  { weight: 1, arbitrary: fc.constantFrom('\0', '\uFEFF', '中文', '😀', '\u2028') },
)
const usual = fc.constantFrom(
  'w|1|s1|cpu|1|2|3|4|2026-11-10 01:02:03\n',
  's1|a|n|d|2026-11-10 01:02:03||2026-11-10 01:02:03\n',
  's1|1|2|3|4|5|6|7|2026-11-10 01:02:03\r\n',
)
const anyBytes = fc
  .array(
    fc.oneof(
      { weight: 8, arbitrary: fc.array(token, { maxLength: 12 }).map((all) => all.join('')) },
      { weight: 4, arbitrary: usual },
      { weight: 3, arbitrary: fc.uint8Array({ maxLength: 40 }) },
    ),
    { maxLength: 12 },
  )
  .map((parts) => Buffer.concat([...parts.map((one) => Buffer.from(one as string)), NEWLINE]))
const NEWLINE = Buffer.from('\n')

describe.each(FEEDS)('any bytes as a %s file', (feed) => {
  it('keep the laws, also in chunks and through a ledger (F21, F23, F25, F35)', async () => {
    await fc.assert(
      fc.asyncProperty(anyBytes, fc.array(fc.nat(600), { maxLength: 6 }), async (bytes, ends) => {
        const cuts = ends.map((end) => Math.min(end, bytes.length)).sort((a, b) => a - b)
        const parsed = parseLaws(feed, bytes, cuts, () => readerIn())
        await wayLaw(feed, bytes, cuts, readerIn(), parsed)
      }),
      { numRuns: 400 },
    )
  })
})

describe('real lines, mutated, and random bytes', () => {
  // What `npm run fuzz` makes millions of; the error of a broken law names seed and batch.
  it('keep the laws as a file of each feed (F25, F28, F32, F34)', async () => {
    let lines = 0
    for (let batch = 1; batch <= BATCHES; batch += 1) lines += await fuzzBatch('npm test', batch)
    expect(lines).toBeGreaterThan(BATCHES * 300)
  }, 120_000)
})

/*
 * No seconds are measured here: forty lines of nearly 64 KiB are over at once when each is looked
 * at a fixed number of times, and take minutes - past the test's own limit - when the work for a
 * line rises with the square of its length.
 */
describe('the work for a line rises with its length alone (S9)', () => {
  const LINES = 40
  const near = MAX_LINE_BYTES - 200
  it.each([
    ['digits that end badly', `w|1|s1|uptime|${'1'.repeat(near)}x|2026-11-10 01:02:03\n`],
    ['digits behind a point', `w|1|s1|uptime|1.${'1'.repeat(near)}x|2026-11-10 01:02:03\n`],
    ['lone CRs', `${'\r'.repeat(near)}x\n`],
    ['spaces', `${' '.repeat(near)}x\n`],
    ['separators', `w|1|s1|cpu${'|'.repeat(near)}\n`],
    ['quotes', `${'"'.repeat(near)}\n`],
    ['NUL bytes', `${'\0'.repeat(near)}x\n`],
    ['BOMs', `${'\uFEFF'.repeat(near / 4)}x\n`],
  ])('%s', (_, line) => {
    for (const feed of FEEDS) {
      const parsed = readLines(feed, Buffer.from(line.repeat(LINES)), false, readerIn())
      expect(parsed.rejects).toHaveLength(LINES)
    }
  })
})
