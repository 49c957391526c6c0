import { isAscii } from 'node:buffer'
import type { ByteUnit, Feed } from '../site.ts'
import type { Zone } from '../time.ts'
import { readingOf } from './columns.ts'
import type { Parsed, Stamp } from './feeds.ts'
import { type Charset, charsetOf, decodeBeginning, decodeLine, unitsOf } from './lines.ts'

/** What the lines of a day file are read with, and what is remembered from one run to the next. */
export interface Reader {
  zone: Zone
  /** Ids that the site may write. */
  siteIds: ReadonlySet<string>
  units: ByteUnit
  /** Decided by the first line that needs it. */
  charset: Charset
  /** Record time of the line before, to tell the two halves of a repeated hour apart. */
  previousMs: number | undefined
  /** The stamp of the line before, kept to be shared. */
  previous?: Stamp
}

/** What may stand unseen before a line: a BOM, or the end of a hole of NUL bytes. */
const UNSEEN = /^[\uFEFF\0]+/

/** How much of a rejected line is kept as text, in characters. */
const REJECT_TEXT = 200

/**
 * Reads a run of units (see lines.ts) of one feed: every line becomes a reading, a reject with its
 * reason, unknown, or blank. Pure but for `reader`, whose charset and previous time move on.
 * `open` says whether the bytes begin within a line that began before.
 */
export function readLines<F extends Feed>(
  feed: F,
  bytes: Uint8Array,
  open: boolean,
  reader: Reader,
): Parsed<F> {
  const parsed: Parsed<F> = { lines: 0, readings: [], rejects: [], unknown: 0, blank: 0 }
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  const plain = isAscii(bytes)
  for (const { start, end, kind } of unitsOf(bytes, open)) {
    if (kind !== 'line') {
      readOdd(kind, buffer.subarray(start, end), reader, parsed)
      continue
    }
    // Each line is a text of its own: a field keeps the text in memory that it is cut from.
    if (plain) readLine(feed, buffer.toString('latin1', start, end - 1), reader, parsed)
    else {
      reader.charset = charsetOf(buffer.subarray(start, end), false, reader.charset)
      const line = buffer.subarray(start, end - 1)
      readLine(feed, decodeLine(line, reader.charset), reader, parsed)
    }
  }
  return parsed
}

/** A unit that is no ordinary line: a piece of a line over 64 KiB, or a hole of NUL bytes. */
function readOdd<F extends Feed>(
  kind: 'oversize' | 'continued' | 'hole',
  unit: Uint8Array,
  reader: Reader,
  parsed: Parsed<F>,
): void {
  if (kind === 'continued') return
  parsed.lines += 1
  if (kind === 'hole') {
    parsed.blank += 1
    return
  }
  const text = decodeBeginning(unit.subarray(0, REJECT_TEXT * 4), reader.charset)
  parsed.rejects.push({ reason: 'oversize', text: cut(text) })
}

/** An ordinary whole line, without its newline. */
function readLine<F extends Feed>(feed: F, line: string, reader: Reader, parsed: Parsed<F>): void {
  parsed.lines += 1
  const seen = (line.endsWith('\r') ? line.slice(0, -1) : line).replace(UNSEEN, '')
  const read = readingOf(feed, seen.split('|'), reader)
  if (typeof read !== 'string') parsed.readings.push(read)
  else if (read === 'unknown') parsed.unknown += 1
  else if (read === 'blank') parsed.blank += 1
  else parsed.rejects.push({ reason: read, text: cut(seen) })
}

function cut(text: string): string {
  // No pattern for the line end: `[\r\n]+$` would try every one of a line of many lone CRs.
  let end = text.length
  while (end > 0 && (text[end - 1] === '\n' || text[end - 1] === '\r')) end -= 1
  return end > REJECT_TEXT ? `${text.slice(0, REJECT_TEXT)}…` : text.slice(0, end)
}
