import { isDeepStrictEqual } from 'node:util'
import type { Parsed } from '../../lib/parse/feeds.ts'
import { endsOpen, MAX_LINE_BYTES, type Unit, unitsOf, wholeLength } from '../../lib/parse/lines.ts'
import { type Reader, readLines } from '../../lib/parse/readings.ts'
import type { Feed } from '../../lib/site.ts'

/*
 * What holds for any bytes as a day file of any feed. A law that is broken throws an error that
 * says which; the caller says for which bytes.
 */

const NEWLINE = 10

function law(holds: boolean, what: string): void {
  if (!holds) throw new Error(`broken: ${what}`)
}

/** Units lie end to end, and together with the rest are the input. */
export function unitLaws(bytes: Uint8Array): Unit[] {
  const units = unitsOf(bytes, false)
  let at = 0
  for (const { start, end } of units) {
    law(start === at, 'units lie end to end')
    law(end > start && end - start <= MAX_LINE_BYTES, 'a unit is 1 byte to 64 KiB long')
    const isWhole = bytes[end - 1] === NEWLINE || end - start === MAX_LINE_BYTES
    law(isWhole, 'a unit ends with a newline or is 64 KiB long')
    const newline = bytes.indexOf(NEWLINE, start)
    law(newline === -1 || newline >= end - 1, 'no newline stands within a unit')
    at = end
  }
  law(at === wholeLength(bytes, false), 'the offset is the bytes of all units')
  law(bytes.length - at < MAX_LINE_BYTES, 'the rest is shorter than 64 KiB')
  law(bytes.indexOf(NEWLINE, at) === -1, 'no newline stands in the rest')
  return units
}

/** Every line is one of four things. */
export function countLaw(units: readonly Unit[], parsed: Parsed<Feed>): void {
  const { lines, readings, rejects, unknown, blank } = parsed
  law(lines === units.filter(({ kind }) => kind !== 'continued').length, 'every line is counted')
  const sum = readings.length + rejects.length + unknown + blank
  law(lines === sum, 'lines = readings + rejects + unknown + blank')
}

/** All of it for some bytes, whole and arriving in chunks that end at `cuts`. Gives the lines. */
export function parseLaws(
  feed: Feed,
  bytes: Uint8Array,
  cuts: readonly number[],
  newReader: () => Reader,
): Parsed<Feed> {
  const units = unitLaws(bytes)
  const whole: Parsed<Feed> = readLines(feed, bytes, false, newReader())
  countLaw(units, whole)

  const reader = newReader()
  const parts: Parsed<Feed>[] = []
  const found: Unit[] = []
  let from = 0
  let open = false
  for (const cut of [...cuts, bytes.length]) {
    const piece = bytes.subarray(from, Math.max(from, cut))
    const own = unitsOf(piece, open)
    const last = own.at(-1)
    if (!last) continue
    for (const { start, end, kind } of own)
      found.push({ start: start + from, end: end + from, kind })
    parts.push(readLines(feed, piece.subarray(0, last.end), open, reader))
    open = endsOpen(piece, last)
    from += last.end
  }
  law(isDeepStrictEqual(found, units), 'the units do not depend on the chunks')
  law(isDeepStrictEqual(joined(parts), whole), 'the readings do not depend on the chunks')
  return whole
}

/** What several runs of a file gave, as one. */
export function joined(parts: readonly Parsed<Feed>[]): Parsed<Feed> {
  const all: Parsed<Feed> = { lines: 0, readings: [], rejects: [], unknown: 0, blank: 0 }
  for (const { lines, readings, rejects, unknown, blank } of parts) {
    all.lines += lines
    for (const reading of readings) all.readings.push(reading)
    for (const reject of rejects) all.rejects.push(reject)
    all.unknown += unknown
    all.blank += blank
  }
  return all
}
