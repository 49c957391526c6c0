import { DamagedItem } from '../store/damaged-item.ts'
import { unknownFormat } from '../store/item-format.ts'
import type { Content, Item, Key, Range, Table } from '../store/table.ts'

/** An item of the table, or what is left of one of which the store says that it is damaged. */
export interface Standing extends Item {
  damage?: DamagedItem
}

/** The item under a key, also a damaged one. */
export async function itemIn(table: Table, key: Key): Promise<Standing | undefined> {
  try {
    return await table.get(key)
  } catch (thrown) {
    return leftOf(thrown)
  }
}

/** The items of a partition, in order, damaged ones among them. */
export async function itemsIn(
  table: Table,
  partition: string,
  range: Pick<Range, 'from' | 'to'> = {},
): Promise<Standing[]> {
  try {
    return await table.list(partition, range)
  } catch (thrown) {
    const damaged = leftOf(thrown)
    const { to, from } = around(damaged.sort)
    const before = await itemsIn(table, partition, { ...range, to })
    return [...before, damaged, ...(await itemsIn(table, partition, { ...range, from }))]
  }
}

/** Every key is printable ASCII: `to` is behind all before this one, `from` before all behind. */
function around(sort: string): { to: string; from: string } {
  const key = /^[!-~]*/.exec(sort)![0]
  const last = key.length - 1
  if (key === sort) {
    const less = String.fromCharCode(key.charCodeAt(last) - 1)
    return { to: `${key.slice(0, last)}${less}\x7f`, from: `${key} ` }
  }
  // The name itself is damaged: what follows is below all that may stand there, or above it.
  if (sort.slice(key.length) < '!') return { to: key, from: `${key}!` }
  return { to: `${key}~\x7f`, from: `${key}\u{10FFFF}` }
}

function leftOf(thrown: unknown): Standing {
  if (!(thrown instanceof DamagedItem)) throw thrown
  const { item, left } = thrown
  return {
    ...item,
    data: dataOf(left.data),
    ...(left.bytes && { bytes: left.bytes }),
    damage: thrown,
  }
}

function dataOf(text: string): Record<string, unknown> {
  try {
    return JSON.parse(text) ?? {}
  } catch {
    return {}
  }
}

/**
 * Puts a content in the place of what stood when `standing` was read; true when it stands there
 * now. What a newer release wrote is left alone: then this throws.
 */
export async function putInPlace(
  table: Table,
  { partition, sort }: Key,
  standing: Standing | undefined,
  content: Content,
): Promise<boolean> {
  const key = { partition, sort }
  if (!standing) return (await table.create(key, content)).done
  refuseNewer(standing, content)
  return (await table.replace(key, standing.version, content)).done
}

/** Removes an item, also a damaged one; false when it was changed meanwhile. */
export async function removeItem(table: Table, standing: Standing): Promise<boolean> {
  const { partition, sort, damage } = standing
  const key = { partition, sort }
  if (!damage) return (await table.remove(key, standing.version)).done
  // A store gives back what it removes, and this could not be given back.
  const emptied = await table.replace(key, standing.version, { data: {} })
  return emptied.done && (await table.remove(key, emptied.item.version)).done
}

/** True when an item holds just this content, to the byte. */
export function isSame({ damage, data, bytes }: Standing, content: Content): boolean {
  if (damage || JSON.stringify(data) !== JSON.stringify(content.data)) return false
  return Buffer.compare(bytes ?? EMPTY, content.bytes ?? EMPTY) === 0
}

/** The sorts of items of one partition that are not as they were. */
export function changedSorts(before: readonly Standing[], after: readonly Standing[]): string[] {
  const dataOf = (items: readonly Standing[], sort: string) => {
    const item = items.find((one) => one.sort === sort)
    return item && !item.damage ? JSON.stringify(item.data) : ''
  }
  const sorts = new Set([...before, ...after].map(({ sort }) => sort))
  return [...sorts].filter((sort) => dataOf(before, sort) !== dataOf(after, sort))
}

const EMPTY = new Uint8Array()

function refuseNewer(standing: Standing, content: Content): void {
  if (standing.damage) return
  const [was, is] = [standing.data.format, content.data.format]
  if (typeof was === 'number' && typeof is === 'number' && was > is) {
    throw unknownFormat(standing, 'newer-item')
  }
}
