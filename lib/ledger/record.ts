import { createHash } from 'node:crypto'
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { RoundsError } from '../errors.ts'
import type { Charset } from '../parse/lines.ts'
import type { Day, Feed } from '../site.ts'
import { unknownFormat } from '../store/item-format.ts'
import type { Content, Item } from '../store/table.ts'
import type { LineCounts } from './coverage.ts'

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

/**
 * What settling a day file found. The counts are those of the day as it counts, older generations
 * merged in; bytes and SHA-256 are those of the newest generation with its unfinished last line,
 * so they are those of the file itself.
 */
export interface Proof extends LineCounts {
  /** When the file was read whole, in epoch milliseconds. */
  readAtMs: number
  /** False when the site had the file no more: then this is proved of the ledger alone. */
  compared: boolean
  generation: number
  bytes: number
  sha256: string
}

/** Where the records below a close record lie for good. */
export interface Archived {
  path: string
  bytes: number
  sha256: string
}

/**
 * The record that closes a day file (DESIGN section 3, rule 6): at and below it the archive is the
 * ledger. A segment that is created above it opens the day again.
 */
export interface CloseRecord {
  sequence: number
  generation: number
  end: number
  open: boolean
  via: Via
  marker: Marker
  mixed: boolean
  charset: Charset
  /** Lines stored in the records below. */
  rows: number
  proof: Proof
  archive: Archived
  /** The file's last line when it has no newline: it counts while this is the newest record. */
  tail: Uint8Array
  /** True when an older generation holds that line: with it merged in, it does not count twice. */
  tailHeld?: true
}

/** One record of a day file's ledger. */
export type LedgerRecord = SegmentRecord | CloseRecord

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

/** A record but for what it stores, which only readers of rows decompress. */
export type RecordHead = Omit<SegmentRecord, 'body'> | CloseRecord

/** True for a record that closes a day file. */
export function isClose(record: RecordHead): record is CloseRecord {
  return 'proof' in record
}

/** A record as content of a table item: its body or its tail compressed with zstd. */
export function encodeRecord(record: LedgerRecord): Content {
  if (isClose(record)) {
    const { tail, ...data } = record
    const whole = { format: RECORD_FORMAT, kind: 'close', ...data }
    return { data: { ...whole, digest: digestOf(whole, tail) }, ...compressed(tail) }
  }
  const { body, pieces, ...data } = record
  return {
    data: { format: RECORD_FORMAT, kind: 'segment', ...data, pieces: pieces.map(encodePiece) },
    ...compressed(body),
  }
}

/** The record that a table item or an archive holds; throws for a format that is not known. */
export function decodeRecord(item: Item): LedgerRecord {
  const head = headOf(item)
  return isClose(head) ? head : { ...head, body: bodyOf(item) }
}

/** The same without decompressing what a segment stores. */
export function headOf(item: Item): RecordHead {
  const { format, kind, ...data } = item.data
  if (format === RECORD_FORMAT && kind === 'segment') {
    const { pieces, ...segment } = data as unknown as EncodedSegment
    return { ...segment, pieces: pieces.map(decodePiece) }
  }
  if (format !== RECORD_FORMAT || kind !== 'close') throw unknownFormat(item, 'ledger-format')
  const { digest, ...close } = data as unknown as Omit<CloseRecord, 'tail'> & { digest: string }
  const tail = bodyOf(item)
  if (digest !== digestOf({ format, kind, ...close }, tail)) throw damaged(item)
  return { ...close, tail }
}

/** Nothing else holds what a close record says, so it proves itself. */
function digestOf(data: object, tail: Uint8Array): string {
  return createHash('sha256').update(JSON.stringify(data)).update(tail).digest('hex')
}

function compressed(bytes: Uint8Array): Pick<Content, 'bytes'> {
  return bytes.length > 0 ? { bytes: zstdCompressSync(bytes) } : {}
}

function bodyOf(item: Item): Uint8Array {
  try {
    return item.bytes ? zstdDecompressSync(item.bytes) : new Uint8Array()
  } catch (thrown) {
    throw damaged(item, thrown)
  }
}

function damaged(item: Item, cause?: unknown): RoundsError {
  return new RoundsError(
    'ledger-damaged',
    'skip',
    `The record ${item.partition} / ${item.sort} is damaged.`,
    'Restore the state folder from a copy, or move it away and run backfill.',
    { cause },
  )
}

interface EncodedSegment extends Omit<SegmentRecord, 'pieces' | 'body'> {
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
