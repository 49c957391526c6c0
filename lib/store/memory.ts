import { type Clock, systemClock } from '../time.ts'
import { checkItemSize } from './item-size.ts'
import type { Content, Item, Key, Table, Write } from './table.ts'

/** A table that lives as long as the process: for tests and the simulation. */
export function memoryTable(clock: Clock = systemClock): Table {
  const partitions = new Map<string, Map<string, Item>>()
  let writes = 0

  const standing = (key: Key) => partitions.get(key.partition)?.get(key.sort)

  function put(key: Key, content: Content): Write {
    checkItemSize(key, content)
    writes += 1
    // A copy through JSON: what is kept must not change with the caller's object.
    const item: Item = {
      ...key,
      data: JSON.parse(JSON.stringify(content.data)),
      version: String(writes),
      ...(content.bytes && { bytes: Uint8Array.from(content.bytes) }),
      ...(content.expiresAt !== undefined && { expiresAt: content.expiresAt }),
    }
    let partition = partitions.get(key.partition)
    if (!partition) {
      partition = new Map()
      partitions.set(key.partition, partition)
    }
    partition.set(key.sort, item)
    return { done: true, item }
  }

  return {
    async get(key) {
      return standing(key)
    },
    async create(key, content) {
      const there = standing(key)
      return there ? { done: false, standing: there } : put(key, content)
    },
    async replace(key, version, content) {
      const there = standing(key)
      if (there?.version !== version) return { done: false, standing: there }
      return put(key, content)
    },
    async remove(key, version) {
      const there = standing(key)
      if (there?.version !== version) return { done: false, standing: there }
      partitions.get(key.partition)?.delete(key.sort)
      return { done: true, item: there }
    },
    async list(partition, { from = '', to, descending = false, limit } = {}) {
      const items = [...(partitions.get(partition)?.values() ?? [])]
        .filter((item) => item.sort >= from && (to === undefined || item.sort <= to))
        .sort((one, other) => (one.sort < other.sort ? -1 : 1))
      if (descending) items.reverse()
      return items.slice(0, limit)
    },
    async sweep(upTo) {
      const nowMs = clock.now()
      let dropped = 0
      for (const [partition, items] of partitions) {
        const expired = [...items.values()].filter(({ expiresAt = nowMs }) => expiresAt < nowMs)
        const last = expired.length > 0 ? await upTo(partition) : undefined
        for (const { sort } of expired) {
          if (last !== undefined && sort <= last && items.delete(sort)) dropped += 1
        }
      }
      return dropped
    },
    async close() {},
  }
}
