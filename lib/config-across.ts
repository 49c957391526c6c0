import type { Found, Path } from './config-problems.ts'

/** Defaults of the retention, for when only one of the two is written. */
const KEEP_DAYS = 35
const SETTLE_AFTER_DAYS = 2

/**
 * What only several values together can get wrong. Looks at plain values that may be wrong in
 * themselves, so that these problems are shown together with all others.
 */
export function findingsAcross(root: unknown, lineOf: (path: Path) => number): Found[] {
  const sites = at(root, 'sites')
  return [
    ...(Array.isArray(sites) ? [...sameIds(sites, lineOf), ...feedlessSites(sites)] : []),
    ...retention(root),
    ...sameLanguages(root),
  ]
}

/** Ids must differ by more than case, because the folders of some systems ignore it. */
function sameIds(sites: unknown[], lineOf: (path: Path) => number): Found[] {
  const first = new Map<string, number>()
  const found: Found[] = []
  for (const [position, site] of sites.entries()) {
    const id = at(site, 'id')
    if (typeof id !== 'string') continue
    const before = first.get(id.toLowerCase())
    if (before === undefined) {
      first.set(id.toLowerCase(), position)
      continue
    }
    const same = at(sites[before], 'id') === id
    found.push({
      message: `the site of line ${lineOf(['sites', before, 'id'])} has this id already`,
      fix: same ? 'give each site its own id' : 'choose ids that differ by more than case',
      path: ['sites', position, 'id'],
      at: 'value',
    })
  }
  return found
}

function feedlessSites(sites: unknown[]): Found[] {
  return sites.flatMap((site, position): Found[] => {
    const feeds = at(site, 'feeds')
    const none = ['system', 'alarm', 'service'].every((feed) => at(feeds, feed) === false)
    if (!none) return []
    return [
      {
        message: 'the site has no feed at all',
        fix: 'leave out at least one `false`, or remove the site',
        path: ['sites', position, 'feeds'],
        at: 'value',
      },
    ]
  })
}

function retention(root: unknown): Found[] {
  const keep = at(at(root, 'retention'), 'keepDays') ?? KEEP_DAYS
  const settle = at(at(root, 'retention'), 'settleAfterDays') ?? SETTLE_AFTER_DAYS
  if (typeof keep !== 'number' || typeof settle !== 'number') return []
  // What is out of its own range is said elsewhere.
  if (settle < keep || keep < 1) return []
  const written = at(at(root, 'retention'), 'settleAfterDays') !== undefined
  return [
    {
      message: `a day would be settled after ${settle} days, but is kept for ${keep} only`,
      fix: 'make `settleAfterDays` smaller than `keepDays`',
      path: ['retention', written ? 'settleAfterDays' : 'keepDays'],
      at: 'value',
    },
  ]
}

function sameLanguages(root: unknown): Found[] {
  const languages = at(at(root, 'report'), 'languages')
  if (!Array.isArray(languages)) return []
  return languages.flatMap((language, position): Found[] => {
    if (typeof language !== 'string' || languages.indexOf(language) === position) return []
    const path = ['report', 'languages', position]
    return [
      { message: 'this language stands twice', fix: 'keep one of the two', path, at: 'value' },
    ]
  })
}

function at(value: unknown, key: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined
  return (value as Record<string, unknown>)[key]
}
