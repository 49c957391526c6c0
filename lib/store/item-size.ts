import { RoundsError } from '../errors.ts'
import { type Content, type Key, MAX_ITEM_BYTES } from './table.ts'

/** Throws when an item is larger than every store can hold: a fault of the caller. */
export function checkItemSize(key: Key, content: Content): void {
  const sizeBytes = JSON.stringify(content.data).length + (content.bytes?.length ?? 0)
  if (sizeBytes <= MAX_ITEM_BYTES) return
  throw new RoundsError(
    'item-too-large',
    'stop',
    `Item ${key.partition} / ${key.sort} has ${sizeBytes} bytes; ${MAX_ITEM_BYTES} is the most.`,
    'This is a fault of Siterounds: please report it.',
  )
}
