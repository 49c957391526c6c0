import { type AccessKey, keysText, neededKeys, newKey, readKeys } from './keys.ts'
import { storeContended } from './store-faults.ts'
import type { EdgeKeys, KeySecret } from './stores.ts'

/** The two places of the keys, opened. */
export interface AccessStores {
  secret: KeySecret
  edge: EdgeKeys
}

/** How often a change is tried again because somebody else was quicker. */
const MOST_TRIES = 8

/** The most changes that a key value store takes at once. */
const MOST_CHANGES = 50

/**
 * The keys that links are made with, the last of them signing, and standing at the edge when this
 * returns: made when there was none, without those that no valid link needs any more.
 */
export async function keysForLinks(stores: AccessStores, nowMs: number): Promise<AccessKey[]> {
  const keys = await changeKeys(stores.secret, (text) => {
    const needed = neededKeys(text === undefined ? [] : readKeys(text), nowMs)
    return needed.length === 0 ? [newKey(nowMs)] : needed
  })
  await bringToEdge(stores)
  return keys
}

/**
 * Makes a new key, which signs from now on. Older keys stay as long as links of theirs may be
 * valid; with `endLinks` they go at once, and with them every link there is.
 */
export async function turnKeys(
  stores: AccessStores,
  { endLinks, nowMs }: { endLinks: boolean; nowMs: number },
): Promise<AccessKey[]> {
  const fresh = newKey(nowMs)
  const keys = await changeKeys(stores.secret, (text) => {
    if (endLinks || text === undefined) return [fresh]
    return neededKeys([...readKeys(text), fresh], nowMs)
  })
  await bringToEdge(stores)
  return keys
}

/** Changes the text of the secret, from what stands in it at that moment. */
async function changeKeys(
  secret: KeySecret,
  changed: (text: string | undefined) => AccessKey[],
): Promise<AccessKey[]> {
  for (let tries = 0; tries < MOST_TRIES; tries += 1) {
    const { text, version } = await secret.read()
    const keys = changed(text)
    if (text !== undefined && isSame(text, keys)) return keys
    if (await secret.replace(keysText(keys), version)) return keys
  }
  throw storeContended('secret')
}

function isSame(text: string, keys: readonly AccessKey[]): boolean {
  try {
    return keysText(readKeys(text)) === keysText(keys)
  } catch {
    return false
  }
}

/**
 * Makes the edge hold the keys of the secret and no others. The secret is read after the store's
 * version: so whoever is slower with older keys is refused, and reads both again.
 */
async function bringToEdge({ secret, edge }: AccessStores): Promise<void> {
  for (let tries = 0; tries < MOST_TRIES; tries += 1) {
    const held = await edge.read()
    const { text } = await secret.read()
    const { change, isAll } = changeFor(held.secrets, text === undefined ? [] : readKeys(text))
    if (change.put.size + change.remove.length === 0) return
    if ((await edge.change(change, held.version)) && isAll) return
  }
  throw storeContended('edge')
}

/** What is to be done at the edge, as much of it as one change takes: the newest keys first. */
function changeFor(held: ReadonlyMap<string, string>, keys: readonly AccessKey[]) {
  const wanted = new Map(keys.map(({ kid, secret }) => [kid, secret]))
  const puts = [...wanted].filter(([kid, secret]) => held.get(kid) !== secret)
  const gone = [...held.keys()].filter((kid) => !wanted.has(kid))
  const put = new Map(puts.slice(-MOST_CHANGES))
  const remove = gone.slice(0, MOST_CHANGES - put.size)
  return { change: { put, remove }, isAll: put.size + remove.length === puts.length + gone.length }
}
