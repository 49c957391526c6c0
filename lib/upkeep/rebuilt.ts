import { asRoundsError, type RoundsError } from '../errors.ts'
import type { PlacedSite } from '../ledger/days.ts'
import type { Day, Feed } from '../site.ts'

/** Something that could not be computed again; what stood there stands still. */
export interface RebuildFailure {
  site: string
  day?: Day
  error: RoundsError
}

/**
 * Something that came out otherwise than it stood: the figures of a site's day, the alarm book of a
 * site, the Parquet files of a feed's day, or what is noted of pages: of a site's day, of its
 * calendar (without `day`), of the page of all sites (without `site`).
 */
export interface Changed {
  what: 'figures' | 'alarms' | 'parquet' | 'pages'
  site?: string
  feed?: Feed
  day?: Day
}

/** What a rebuild did. */
export interface Rebuilt {
  sites: number
  days: number
  changed: Changed[]
  /** Files that were written anew. */
  parquet: number
  pages: number
  failures: RebuildFailure[]
}

/** One site with the days that are known of it, oldest first. */
export interface SiteWork {
  placed: PlacedSite
  days: Day[]
}

/** What `compute` gives, or undefined once its failure is noted; one of class `stop` is thrown. */
export async function tried<T>(
  { failures }: Pick<Rebuilt, 'failures'>,
  of: { site: string; day?: Day },
  compute: () => Promise<T>,
): Promise<T | undefined> {
  try {
    return await compute()
  } catch (thrown) {
    const error = asRoundsError(thrown)
    if (error.class === 'stop') throw error
    failures.push({ ...of, error })
    return undefined
  }
}
