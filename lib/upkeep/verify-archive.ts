import { packed, unpacked } from '../ledger/archive.ts'
import { type Archived, type CloseRecord, decodeRecord, sha256 } from '../ledger/record.ts'
import { sequenceKey } from '../store/keys.ts'
import type { Content, Item } from '../store/table.ts'
import { type Fault, linesText } from './finding.ts'
import type { Standing } from './standing.ts'
import { differenceOf } from './verify-difference.ts'
import { shapeFault } from './verify-shape.ts'

/** What the archive of a close record holds, and what is wrong with it. */
export interface ArchiveChecked {
  /** The records below the close record, proved by its digest; undefined when no copy is right. */
  right?: Content[]
  faults: Fault[]
}

const REPAIR = 'The table still has its records: siterounds verify --repair writes it anew.'
const REPAIR_OLDER = 'A newer archive holds all of it: siterounds verify --repair writes it anew.'
const LOST = 'Restore the archive from a copy, or the object from an older version.'

/**
 * Checks the bytes of an archive (undefined when there is none) against its close record. When
 * they are wrong, the right ones may still be known: the records in the table, those of the
 * archive where the table dropped them, and the digest that proves whether these are they.
 */
export function checkArchive(
  close: CloseRecord,
  bytes: Uint8Array | undefined,
  inTable: ReadonlyMap<number, Standing>,
): ArchiveChecked {
  const { archive, rows } = close
  if (bytes && isProved(archive, bytes)) return { right: [...unpacked(bytes, '')], faults: [] }
  const loose = bytes ? looseRecords(bytes, close.sequence - 1) : []
  const right = provedRecords(close, loose, inTable)
  const hint = right ? REPAIR : LOST
  const about = { side: 'archive' as const, path: archive.path, hint }
  if (!bytes) {
    const message = `The archive ${archive.path} is gone.`
    return { ...(right && { right }), faults: [{ ...about, code: 'archive-missing', message }] }
  }
  const code = 'archive-damaged'
  if (right) {
    const faults = placesOf(bytes, right).map((place) => ({ ...about, ...place, code }))
    return { right, faults }
  }
  const fault = faultIn(loose, close)
  if (fault) return { faults: [{ ...fault, ...about, code }] }
  const lines = { from: 1, to: rows }
  const message = `The archive ${archive.path} is not as it was written (${linesText(lines)}).`
  return { faults: [{ ...about, code, lines, message }] }
}

/**
 * Checks an archive that a later settling has replaced, given the records of the newer one. Nothing
 * reads it any more, so one that is gone is none the worse.
 */
export function checkOlder(
  { archive, sequence }: CloseRecord,
  bytes: Uint8Array | undefined,
  right: readonly Content[],
): Fault[] {
  if (!bytes || isProved(archive, bytes)) return []
  const about = { side: 'archive' as const, path: archive.path, hint: REPAIR_OLDER }
  return placesOf(bytes, right.slice(0, sequence - 1)).map((place) => {
    return { ...about, ...place, code: 'older-archive-damaged' }
  })
}

/** True when an archive is to the byte the one that was written. */
export function isProved(archive: Archived, bytes: Uint8Array): boolean {
  return bytes.length === archive.bytes && sha256(bytes) === archive.sha256
}

/** The records of an archive that may be damaged, as far as they can be told apart. */
function looseRecords(bytes: Uint8Array, most: number): Content[] {
  const records: Content[] = []
  try {
    for (const content of unpacked(bytes, '')) {
      records.push(content)
      // A damaged length may lead back to where it was read.
      if (records.length === most) break
    }
  } catch {
    // What came before is told apart; the digest decides whether it is right.
  }
  return records
}

/** The records below a close record from wherever they are right, proved by the digest. */
function provedRecords(
  { sequence, archive }: CloseRecord,
  loose: readonly Content[],
  inTable: ReadonlyMap<number, Standing>,
): Content[] | undefined {
  const records: Content[] = []
  for (let number = 1; number < sequence; number += 1) {
    const standing = inTable.get(number)
    const content = standing && !standing.damage ? standing : loose[number - 1]
    if (!content) return undefined
    records.push({ data: content.data, ...(content.bytes && { bytes: content.bytes }) })
  }
  return isProved(archive, packed(records)) ? records : undefined
}

/** Every record of a damaged archive that differs from the right ones; at least one. */
function placesOf(
  bytes: Uint8Array,
  right: readonly Content[],
): Omit<Fault, 'code' | 'side' | 'hint'>[] {
  const faults: Omit<Fault, 'code' | 'side' | 'hint'>[] = []
  let from = 0
  for (const [index, content] of right.entries()) {
    const expected = packed([content])
    const end = from + expected.length
    const found = bytes.subarray(from, end)
    if (Buffer.compare(expected, found) !== 0) {
      const record = index + 1
      const decoded = decodeRecord(itemOf(content, record))
      const frameBytes = content.bytes?.length ?? 0
      const head = expected.length - frameBytes
      const inHead = Buffer.compare(expected.subarray(0, head), found.subarray(0, head)) !== 0
      const copy = { data: content.data, bytes: found.subarray(head) }
      faults.push(
        inHead || found.length < expected.length
          ? { record, message: `The archive's description of record ${record} is damaged.` }
          : { record, ...differenceOf(decoded, content, copy) },
      )
    }
    from = end
  }
  if (bytes.length > from) faults.push({ message: 'The archive goes on behind its last record.' })
  return faults
}

/** The first record of a damaged archive that is wrong by itself. */
function faultIn(loose: readonly Content[], close: CloseRecord): Fault | undefined {
  const decoded = []
  for (const [index, content] of loose.entries()) {
    try {
      decoded.push(decodeRecord(itemOf(content, index + 1)))
    } catch {
      return damagedAfter(decoded.at(-1)?.rows ?? 0, content, index + 1, close)
    }
  }
  const fault = shapeFault(decoded, 'archive')
  if (fault) return fault
  if (loose.length === close.sequence - 1) return undefined
  return damagedAfter(decoded.at(-1)?.rows ?? 0, undefined, loose.length + 1, close)
}

function damagedAfter(
  rows: number,
  content: Content | undefined,
  record: number,
  close: CloseRecord,
): Fault {
  const own = content?.data.rows
  const to = typeof own === 'number' && own > rows && own <= close.rows ? own : close.rows
  const lines = { from: rows + 1, to }
  const message = `Record ${record} (${linesText(lines)}) cannot be read in the archive.`
  return { code: '', side: 'archive', record, lines, message, hint: '' }
}

function itemOf(content: Content, sequence: number): Item {
  return { ...content, partition: 'archive', sort: sequenceKey(sequence), version: '' }
}
