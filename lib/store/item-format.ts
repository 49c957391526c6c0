import { RoundsError } from '../errors.ts'
import type { Item } from './table.ts'

/**
 * The error for an item whose format number (or kind) this release does not know: it is left alone,
 * because another release wrote it. `code` says which sort of item it is.
 */
export function unknownFormat({ partition, sort, data }: Item, code: string): RoundsError {
  const kind = data.kind === undefined ? '' : `kind ${data.kind}, `
  return new RoundsError(
    code,
    'skip',
    `${partition} / ${sort} is of ${kind}format ${data.format}, unknown here.`,
    'It was written by another release: use that one, or a newer one.',
  )
}
