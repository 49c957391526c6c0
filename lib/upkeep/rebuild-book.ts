import { isDeepStrictEqual } from 'node:util'
import { type Book, foldedAgain } from '../alarms/book.ts'
import { readBook, writeBook } from '../alarms/book-item.ts'
import { RoundsError } from '../errors.ts'
import type { PlacedSite } from '../ledger/days.ts'
import { type LedgerStore, placeOf } from '../ledger/ledger.ts'
import type { Day } from '../site.ts'
import { DamagedItem } from '../store/damaged-item.ts'
import { bookKey } from '../store/keys.ts'
import type { Table } from '../store/table.ts'
import { itemIn, itemsIn, removeItem, type Standing } from './standing.ts'

/**
 * Folds the book of a site anew from its `days` from `keepFrom` on, and puts that in the place of
 * what stood there. True when the book came out otherwise.
 */
export async function rebuildBook(
  store: LedgerStore,
  placed: PlacedSite,
  days: readonly Day[],
  keepFrom: Day,
): Promise<boolean> {
  const { table } = store
  const kept = new Set(days.filter((day) => day >= keepFrom))
  const { partition, sort } = bookKey(placed.site.id)
  for (;;) {
    const { head, book: known } = await standingBook(table, placed.site.id)
    const leftOut = await newestLeftOut(store, placed, days, keepFrom)
    const book = { ...(await foldedAgain(store, placed, kept)), ...(leftOut && { leftOut }) }
    const same = known && isDeepStrictEqual(known, book)
    if (head ? same : Object.keys(book.days).length === 0) return false
    // Parts are known by their names: one that is damaged would be taken for the right one.
    if (head && !known) await removeParts(table, partition, sort)
    if (await writeBook(table, placed.site.id, head, book)) return true
  }
}

/** The newest day with alarm rows that the book leaves out. */
async function newestLeftOut(
  store: LedgerStore,
  { site }: PlacedSite,
  days: readonly Day[],
  keepFrom: Day,
): Promise<Day | undefined> {
  for (const day of days.filter((one) => one < keepFrom).reverse()) {
    const { sequence } = await placeOf(store, { site: site.id, feed: 'alarm', day })
    if (sequence > 0) return day
  }
  return undefined
}

/** The head of a book, and the book itself unless it is unreadable or of an older release. */
async function standingBook(
  table: Table,
  site: string,
): Promise<{ head?: Standing | undefined; book?: Book }> {
  try {
    const read = await readBook(table, site)
    if (!read) return {}
    return { head: read.item, ...(!read.older && { book: read.book }) }
  } catch (thrown) {
    const unreadable = thrown instanceof DamagedItem || !(thrown instanceof RoundsError)
    if (!unreadable && thrown.code !== 'book-parts') throw thrown
    return { head: await itemIn(table, bookKey(site)) }
  }
}

async function removeParts(table: Table, partition: string, head: string): Promise<void> {
  for (const item of await itemsIn(table, partition)) {
    if (item.sort !== head) await removeItem(table, item)
  }
}
