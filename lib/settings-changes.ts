import type { Settings, Site } from './site.ts'

/** A key whose value differs; values as JSON, absent where the key is. */
export interface KeyChange {
  /** With dots between the keys that lead to it, such as `source.url`. */
  key: string
  from?: string
  to?: string
}

/** A site, as people know it. */
export type NamedSite = Pick<Site, 'id' | 'name'>

/** How settings differ from others. Sites are in the order of their ids. */
export interface SettingsChanges {
  added: NamedSite[]
  removed: NamedSite[]
  changed: (NamedSite & { keys: KeyChange[] })[]
  /** What holds for all sites. */
  common: KeyChange[]
}

/** Between no settings at all and the first ones, `before` is undefined: every site is added. */
export function settingsChanges(before: Settings | undefined, after: Settings): SettingsChanges {
  const { sites: oldSites = [], ...oldCommon } = before ?? {}
  const { sites: newSites, ...newCommon } = after
  const old = new Map(oldSites.map((site) => [site.id, site]))
  const kept = new Set(newSites.map(({ id }) => id))
  const changed = newSites.flatMap((site) => {
    const known = old.get(site.id)
    const keys = known ? keyChanges(known, site) : []
    return keys.length > 0 ? [{ ...named(site), keys }] : []
  })
  return {
    added: inOrder(newSites.filter(({ id }) => !old.has(id)).map(named)),
    removed: inOrder(oldSites.filter(({ id }) => !kept.has(id)).map(named)),
    changed: inOrder(changed),
    common: before ? keyChanges(oldCommon, newCommon) : [],
  }
}

/** Whether nothing differs. */
export function isUnchanged({ added, removed, changed, common }: SettingsChanges): boolean {
  return added.length + removed.length + changed.length + common.length === 0
}

function named({ id, name }: Site): NamedSite {
  return { id, name }
}

function inOrder<Own extends NamedSite>(sites: Own[]): Own[] {
  return sites.sort((one, other) => (one.id < other.id ? -1 : 1))
}

function keyChanges(before: object, after: object): KeyChange[] {
  const [old, own] = [leaves(before), leaves(after)]
  return [...new Set([...old.keys(), ...own.keys()])].flatMap((key) => {
    const [from, to] = [old.get(key), own.get(key)]
    if (from === to) return []
    return [{ key, ...(from !== undefined && { from }), ...(to !== undefined && { to }) }]
  })
}

/** Every value that is no map of others, as JSON, under its dotted key. A list is one value. */
function leaves(value: object, lead = ''): Map<string, string> {
  const found = new Map<string, string>()
  for (const [key, inner] of Object.entries(value)) {
    if (inner === undefined) continue
    const isMap = typeof inner === 'object' && inner !== null && !Array.isArray(inner)
    if (!isMap) found.set(`${lead}${key}`, JSON.stringify(inner))
    else for (const [path, text] of leaves(inner, `${lead}${key}.`)) found.set(path, text)
  }
  return found
}
