import { unitsOf } from '../parse/lines.ts'
import { isStored, type Piece, type SegmentRecord } from './record.ts'

/**
 * Which (line, ordinal) a ledger holds, and where. The ordinal counts equal lines within one
 * generation; stored ordinals of a line are always 1 to n without a hole, because a line's n-th
 * occurrence is stored only when no earlier record holds an n-th one. So the n-th entry of a
 * line's list is where its n-th occurrence is stored.
 */
export interface Held {
  /** The key of every unit that each record stores, by sequence. */
  stored: Map<number, string[]>
  places: Map<string, { record: number; unit: number }[]>
}

/** What the records up to here hold. */
export function heldBy(records: readonly SegmentRecord[]): Held {
  const held: Held = { stored: new Map(), places: new Map() }
  for (const record of records) hold(held, record)
  return held
}

/** Adds what one more record stores. */
export function hold(held: Held, record: SegmentRecord): void {
  const keys: string[] = []
  let from = 0
  for (const piece of record.pieces) {
    if (!isStored(piece)) continue
    keys.push(...unitKeys(record.body.subarray(from, from + piece.bytes), piece.open))
    from += piece.bytes
  }
  held.stored.set(record.sequence, keys)
  for (const [unit, key] of keys.entries()) {
    const places = held.places.get(key)
    if (places) places.push({ record: record.sequence, unit })
    else held.places.set(key, [{ record: record.sequence, unit }])
  }
}

/** How often each line occurs in a generation, up to record `upTo` and without records aside. */
export function countsIn(
  held: Held,
  records: readonly SegmentRecord[],
  generation: number,
  upTo: number,
): Map<string, number> {
  const counts = new Map<string, number>()
  for (const record of records) {
    if (record.generation !== generation || record.aside || record.sequence > upTo) continue
    let stored = 0
    for (const piece of record.pieces) {
      const keys = pieceKeys(held, record, piece, stored)
      if (isStored(piece)) stored += piece.units
      for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1)
    }
  }
  return counts
}

function pieceKeys(held: Held, record: SegmentRecord, piece: Piece, stored: number): string[] {
  const [sequence, first] = isStored(piece)
    ? [record.sequence, stored]
    : [piece.record, piece.first]
  return held.stored.get(sequence)!.slice(first, first + piece.units)
}

/** A key for every unit: its bytes, and whether it goes on with a line. */
export function unitKeys(bytes: Uint8Array, open: boolean): string[] {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return unitsOf(buffer, open).map(
    ({ start, end, kind }) =>
      (kind === 'continued' ? '\u0100' : '') + buffer.toString('latin1', start, end),
  )
}
