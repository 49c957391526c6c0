/**
 * PORT: a keyed table. Items live under (partition, sort); one item is written whole or not at all.
 *
 * Laws, held by test/contracts/table.ts for every driver:
 * 1. Reads and lists see every write that completed before they began, from any process.
 * 2. `create` succeeds for exactly one of any number of callers; `replace` and `remove` only on the
 *    version given. The others get the item that stands there (or undefined if none does).
 * 3. A write whose answer was lost is recognised by its version and reported as done, not refused.
 * 4. `list` is ordered by the bytes of `sort`; keys are ASCII (store/keys.ts encodes them).
 * 5. An item may vanish after its `expiresAt`, never before; readers do not rely on it vanishing.
 *    `sweep` drops what is past it, in each partition up to the sort that `upTo` gives, and says
 *    how many; no other call does: a store that was off for weeks keeps what is yet to be
 *    archived. A store that drops by itself has no `sweep`.
 * 6. Errors thrown are `RoundsError`s: class `retry` when the same call may succeed soon,
 *    `stop` when the store is broken, full, read-only or from a newer release.
 */
export interface Table {
  get(key: Key): Promise<Item | undefined>
  create(key: Key, content: Content): Promise<Write>
  replace(key: Key, version: string, content: Content): Promise<Write>
  remove(key: Key, version: string): Promise<Write>
  list(partition: string, range?: Range): Promise<Item[]>
  sweep?(upTo: (partition: string) => Promise<string | undefined>): Promise<number>
  close(): Promise<void>
}

/** Where an item stands. Both parts are ASCII, at most 1,024 bytes each. */
export interface Key {
  partition: string
  sort: string
}

/** What an item holds; together at most 350 KB (DynamoDB ends at 400 KB). */
export interface Content {
  /** Plain JSON. Every item carries its own `format` number. */
  data: Readonly<Record<string, unknown>>
  bytes?: Uint8Array
  /** Epoch milliseconds after which the store may drop the item. */
  expiresAt?: number
}

/** An item as it stands in the table; `version` changes with every write. */
export interface Item extends Key, Content {
  version: string
}

/** How a conditional write went; when refused, `standing` is what was there instead. */
export type Write = { done: true; item: Item } | { done: false; standing: Item | undefined }

/** Part of a partition: sorts from `from` to `to`, both included. */
export interface Range {
  from?: string
  to?: string
  descending?: boolean
  limit?: number
}

/** The most that one item may hold, in bytes of JSON and body together. */
export const MAX_ITEM_BYTES = 350_000
