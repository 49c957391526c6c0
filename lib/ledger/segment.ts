import { zstdCompressSync } from 'node:zlib'
import { charsetOf, endsOpen, type Unit, unitsOf } from '../parse/lines.ts'
import { MAX_ITEM_BYTES } from '../store/table.ts'
import { type Held, hold, unitKeys } from './held.ts'
import type { Place } from './ledger.ts'
import {
  isStored,
  MARKER_BYTES,
  markerOf,
  type Piece,
  type SegmentRecord,
  type Via,
} from './record.ts'

/** A run of whole units of one generation, as it was read. */
export interface Run {
  bytes: Uint8Array
  /** The bytes before it, at least as many as a marker needs if there are as many. */
  before: Uint8Array
  readAtMs: number
  via: Via
}

/**
 * What a day holds when it is of several generations: without it every unit is new, because
 * ordinals rise along one generation.
 */
export interface Memory {
  held: Held
  /** How often each line occurs in the generation that is written, so far. */
  counts: Map<string, number>
}

/** Pieces of one record at most: each takes some 20 bytes of its item. */
const MAX_PIECES = 4_000

/** Bytes of compressed body and pieces that fit into one item beside the rest of a record. */
const MAX_BODY_BYTES = MAX_ITEM_BYTES - 130_000

/**
 * The record that appends a run of whole units (at least one) behind `place`, or undefined when
 * it would be too large for one item: then the caller halves the run at a unit.
 */
export function segmentOf(
  place: Place,
  run: Run,
  memory: Memory | undefined,
): SegmentRecord | undefined {
  const { pieces, body, lines } = memory
    ? split(run.bytes, place.open, memory)
    : whole(run.bytes, place.open)
  if (pieces.length > MAX_PIECES) return undefined
  if (body.length > MAX_BODY_BYTES && zstdCompressSync(body).length > MAX_BODY_BYTES) {
    return undefined
  }
  const last = unitsOf(run.bytes, place.open).at(-1)!
  return {
    sequence: place.sequence + 1,
    generation: place.generation,
    start: place.end,
    end: place.end + run.bytes.length,
    open: endsOpen(run.bytes, last),
    readAtMs: Math.max(run.readAtMs, place.readAtMs),
    via: run.via,
    marker: markerOf(Buffer.concat([run.before, run.bytes.subarray(-MARKER_BYTES)])),
    aside: false,
    mixed: memory !== undefined,
    charset: charsetOf(run.bytes, place.open, place.charset),
    lines,
    rows: place.rows + lines,
    pieces,
    body,
  }
}

/** Takes a record that was created from `run` into the memory. */
export function remember(memory: Memory, record: SegmentRecord, run: Run, open: boolean): void {
  hold(memory.held, record)
  for (const key of unitKeys(run.bytes, open)) {
    memory.counts.set(key, (memory.counts.get(key) ?? 0) + 1)
  }
}

/**
 * The units of `bytes` that no record holds, as content of a record aside: all of them, or the
 * first ones, as many as fit into one item even when they cannot be compressed.
 */
export function unheld(bytes: Uint8Array, open: boolean, memory: Memory) {
  const { pieces: all, body } = split(bytes, open, memory)
  const pieces: Piece[] = []
  let lines = 0
  let end = 0
  for (const piece of all.filter(isStored).slice(0, MAX_PIECES)) {
    const room = body.subarray(end, Math.min(end + piece.bytes, MAX_BODY_BYTES))
    const units = unitsOf(room, piece.open)
    const last = units.at(-1)
    if (!last) break
    pieces.push({ ...piece, units: units.length, bytes: last.end })
    lines += units.filter(isLine).length
    end += last.end
    if (last.end < piece.bytes) break
  }
  return { pieces, body: body.subarray(0, end), lines }
}

/** A run of a day with one generation: every unit is new. */
function whole(bytes: Uint8Array, open: boolean) {
  const units = unitsOf(bytes, open)
  const pieces: Piece[] = [{ units: units.length, bytes: bytes.length, open }]
  return { pieces, body: bytes, lines: units.filter(isLine).length }
}

/** Splits a run into what is stored with it and what an earlier record holds. */
function split(bytes: Uint8Array, open: boolean, memory: Memory) {
  const keys = unitKeys(bytes, open)
  const counts = new Map<string, number>()
  const pieces: Piece[] = []
  const stored: Uint8Array[] = []
  let lines = 0
  for (const [index, unit] of unitsOf(bytes, open).entries()) {
    const key = keys[index]!
    const seen = (counts.get(key) ?? 0) + 1
    counts.set(key, seen)
    const ordinal = (memory.counts.get(key) ?? 0) + seen
    const place = memory.held.places.get(key)?.[ordinal - 1]
    if (place) {
      addHeld(pieces, place)
    } else {
      addStored(pieces, unit)
      stored.push(bytes.subarray(unit.start, unit.end))
      if (isLine(unit)) lines += 1
    }
  }
  return { pieces, body: Buffer.concat(stored), lines }
}

function isLine(unit: Unit): boolean {
  return unit.kind !== 'continued'
}

function addHeld(pieces: Piece[], place: { record: number; unit: number }): void {
  const last = pieces.at(-1)
  const goesOn = last && !isStored(last) && last.record === place.record
  if (goesOn && last.first + last.units === place.unit) last.units += 1
  else pieces.push({ record: place.record, first: place.unit, units: 1 })
}

function addStored(pieces: Piece[], { start, end, kind }: Unit): void {
  const last = pieces.at(-1)
  if (last && isStored(last)) {
    last.units += 1
    last.bytes += end - start
  } else {
    pieces.push({ units: 1, bytes: end - start, open: kind === 'continued' })
  }
}
