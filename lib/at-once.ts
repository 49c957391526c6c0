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
