import { RoundsError } from '../errors.ts'
import type { Key } from './table.ts'

const HINT =
  'siterounds verify says which copy is right; with --repair it puts right what one of them proves.'

/**
 * The error for an item whose bytes are not those that were written. Its version still names it,
 * so that whoever knows better can replace it.
 */
export class DamagedItem extends RoundsError {
  readonly item: Key & { version: string }
  /** What is left of it: nothing here is to be believed. */
  readonly left: { data: string; bytes: Uint8Array | null }

  constructor(
    item: Key & { version: string },
    left: { data: string; bytes: Uint8Array | null },
    cause?: unknown,
  ) {
    const message = `The item ${item.partition} / ${item.sort} of the store is damaged.`
    super('item-damaged', 'skip', message, HINT, { cause })
    this.item = item
    this.left = left
  }
}
