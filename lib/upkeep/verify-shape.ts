import {
  isClose,
  isStored,
  type LedgerRecord,
  MARKER_BYTES,
  type Marker,
  markerOf,
  type SegmentRecord,
} from '../ledger/record.ts'
import { rebuilt } from '../ledger/rows.ts'
import { unitsOf } from '../parse/lines.ts'
import { type Fault, linesText, type Side } from './finding.ts'
import { linesOf } from './verify-difference.ts'

/** What the records before one leave behind: what it must go on from. */
interface Before {
  sequence: number
  rows: number
  /** Of the newest generation: its number, how far it goes, and its last bytes. */
  generation: number
  end: number
  last: Uint8Array
  segments: Map<number, SegmentRecord>
}

/**
 * The first fault in how records go on from one another, from the first on: their numbers, lines,
 * references, bytes and markers. Undefined when they make one ledger. Behind a fault nothing can
 * be said, because each record goes on from those before it.
 */
export function shapeFault(records: readonly LedgerRecord[], side: Side): Fault | undefined {
  const before: Before = {
    sequence: 0,
    rows: 0,
    generation: 0,
    end: 0,
    last: new Uint8Array(),
    segments: new Map(),
  }
  for (const record of records) {
    const what = isClose(record) ? closeFault(record, before) : segmentFault(record, before)
    if (!what) continue
    const { sequence } = record
    const lines = linesOf(record)
    const message = `Record ${before.sequence + 1} (${linesText(lines)}) ${what}.`
    return { code: 'record-wrong', side, record: sequence, lines, message, hint: '' }
  }
  return undefined
}

function closeFault(
  {
    sequence,
    rows,
    generation,
    end,
    marker,
  }: Pick<SegmentRecord, 'sequence' | 'rows' | 'generation' | 'end' | 'marker'>,
  before: Before,
): string | undefined {
  if (sequence !== before.sequence + 1) return `says that it is record ${sequence}`
  if (rows !== before.rows) return `counts ${rows} lines, not ${before.rows}`
  // A file that is one unfinished line is a generation of which no record holds anything.
  if (generation === before.generation + 1 && end === 0) {
    Object.assign(before, { generation, end, last: EMPTY })
  }
  if (generation !== before.generation || end !== before.end) {
    return 'does not close where the records before it end'
  }
  if (!isMarkerOf(marker, before.last)) return 'has the marker of other bytes'
  before.sequence = sequence
  return undefined
}

function segmentFault(record: SegmentRecord, before: Before): string | undefined {
  const { sequence, rows, lines, generation, start, end, aside, marker, until } = record
  if (sequence !== before.sequence + 1) return `says that it is record ${sequence}`
  const stored = storedFault(record)
  if (stored) return stored
  if (rows !== before.rows + lines) return `counts ${rows} lines, not ${before.rows + lines}`
  const reference = record.pieces.find((piece) => !isStored(piece) && !isHeld(piece, before))
  if (reference) return 'refers to lines that no record before it holds'
  before.sequence = sequence
  before.rows = rows
  before.segments.set(sequence, record)
  if (aside) return undefined
  if (generation < before.generation || generation > before.generation + 1) {
    return `is of generation ${generation}, behind generation ${before.generation}`
  }
  const goesOn = generation === before.generation
  const from = goesOn ? before.end : 0
  const bytes = rebuilt(record, before.segments)
  if (start !== from) return `begins at byte ${start}, not at ${from}`
  if (end !== start + bytes.length) return `ends at byte ${end}, not at ${start + bytes.length}`
  if (until !== undefined && until !== end) return `says that its read ended at byte ${until}`
  const last = Buffer.concat([goesOn ? before.last : EMPTY, bytes]).subarray(-MARKER_BYTES)
  if (!isMarkerOf(marker, last)) return 'holds other bytes than its marker says'
  before.generation = generation
  before.end = end
  before.last = last
  return undefined
}

const EMPTY = new Uint8Array()

/** The stored units must be just those that the pieces tell. */
function storedFault({ body, pieces, lines }: SegmentRecord): string | undefined {
  let from = 0
  let counted = 0
  for (const piece of pieces) {
    if (!isStored(piece)) continue
    const bytes = body.subarray(from, from + piece.bytes)
    const units = unitsOf(bytes, piece.open)
    const whole = bytes.length === piece.bytes && (units.at(-1)?.end ?? 0) === piece.bytes
    if (!whole || units.length !== piece.units) return 'holds other lines than it says'
    counted += units.filter(({ kind }) => kind !== 'continued').length
    from += piece.bytes
  }
  if (from !== body.length) return 'holds more bytes than it says'
  return counted === lines ? undefined : `holds ${counted} lines, not ${lines}`
}

function isHeld(piece: SegmentRecord['pieces'][number], { segments }: Before): boolean {
  if (isStored(piece)) return true
  const holder = segments.get(piece.record)
  const units = holder?.pieces.filter(isStored).reduce((sum, one) => sum + one.units, 0) ?? 0
  return piece.first >= 0 && piece.units > 0 && piece.first + piece.units <= units
}

function isMarkerOf(marker: Marker, last: Uint8Array): boolean {
  const { length, sha256 } = markerOf(last)
  // Where nothing is before a place, its marker may have no digest.
  return marker.length === length && (length === 0 || marker.sha256 === sha256)
}
