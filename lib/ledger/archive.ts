import { RoundsError } from '../errors.ts'
import { keyPart, sequenceKey } from '../store/keys.ts'
import type { Objects } from '../store/objects.ts'
import type { Content, Item } from '../store/table.ts'
import { type Archived, type DayFile, sha256 } from './record.ts'

/*
 * The raw archive of a day file: one object that holds its records 1 to n as they stood in the
 * table. For each record it has a skippable frame of zstd (RFC 8878, section 3.1.2) with the
 * record's data as JSON, and behind it the frame with the record's stored lines, as it was
 * written. Programs that know zstd skip the former: `zstd -dc` prints every stored line in order.
 */

/** Magic number of a skippable frame; any of 0x184D2A50 to 0x184D2A5F is one. */
const SKIPPABLE = 0x184d2a53

/** Magic number and length before the data of a skippable frame. */
const HEAD_BYTES = 8

/** The folder of all archives of a day file: a new one comes with each settling. */
export function archiveFolder({ site, feed, day }: DayFile): string {
  return `ledger/${feed}/${day}/${keyPart(site)}/`
}

/** Where the records 1 to `sequence` of a day file are archived. */
export function archivePath(file: DayFile, sequence: number): string {
  return `${archiveFolder(file)}${sequenceKey(sequence)}.zst`
}

/** The archive of records, as they stand in the table, in order. */
export function packed(records: readonly Content[]): Buffer {
  const parts: Uint8Array[] = []
  for (const { data, bytes } of records) {
    const text = Buffer.from(JSON.stringify({ ...data, frameBytes: bytes?.length ?? 0 }))
    const head = Buffer.alloc(HEAD_BYTES)
    head.writeUInt32LE(SKIPPABLE, 0)
    head.writeUInt32LE(text.length, 4)
    parts.push(head, text)
    if (bytes) parts.push(bytes)
  }
  return Buffer.concat(parts)
}

/** The records that an archive holds, as they stood in the table; throws when it is no archive. */
export function* unpacked(archive: Uint8Array, path: string): Generator<Content> {
  const bytes = Buffer.from(archive.buffer, archive.byteOffset, archive.byteLength)
  for (let at = 0; at < bytes.length; ) {
    const isFrame = bytes.length >= at + HEAD_BYTES && bytes.readUInt32LE(at) === SKIPPABLE
    const start = at + HEAD_BYTES
    const end = isFrame ? start + bytes.readUInt32LE(at + 4) : Number.POSITIVE_INFINITY
    if (end > bytes.length) throw archiveDamaged(path)
    const { frameBytes, ...data } = dataOf(bytes.toString('utf8', start, end), path)
    at = end + frameBytes
    yield { data, ...(frameBytes > 0 && { bytes: bytes.subarray(end, at) }) }
  }
}

function dataOf(text: string, path: string): Record<string, unknown> & { frameBytes: number } {
  try {
    return JSON.parse(text)
  } catch (thrown) {
    throw archiveDamaged(path, thrown)
  }
}

/**
 * Puts an archive and reads it back: an archive counts only when the store gave back each byte.
 * Its name holds its last record's number, so writers that are late never put less in its place.
 */
export async function putArchive(
  archive: Objects,
  path: string,
  records: readonly Content[],
): Promise<Archived> {
  const bytes = packed(records)
  await archive.put(path, bytes, { contentType: 'application/zstd' })
  const back = await archive.get(path)
  if (!back || Buffer.compare(bytes, back) !== 0) {
    throw new RoundsError(
      'archive-differs',
      'retry',
      `The archive ${path} was read back and is not what was written.`,
      'It is tried again with the next round; if this comes again, look at the disk or the bucket.',
    )
  }
  return { path, bytes: bytes.length, sha256: sha256(bytes) }
}

/** True when an archive is there, byte for byte as its close record says. */
export async function isArchived(
  archive: Objects,
  { path, sha256: digest }: Archived,
): Promise<boolean> {
  const bytes = await archive.get(path)
  return bytes !== undefined && sha256(bytes) === digest
}

/** The items of an archive, whose bytes are checked against what its close record says. */
export async function* archivedItems(
  archive: Objects,
  { path, sha256: digest }: Archived,
): AsyncGenerator<Item> {
  const bytes = await archive.get(path)
  if (!bytes) {
    throw new RoundsError(
      'archive-missing',
      'skip',
      `The archive ${path} is gone; it may hold the only copy of its day.`,
      'Restore the archive from a copy, or the object from an older version.',
    )
  }
  if (sha256(bytes) !== digest) throw archiveDamaged(path)
  for (const content of unpacked(bytes, path)) {
    const sort = sequenceKey(content.data.sequence as number)
    yield { ...content, partition: path, sort, version: '' }
  }
}

function archiveDamaged(path: string, cause?: unknown): RoundsError {
  return new RoundsError(
    'archive-damaged',
    'skip',
    `The archive ${path} is damaged.`,
    'Run siterounds verify to see where, and restore it from a copy.',
    { cause },
  )
}
