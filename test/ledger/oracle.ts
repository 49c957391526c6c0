import type { SegmentRecord } from '../../lib/ledger/record.ts'
import { rebuilt } from '../../lib/ledger/rows.ts'

/*
 * What the ledger must hold, worked out the slow and plain way and apart from the product: whole
 * lines cut by hand, counted in maps.
 */

const LINE = 65_536

/** The whole units of a file, each as text of its bytes; a piece of a long line is marked `+`. */
export function wholeUnits(file: Buffer): string[] {
  const units: string[] = []
  let at = 0
  let within = false
  while (at < file.length) {
    const piece = file.subarray(at, at + LINE)
    const newline = piece.indexOf('\n')
    let end = newline === -1 ? LINE : newline + 1
    let endsLine = newline !== -1
    if (piece.length < end) break
    if (!within && piece.length === LINE && piece.every((byte) => byte === 0)) {
      end = LINE
      endsLine = true
    }
    units.push((within ? '+' : ' ') + file.toString('latin1', at, at + end))
    within = !endsLine
    at += end
  }
  return units
}

/** How many bytes at a file's beginning are whole units. */
export function wholeBytes(file: Buffer): number {
  return wholeUnits(file).reduce((sum, unit) => sum + unit.length - 1, 0)
}

/** How often each unit occurs. */
export type Counts = Map<string, number>

/** How often each of these units occurs. */
export function countsOf(units: readonly string[]): Counts {
  const counts: Counts = new Map()
  for (const unit of units) counts.set(unit, (counts.get(unit) ?? 0) + 1)
  return counts
}

/** Raises `most` to the counts of one more state of the file. */
export function raise(most: Counts, counts: Counts): void {
  for (const [unit, count] of counts) most.set(unit, Math.max(count, most.get(unit) ?? 0))
}

/** The units that records store: what counts under `merge`. */
export function storedCounts(records: readonly SegmentRecord[]): Counts {
  const units: string[] = []
  for (const { body, pieces } of records) {
    let from = 0
    for (const piece of pieces) {
      if (!('bytes' in piece)) continue
      const bytes = Buffer.from(body.subarray(from, from + piece.bytes))
      from += piece.bytes
      // A piece that goes on with a long line is cut as if the line's beginning stood before it.
      const cut = piece.open
        ? wholeUnits(Buffer.concat([Buffer.alloc(LINE, 120), bytes])).slice(1)
        : wholeUnits(bytes)
      if (cut.length !== piece.units) throw new Error('a piece has other units than it says')
      units.push(...cut)
    }
  }
  return countsOf(units)
}

/** The bytes of each generation, by its number; throws where they do not lie end to end. */
export function generations(records: readonly SegmentRecord[]): Map<number, Buffer> {
  const bySequence = new Map(records.map((record) => [record.sequence, record]))
  const parts = new Map<number, Buffer[]>()
  for (const record of records) {
    if (record.aside) continue
    const bytes = rebuilt(record, bySequence)
    const before = parts.get(record.generation) ?? []
    const at = before.reduce((sum, part) => sum + part.length, 0)
    if (record.start !== at || record.end !== at + bytes.length) {
      throw new Error(`record ${record.sequence} does not follow on ${at}`)
    }
    parts.set(record.generation, [...before, bytes])
  }
  return new Map([...parts].map(([generation, all]) => [generation, Buffer.concat(all)]))
}

/** Counts in an order that does not depend on when they came, to be compared. */
export function inOrder(counts: Counts): [string, number][] {
  return [...counts].sort(([one], [other]) => (one < other ? -1 : 1))
}
