import { isAscii, isUtf8 } from 'node:buffer'

/**
 * Bytes to whole lines, before any decoding. What the ledger stores and counts are *units*:
 * - a line with its `\n`, when both together are at most 64 KiB;
 * - a longer line, in pieces of exactly 64 KiB (the last one ends with the `\n`). Its first piece
 *   counts as one line, the others continue it and count as none;
 * - 64 KiB of nothing but NUL at the beginning of a line (of the hole that a writer leaves whose
 *   file was cut behind its back). It counts as one blank line; what follows begins a line anew.
 *   A shorter run of NUL bytes belongs to the line that it stands before.
 * Where units end depends on the bytes from the beginning of the line alone, never on how the bytes
 * arrived, so every reading of the same file gives the same units.
 */
export const MAX_LINE_BYTES = 64 * 1024

const NEWLINE = 10

/** What one unit is to the one who counts lines: only `continued` counts as none. */
export type UnitKind = 'line' | 'oversize' | 'continued' | 'hole'

/** One unit of a run of bytes: from `start` up to `end`. */
export interface Unit {
  start: number
  end: number
  kind: UnitKind
}

/** Splits bytes into units; `open` says whether they begin within a line. The rest is none yet. */
export function unitsOf(bytes: Uint8Array, open: boolean): Unit[] {
  const units: Unit[] = []
  let start = 0
  while (start < bytes.length) {
    const hole = !open && isHole(bytes, start)
    const end = hole ? start + MAX_LINE_BYTES : lineEnd(bytes, start)
    if (end === undefined) break
    const whole = bytes[end - 1] === NEWLINE
    const kind = hole ? 'hole' : open ? 'continued' : whole ? 'line' : 'oversize'
    units.push({ start, end, kind })
    open = !hole && !whole
    start = end
  }
  return units
}

/** How many bytes at the beginning are whole units. */
export function wholeLength(bytes: Uint8Array, open: boolean): number {
  return unitsOf(bytes, open).at(-1)?.end ?? 0
}

/** True when a run of bytes that ends with `last` ends within a line over 64 KiB. */
export function endsOpen(bytes: Uint8Array, last: Unit): boolean {
  return last.kind !== 'hole' && bytes[last.end - 1] !== NEWLINE
}

/** Where the line that begins (or goes on) at `start` ends, or its next 64 KiB piece. */
function lineEnd(bytes: Uint8Array, start: number): number | undefined {
  const newline = bytes.indexOf(NEWLINE, start)
  if (newline !== -1 && newline < start + MAX_LINE_BYTES) return newline + 1
  return bytes.length >= start + MAX_LINE_BYTES ? start + MAX_LINE_BYTES : undefined
}

function isHole(bytes: Uint8Array, start: number): boolean {
  if (bytes[start] !== 0 || start + MAX_LINE_BYTES > bytes.length) return false
  for (let at = start; at < start + MAX_LINE_BYTES; at += 1) if (bytes[at] !== 0) return false
  return true
}

/** How a day file is written; undefined while every line so far is plain ASCII. */
export type Charset = 'utf-8' | 'gb18030' | undefined

const decoders = {
  'utf-8': new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }),
  gb18030: new TextDecoder('gb18030', { fatal: true, ignoreBOM: true }),
  lenient: new TextDecoder('utf-8', { ignoreBOM: true }),
}

const UTF_8_FIRST = ['utf-8', 'gb18030'] as const
const GB18030_FIRST = ['gb18030', 'utf-8'] as const

/**
 * Decides the charset of a day file by its first line that is not plain ASCII: UTF-8 if that line
 * is valid UTF-8 (a BOM is), else GB18030. Valid UTF-8 must be asked first: it is often valid
 * GB18030 too, the reverse is rare. Once decided it stays. Lines over 64 KiB do not decide: their
 * pieces may be cut within a character. `open` says whether the bytes begin within such a line.
 */
export function charsetOf(bytes: Uint8Array, open: boolean, remembered: Charset): Charset {
  if (remembered || isAscii(bytes)) return remembered
  for (const { start, end, kind } of unitsOf(bytes, open)) {
    const line = bytes.subarray(start, end)
    if (kind === 'line' && !isAscii(line)) return isUtf8(line) ? 'utf-8' : 'gb18030'
  }
  return undefined
}

/**
 * A line as text. One that is not valid in the file's charset but in the other one is read in the
 * other one; one that is valid in neither keeps what can be read, with U+FFFD for the rest.
 * What decided for GB18030 may have been a torn line of UTF-8, so what is surely UTF-8 stays that.
 */
export function decodeLine(line: Uint8Array, charset: Charset): string {
  const isOther = charset === 'gb18030' && !isSurelyUtf8(line)
  const [own, other] = isOther ? GB18030_FIRST : UTF_8_FIRST
  return decode(line, own) ?? decode(line, other) ?? decoders.lenient.decode(line)
}

function decode(bytes: Uint8Array, charset: 'utf-8' | 'gb18030'): string | undefined {
  try {
    return decoders[charset].decode(bytes)
  } catch {
    return undefined
  }
}

/**
 * Valid UTF-8 with a character of three bytes or more, such as a Chinese one or a BOM. Chinese text
 * in GB18030 is valid UTF-8 now and then (系统 is), but then hardly ever with such a character.
 */
function isSurelyUtf8(line: Uint8Array): boolean {
  return line.some((byte) => byte >= 0xe0) && isUtf8(line)
}

/** The beginning of a line, which may be cut within a character, as text. */
export function decodeBeginning(bytes: Uint8Array, charset: Charset): string {
  for (const one of charset === 'gb18030' ? GB18030_FIRST : UTF_8_FIRST) {
    try {
      // As a stream: the missing end of the last character is awaited, not an error.
      const decoder = new TextDecoder(one, { fatal: true, ignoreBOM: true })
      return decoder.decode(bytes, { stream: true })
    } catch {}
  }
  return decoders.lenient.decode(bytes)
}
