import { createHash } from 'node:crypto'
import { zstdDecompressSync } from 'node:zlib'
import { RoundsError } from '../errors.ts'
import { unknownFormat } from '../store/item-format.ts'
import { bookKey } from '../store/keys.ts'
import type { Content, Item, Key, Table } from '../store/table.ts'
import type { Book } from './book.ts'
import { bookBytes, occurrencesIn } from './book-bytes.ts'

/**
 * How a book lies in the table: a head, and in it the occurrences, compressed. A book too large
 * for one item has them in parts beside the head, under a name that is the digest of the whole
 * book. The parts are written first, then the head is switched to them by one compare-and-set,
 * so a reader never sees a book of two states. Positions only rise, so no later book has the
 * same name, and the parts of one that was left behind can be removed.
 */

/** The form of these items. One of an older release is read, and folded again. */
const BOOK_FORMAT = 4

/** Occurrences in one item: some 10,000 open alarms. Room is left for the days in the head. */
const PART_BYTES = 250_000

/** How often a reader whose parts vanished (the head was switched meanwhile) looks again. */
const READ_TRIES = 5

interface Head {
  format: number
  readWith?: string
  days: Book['days']
  newestMs: number
  leftOut?: Book['leftOut']
  /** Digest and number of the parts; absent while the head itself holds the occurrences. */
  parts?: { digest: string; count: number }
}

/**
 * The book of a site with the head it was read from; undefined when there is none. `older` when an
 * older release wrote it: it lacks what this one keeps, and must be folded again.
 */
export async function readBook(
  table: Table,
  site: string,
): Promise<{ book: Book; item: Item; older?: boolean } | undefined> {
  for (let tries = 1; ; tries += 1) {
    const item = await table.get(bookKey(site))
    if (!item) return undefined
    const { format, readWith, days, newestMs, leftOut, parts } = item.data as unknown as Head
    if (![1, 2, 3, BOOK_FORMAT].includes(format)) throw unknownFormat(item, 'book-format')
    const bytes = parts ? await readParts(table, site, parts) : item.bytes
    if (bytes) {
      const facts = { ...(readWith && { readWith }), days, newestMs, ...(leftOut && { leftOut }) }
      const older = format < BOOK_FORMAT
      const occurrences = older
        ? (JSON.parse(zstdDecompressSync(bytes).toString()) as Pick<Book, 'open' | 'recent'>)
        : occurrencesIn(bytes, newestMs)
      return { book: { ...facts, ...occurrences }, item, older }
    }
    if (tries === READ_TRIES) throw partsMissing(item)
  }
}

/** Writes a book over the head `before`; false when another writer has switched it meanwhile. */
export async function writeBook(
  table: Table,
  site: string,
  before: Item | undefined,
  book: Book,
): Promise<boolean> {
  const { readWith, days, newestMs, leftOut } = book
  const bytes = bookBytes(book)
  const facts = { ...(readWith && { readWith }), days, newestMs, ...(leftOut && { leftOut }) }
  const head: Head = { format: BOOK_FORMAT, ...facts }
  if (bytes.length > PART_BYTES) {
    const whole = createHash('sha256')
      .update(bytes)
      .update(JSON.stringify([days, leftOut]))
    const digest = whole.digest('hex').slice(0, 32)
    head.parts = { digest, count: Math.ceil(bytes.length / PART_BYTES) }
    for (const [index, key] of partKeys(site, head.parts).entries()) {
      const part = bytes.subarray(index * PART_BYTES, (index + 1) * PART_BYTES)
      // One that stands there already has the same name, and so the same content.
      await table.create(key, { data: { format: BOOK_FORMAT }, bytes: part })
    }
  }
  const content: Content = { data: { ...head }, ...(!head.parts && { bytes }) }
  const write = before
    ? await table.replace(bookKey(site), before.version, content)
    : await table.create(bookKey(site), content)
  // Whoever was slower leaves its own parts behind, whoever was faster those of the head before.
  if (write.done) await removeParts(table, site, before, write.item)
  else await removeParts(table, site, { data: { ...head } }, write.standing)
  return write.done
}

function partKeys(site: string, { digest, count }: NonNullable<Head['parts']>): Key[] {
  const { partition, sort } = bookKey(site)
  return Array.from({ length: count }, (_, index) => ({
    partition,
    sort: `${sort}#${digest}#${index}`,
  }))
}

/** The parts put together, or undefined when one is gone. */
async function readParts(
  table: Table,
  site: string,
  parts: NonNullable<Head['parts']>,
): Promise<Uint8Array | undefined> {
  const all: Uint8Array[] = []
  for (const key of partKeys(site, parts)) {
    const part = await table.get(key)
    if (!part?.bytes) return undefined
    all.push(part.bytes)
  }
  return Buffer.concat(all)
}

/** Removes the parts that `left` names, unless the head that stands now names them too. */
async function removeParts(
  table: Table,
  site: string,
  left: Pick<Item, 'data'> | undefined,
  standing: Item | undefined,
): Promise<void> {
  const parts = (left?.data as unknown as Head | undefined)?.parts
  const kept = (standing?.data as unknown as Head | undefined)?.parts
  if (!parts || parts.digest === kept?.digest) return
  for (const key of partKeys(site, parts)) {
    const part = await table.get(key)
    if (part) await table.remove(key, part.version)
  }
}

function partsMissing({ partition }: Item): RoundsError {
  return new RoundsError(
    'book-parts',
    'skip',
    `A part of the alarm book ${partition} is missing.`,
    'The store lost an item: restore it from a copy.',
  )
}
