import pLimit from 'p-limit'

/** What `act` gives for each item, in their order; at most `count` are under way at once. */
export function atOnce<Item, Result>(
  count: number,
  items: readonly Item[],
  act: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const limit = pLimit(count)
  return Promise.all(items.map((item) => limit(() => act(item))))
}

/** For work against a time limit. */
export interface TimeLimit {
  /** False when nothing further is to be begun; what was not begun is told as `left`. */
  hasTime?(): boolean
}

/** The same, while there is time; what was not begun is left. Both are in the items' order. */
export async function whileTime<Item, Result>(
  count: number,
  items: readonly Item[],
  { hasTime = () => true }: TimeLimit,
  act: (item: Item) => Promise<Result>,
): Promise<{ results: Result[]; left: Item[] }> {
  const left = new Set<Item>()
  const all = await atOnce(count, items, async (item): Promise<Result[]> => {
    if (hasTime()) return [await act(item)]
    left.add(item)
    return []
  })
  return { results: all.flat(1) as Result[], left: items.filter((item) => left.has(item)) }
}
