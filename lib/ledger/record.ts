import { createHash } from 'node:crypto'
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { RoundsError } from '../errors.ts'
import type { Charset } from '../parse/lines.ts'
import type { Day, Feed } from '../site.ts'
import { unknownFormat } from '../store/item-format.ts'
import type { Content, Item } from '../store/table.ts'

/** Which day file: one site's file of one feed and one day. */
export interface DayFile {
  site: string
  feed: Feed
  day: Day
}

/** Whether a scheduled round or a backfill read something first. */
export type Via = 'round' | 'backfill'

/**
 * The fingerprint of the bytes before a place in a generation: how many (at most 4 KiB, reaching
 * back over segments) and their SHA-256. It alone proves that a file is the one that was read.
 */
export interface Marker {
  length: number
  sha256: string
}

/** How far back a marker reaches: enough to hold dozens of lines, little to ask for each time. */
export const MARKER_BYTES = 4096

/** A run of units stored here. `open`: its first unit goes on with a line that began before. */
export interface StoredPiece {
  units: number
  bytes: number
  open: boolean
}

/** A run of units that an earlier record stores: from its unit `first` on, counted from 0. */
export interface HeldPiece {
  record: number
  first: number
  units: number
}

/** A segment's content in order: what is stored in it and what was held before it. */
export type Piece = StoredPiece | HeldPiece

/**
 * One record of a day file's ledger (DESIGN section 3): a run of whole units of one generation.
 * Records are numbered from 1 without gaps and never change.
 */
export interface SegmentRecord {
  sequence: number
  generation: number
  /** Bytes of the generation: from `start`, up to `end`. */
  start: number
  end: number
  /** Where the read that made this record ended, on the last record of a read that was complete. */
  until?: number
  /** True when `end` lies within a line over 64 KiB. */
  open: boolean
  readAtMs: number
  via: Via
  marker: Marker
  /** Rows that a losing writer had seen: they count in merge, and are never resumed from. */
  aside: boolean
  /** True when records up to this one are of several generations, or aside. */
  mixed: boolean
  /** Decided by the first line that is not ASCII, and remembered from record to record. */
  charset: Charset
  /** Lines stored in this record, and in all records up to this one. */
  lines: number
  rows: number
  pieces: Piece[]
  /** The stored units, one after the other, as they came. */
  body: Uint8Array
}

/** The form of ledger items that this release writes; it reads no other. */
const RECORD_FORMAT = 1

/** The SHA-256 of the last bytes before a place, at most `MARKER_BYTES` of them. */
export function markerOf(before: Uint8Array): Marker {
  const bytes = before.subarray(Math.max(0, before.length - MARKER_BYTES))
  return { length: bytes.length, sha256: sha256(bytes) }
}

/** SHA-256 as hexadecimal text. */
export function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

/** True for a piece whose units stand in the record itself. */
export function isStored(piece: Piece): piece is StoredPiece {
  return 'bytes' in piece
}

/** A record as content of a table item: the body compressed with zstd. */
export function encodeRecord(record: SegmentRecord): Content {
  const { body, pieces, ...data } = record
  return {
    data: { format: RECORD_FORMAT, kind: 'segment', ...data, pieces: pieces.map(encodePiece) },
    ...(body.length > 0 && { bytes: zstdCompressSync(body) }),
  }
}

/** The record that a table item holds; throws for a format that this release does not know. */
export function decodeRecord(item: Item): SegmentRecord {
  const { format, kind, pieces, ...data } = item.data as unknown as EncodedRecord
  if (format !== RECORD_FORMAT || kind !== 'segment') {
    throw unknownFormat(item, 'ledger-format')
  }
  const body = bodyOf(item)
  return { ...data, pieces: pieces.map(decodePiece), body }
}

function bodyOf(item: Item): Uint8Array {
  try {
    return item.bytes ? zstdDecompressSync(item.bytes) : new Uint8Array()
  } catch (thrown) {
    throw new RoundsError(
      'ledger-damaged',
      'skip',
      `The record ${item.partition} / ${item.sort} is damaged.`,
      'Restore the state folder from a copy, or move it away and run backfill.',
      { cause: thrown },
    )
  }
}

interface EncodedRecord extends Omit<SegmentRecord, 'pieces' | 'body'> {
  format: number
  kind: string
  pieces: number[][]
}

/** Pieces are kept short: [units, bytes, open] or [units, record, first, 0]. */
function encodePiece(piece: Piece): number[] {
  return isStored(piece)
    ? [piece.units, piece.bytes, piece.open ? 1 : 0]
    : [piece.units, piece.record, piece.first, 0]
}

function decodePiece(numbers: number[]): Piece {
  const [units, second, third] = numbers as [number, number, number]
  return numbers.length === 3
    ? { units, bytes: second, open: third === 1 }
    : { units, record: second, first: third }
}
