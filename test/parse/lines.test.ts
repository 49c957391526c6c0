import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { endsOpen, MAX_LINE_BYTES, type Unit, unitsOf, wholeLength } from '../../lib/parse/lines.ts'

const text = (lines: string) => Buffer.from(lines)
const kinds = (bytes: Uint8Array, open = false) => unitsOf(bytes, open).map(({ kind }) => kind)
const ends = (bytes: Uint8Array, open = false) => unitsOf(bytes, open).map(({ end }) => end)

describe('units', () => {
  it('are lines with their newlines, and nothing of what is unfinished (F20, F21)', () => {
    expect(unitsOf(text('a\nbc\nd'), false)).toEqual([
      { start: 0, end: 2, kind: 'line' },
      { start: 2, end: 5, kind: 'line' },
    ])
    expect(wholeLength(text('a\nbc\nd'), false)).toBe(5)
    expect(unitsOf(text('never finished'), false)).toEqual([])
    expect(wholeLength(text(''), false)).toBe(0)
  })

  it('are found in a file of one byte (F06)', () => {
    expect(kinds(text('\n'))).toEqual(['line'])
    expect(kinds(text('x'))).toEqual([])
  })

  it('end at \\n alone: CRLF stays with its line, a lone CR ends none (F30)', () => {
    expect(ends(text('a\r\nb\rc\n\r\n'))).toEqual([3, 7, 9])
  })

  it('take a line of exactly 64 KiB with its newline as a line', () => {
    expect(kinds(text(`${'x'.repeat(MAX_LINE_BYTES - 1)}\n`))).toEqual(['line'])
    expect(kinds(text(`${'x'.repeat(MAX_LINE_BYTES - 1)}`))).toEqual([])
  })

  it('cut a longer line into one that counts and others that continue it (F23, F24)', () => {
    const long = text(`${'x'.repeat(MAX_LINE_BYTES)}\nnext\n`)
    expect(kinds(long)).toEqual(['oversize', 'continued', 'line'])
    expect(ends(long)).toEqual([MAX_LINE_BYTES, MAX_LINE_BYTES + 1, MAX_LINE_BYTES + 6])
    const endless = Buffer.alloc(3 * MAX_LINE_BYTES + 5, 120)
    expect(kinds(endless)).toEqual(['oversize', 'continued', 'continued'])
    expect(kinds(endless, true)).toEqual(['continued', 'continued', 'continued'])
  })

  it('say whether they end within a long line', () => {
    const endsWithin = (bytes: Buffer, open: boolean) =>
      endsOpen(bytes, unitsOf(bytes, open).at(-1)!)
    expect(endsWithin(Buffer.alloc(MAX_LINE_BYTES, 120), false)).toBe(true)
    expect(endsWithin(text('rest\n'), true)).toBe(false)
    expect(endsWithin(Buffer.alloc(MAX_LINE_BYTES), false)).toBe(false)
    expect(endsWithin(Buffer.alloc(MAX_LINE_BYTES), true)).toBe(true)
  })

  it('pass over 64 KiB of NUL as one hole; fewer belong to the line behind them (F29)', () => {
    const line = text('line\n')
    const hole = Buffer.alloc(MAX_LINE_BYTES)
    expect(kinds(Buffer.concat([hole, line]))).toEqual(['hole', 'line'])
    expect(kinds(Buffer.concat([hole, Buffer.alloc(9), line]))).toEqual(['hole', 'line'])
    expect(kinds(Buffer.concat([line, Buffer.alloc(100), line]))).toEqual(['line', 'line'])
    expect(kinds(Buffer.alloc(MAX_LINE_BYTES - 1))).toEqual([])
  })
})

/** Pieces around the borders that matter, put together at random. */
const rough = fc
  .array(
    fc.oneof(
      fc.string({ maxLength: 6 }).map((line) => text(`${line}\n`)),
      fc.constantFrom('\n', '\r\n', '\r', 'x', '\u4e2d', '\uFEFF').map(text),
      fc
        .tuple(fc.constantFrom(0, 120, 10), fc.constantFrom(1, 65_535, 65_536, 65_537, 131_073))
        .map(([byte, count]) => Buffer.alloc(count, byte)),
    ),
    { maxLength: 6 },
  )
  // Very many newlines make very many units: some are enough.
  .map((pieces) => Buffer.concat(pieces.map((one) => (one[0] === 10 ? one.subarray(0, 9) : one))))

describe('units of any bytes', () => {
  it('lie end to end, are 64 KiB at most, and end with a newline or are 64 KiB', () => {
    fc.assert(
      fc.property(rough, fc.boolean(), (bytes, open) => {
        let at = 0
        for (const unit of unitsOf(bytes, open)) {
          expect(unit.start).toBe(at)
          const length = unit.end - unit.start
          expect(length).toBeLessThanOrEqual(MAX_LINE_BYTES)
          expect(bytes[unit.end - 1] === 10 || length === MAX_LINE_BYTES).toBe(true)
          at = unit.end
        }
        expect(bytes.length - at).toBeLessThan(MAX_LINE_BYTES)
        expect(bytes.indexOf(10, at)).toBe(-1)
      }),
    )
  })

  it('are the same however the bytes arrive (F25)', () => {
    fc.assert(
      fc.property(rough, fc.array(fc.nat(140_000), { maxLength: 8 }), (bytes, cuts) => {
        expect(inPieces(bytes, cuts)).toEqual(unitsOf(bytes, false))
      }),
    )
  })
})

/** The units when the bytes arrive up to each cut, what is no unit yet being kept for later. */
function inPieces(bytes: Buffer, cuts: number[]): Unit[] {
  const units: Unit[] = []
  let from = 0
  let open = false
  for (const cut of [...cuts.sort((one, other) => one - other), bytes.length]) {
    if (cut < from) continue
    const piece = bytes.subarray(from, cut)
    const found = unitsOf(piece, open)
    for (const unit of found) {
      units.push({ ...unit, start: unit.start + from, end: unit.end + from })
    }
    const last = found.at(-1)
    if (!last) continue
    open = endsOpen(piece, last)
    from += last.end
  }
  return units
}
