import { zstdDecompressSync } from 'node:zlib'
import { isClose, isStored, type LedgerRecord } from '../ledger/record.ts'
import { decodeBeginning, unitsOf } from '../parse/lines.ts'
import type { Content } from '../store/table.ts'
import { oneLine } from '../text/one-line.ts'
import { type Fault, type Lines, linesText } from './finding.ts'

/** A line is shown so far: enough to find it in a file. */
const SHOWN_SIGNS = 80

/** Where a copy of a record differs from the right one, as precisely as can be said. */
export type Difference = Pick<Fault, 'lines' | 'text' | 'expected' | 'message'>

/** Compares a copy with the right record, which is given decoded and as it is stored. */
export function differenceOf(record: LedgerRecord, right: Content, copy: Content): Difference {
  const { sequence } = record
  const wrong = bytesOf(copy)
  const own = bytesOf(right)
  if (Buffer.compare(wrong, own) === 0) {
    const fields = fieldsThatDiffer(right.data, copy.data)
    if (fields.length === 0) return { message: `The sum of record ${sequence} is wrong.` }
    return { message: `Record ${sequence} differs in its description (${fields.join(', ')}).` }
  }
  const lines = linesOf(record)
  const [expectedBody, body] = [unpacked(own), unpacked(wrong)]
  if (!expectedBody || !body) {
    const message = `Record ${sequence} (${linesText(lines)}) cannot be decompressed.`
    return { lines, message }
  }
  const at = firstDifference(expectedBody, body)
  if (at === undefined) {
    return { lines, message: `Record ${sequence} differs in how it is compressed, not in a line.` }
  }
  return { ...lineAt(record, expectedBody, body, at) }
}

/** The lines that a record stores; of a close record the last line of the file. */
export function linesOf(record: LedgerRecord): Lines {
  if (isClose(record)) return { from: record.rows + 1, to: record.rows + 1 }
  return { from: record.rows - record.lines + 1, to: Math.max(record.rows, 1) }
}

/** The first byte in which two differ; undefined when they are equal. */
export function firstDifference(one: Uint8Array, other: Uint8Array): number | undefined {
  if (Buffer.compare(one, other) === 0) return undefined
  const least = Math.min(one.length, other.length)
  let at = 0
  while (at < least && one[at] === other[at]) at += 1
  return at
}

/** The line around a byte, from its beginning, short and safe to show. */
export function lineAround(bytes: Uint8Array, at: number): string {
  const start = at === 0 ? 0 : bytes.lastIndexOf(NEWLINE, at - 1) + 1
  const newline = bytes.indexOf(NEWLINE, start)
  const end = newline === -1 ? bytes.length : newline
  const line = bytes.subarray(start, Math.min(end, start + 4 * SHOWN_SIGNS))
  return oneLine(decodeBeginning(line, undefined), SHOWN_SIGNS)
}

const NEWLINE = 10

function lineAt(
  record: LedgerRecord,
  expectedBody: Uint8Array,
  body: Uint8Array,
  at: number,
): Difference {
  const lines = linesOf(record)
  const line = Math.min(lines.from + linesBefore(record, expectedBody, at), lines.to)
  const [text, expected] = [lineAround(body, at), lineAround(expectedBody, at)]
  return {
    lines: { from: line, to: line },
    text,
    expected,
    message: `Line ${line} (record ${record.sequence}) reads “${text}”, not “${expected}”.`,
  }
}

/** How many whole lines of a record's body end before a byte of it. */
function linesBefore(record: LedgerRecord, body: Uint8Array, at: number): number {
  if (isClose(record)) return 0
  let lines = -1
  let from = 0
  for (const piece of record.pieces) {
    if (!isStored(piece)) continue
    for (const { start, kind } of unitsOf(body.subarray(from, from + piece.bytes), piece.open)) {
      if (from + start > at) return Math.max(lines, 0)
      if (kind !== 'continued') lines += 1
    }
    from += piece.bytes
  }
  return Math.max(lines, 0)
}

function fieldsThatDiffer(one: Content['data'], other: Content['data']): string[] {
  const fields = new Set([...Object.keys(one), ...Object.keys(other)])
  return [...fields]
    .filter((field) => JSON.stringify(one[field]) !== JSON.stringify(other[field]))
    .map((field) => oneLine(field, SHOWN_SIGNS))
}

function bytesOf({ bytes }: Content): Uint8Array {
  return bytes ?? new Uint8Array()
}

function unpacked(bytes: Uint8Array): Uint8Array | undefined {
  try {
    return bytes.length > 0 ? zstdDecompressSync(bytes) : bytes
  } catch {
    return undefined
  }
}
