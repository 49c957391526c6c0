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

/** The same, while there is time: what was not begun is left, in its order. */
export async function whileTime<Item, Result>(
  count: number,
  items: readonly Item[],
  { hasTime = () => true }: TimeLimit,
  act: (item: Item) => Promise<Result>,
): Promise<{ results: Result[]; left: Item[] }> {
  const left: Item[] = []
  const results: Result[] = []
  await atOnce(count, items, async (item) => {
    if (hasTime()) results.push(await act(item))
    else left.push(item)
  })
  return { results, left }
}
