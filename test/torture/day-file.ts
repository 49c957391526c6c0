import { appendFileSync, mkdirSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { between } from '../../demo/seeded.ts'
import type { DayFile } from '../../lib/ledger/record.ts'
import { type Counts, countsOf, raise, wholeUnits } from '../ledger/oracle.ts'

/** Bytes that a file is let grow to: small files make quick cycles. */
const ROOM_BYTES = 40_000

const NEWLINE = 10
const NOTHING = Buffer.alloc(0)

/**
 * A real day file, its exact content known, and what a ledger must hold of it.
 *
 * `most` is how often each line stood in any one state of the file: a ledger that holds more has
 * doubled one. `least` is the same over the states that a completed run must have seen: a ledger
 * that holds less has lost one. Of a file that only grows both are the file itself in the end.
 */
export interface KnownFile {
  file: DayFile
  path: string
  /** Never cut, rewritten or removed. */
  onlyGrows: boolean
  content: Buffer
  counts: Counts
  most: Counts
  least: Counts
  /** What is still to be written of the unfinished last line. */
  unwritten: Buffer
  /**
   * True when it was cut while a process may have had it open. Then it rests until none has: no
   * reader of a growing file could tell what stood behind its place before from what came since.
   */
  resting: boolean
  /** The counts when the present run began; undefined once something but an append happened. */
  atStart: Counts | undefined
}

/** A file that is not there yet. */
export function newFile(file: DayFile, path: string, onlyGrows: boolean): KnownFile {
  const counts = new Map<string, number>()
  return {
    ...{ file, path, onlyGrows, counts, content: NOTHING, unwritten: NOTHING, resting: false },
    ...{ most: new Map(), least: new Map(), atStart: counts },
  }
}

/** What can happen to a file. */
export type Deed = 'append' | 'cut' | 'remove' | 'rewrite' | 'ring' | 'same-size' | 'same-bytes'

/** Every deed, as often as it is to be chosen. */
export const DEEDS: readonly Deed[] = [
  ...Array.from({ length: 14 }, () => 'append' as const),
  ...(['cut', 'cut', 'remove', 'rewrite', 'ring', 'ring', 'same-size', 'same-bytes'] as const),
]

/** Does it in the file system and in the books. `lines` are new ones, each with its newline. */
export function happen(known: KnownFile, deed: Deed, lines: Buffer, next: () => number): void {
  if (deed === 'append' || known.onlyGrows || known.content.length === 0) grow(known, lines, next)
  else if (deed === 'cut') cut(known, next)
  else if (deed === 'remove') remove(known)
  else rewrite(known, rewritten(known.content, deed, lines, next))
}

/** Completes the last line if it is unfinished, appends, and may leave the new last one so. */
function grow(known: KnownFile, lines: Buffer, next: () => number): void {
  const { path, content, unwritten, resting } = known
  if (resting || (content.length > ROOM_BYTES && unwritten.length === 0)) return
  const whole = Buffer.concat([unwritten, lines])
  const end = next() < 0.5 ? whole.length : between(next, 1, whole.length)
  mkdirSync(dirname(path), { recursive: true })
  appendFileSync(path, whole.subarray(0, end))
  known.unwritten = whole.subarray(end, whole.indexOf(NEWLINE, Math.max(0, end - 1)) + 1)
  changed(known, Buffer.concat([content, whole.subarray(0, end)]))
}

function cut(known: KnownFile, next: () => number): void {
  const length = next() < 0.2 ? 0 : between(next, 0, known.content.length - 1)
  truncateSync(known.path, length)
  known.resting = true
  replaced(known, known.content.subarray(0, length))
}

function remove(known: KnownFile): void {
  rmSync(known.path)
  replaced(known, NOTHING)
}

/** As producers do it that write a new file and give it the old one's name. */
function rewrite(known: KnownFile, content: Buffer): void {
  writeFileSync(`${known.path}.new`, content)
  renameSync(`${known.path}.new`, known.path)
  known.resting = false
  replaced(known, content)
}

function rewritten(content: Buffer, deed: Deed, lines: Buffer, next: () => number): Buffer {
  if (deed === 'rewrite') return lines
  if (deed === 'same-bytes') return content
  if (deed === 'ring') {
    const from = content.indexOf(NEWLINE, between(next, 0, content.length - 1)) + 1
    return Buffer.concat([content.subarray(from), lines])
  }
  const times = Math.ceil(content.length / lines.length)
  return Buffer.concat(Array.from({ length: times }, () => lines)).subarray(0, content.length)
}

function replaced(known: KnownFile, content: Buffer): void {
  known.atStart = undefined
  known.unwritten = NOTHING
  changed(known, content)
}

function changed(known: KnownFile, content: Buffer): void {
  known.content = content
  known.counts = countsOf(wholeUnits(content))
  raise(known.most, known.counts)
}

/** A run begins: what stands now it must see, as long as the file only grows. */
export function runBegins(known: KnownFile): void {
  known.atStart = known.counts
}

/** No process runs any more; `completed` says that a run read all its files. */
export function runEnded(known: KnownFile, completed: boolean): void {
  if (completed && known.atStart) raise(known.least, known.atStart)
  known.resting = false
}
