import { worstLevel } from '../figures/verdict.ts'
import { type AllSites, type OverviewRow, worstFirst } from '../report/pages/overview.ts'

/** So many sites at most are shown: more would make a page that no browser opens with ease. */
export const MOST_SITES_SHOWN = 1_000

/** The gravest of any number of sites, and what is said of all of them. */
export interface Gravest {
  /** Takes in a site; in whatever order they come, the outcome is the same. */
  add(row: OverviewRow): void
  /** The gravest sites, in the order of the page. */
  rows(): OverviewRow[]
  /** Absent while every site is among the gravest. */
  all(): Omit<AllSites, 'siteAddress'> | undefined
}

/** Takes in sites one by one and keeps few of them: a fleet does not fit into memory at once. */
export function gravestSites(): Gravest {
  const counts = { bad: 0, warn: 0, note: 0, calm: 0 }
  let kept: OverviewRow[] = []
  let newest: OverviewRow | undefined
  let isCut = false
  function cut(): void {
    kept.sort(worstFirst)
    isCut ||= kept.length > MOST_SITES_SHOWN
    kept = kept.slice(0, MOST_SITES_SHOWN)
  }
  return {
    add(row) {
      counts[worstLevel(row.findings)] += 1
      if (!newest || isNewer(row, newest)) newest = row
      kept.push(row)
      // Not for every site: sorting is dear.
      if (kept.length >= 2 * MOST_SITES_SHOWN) cut()
    },
    rows() {
      cut()
      return [...kept]
    },
    all() {
      cut()
      return isCut && newest ? { counts: { ...counts }, newest } : undefined
    },
  }
}

/** Of two that are as new, that one which stands before the other on the page. */
function isNewer(one: OverviewRow, other: OverviewRow): boolean {
  const laterMs = (one.dataUpToMs ?? -1) - (other.dataUpToMs ?? -1)
  return laterMs > 0 || (laterMs === 0 && worstFirst(one, other) < 0)
}
