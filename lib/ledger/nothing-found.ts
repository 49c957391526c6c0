import { RoundsError } from '../errors.ts'
import type { Day, Site } from '../site.ts'
import type { Table } from '../store/table.ts'
import type { FileFailure } from './collect-day.ts'
import { observedDays, type Reading } from './observed.ts'

/**
 * A site that answers 404 to one file has not written it yet. One that has none of all the files
 * asked for is told as a failure, feed by feed on the newest day, when either nothing of it was
 * ever found, or one of these very files was: then its address or its paths are wrong.
 * `readings` are the successful readings of a run, by day.
 */
export async function nothingFound(
  table: Table,
  site: Site,
  readings: ReadonlyMap<Day, readonly Reading[]>,
): Promise<FileFailure[]> {
  const all = [...readings.values()].flat()
  if (all.length === 0 || all.some(({ found }) => found)) return []
  // What was found was found, whatever the clock said.
  const observed = await observedDays(table, site.id, Number.POSITIVE_INFINITY)
  const wasFound = [...observed].flatMap(([day, { feeds }]) =>
    Object.entries(feeds)
      .filter(([, intervals]) => intervals.some(({ found }) => found))
      .map(([feed]) => `${feed} ${day}`),
  )
  const asked = [...readings].flatMap(([day, own]) => own.map(({ feed }) => `${feed} ${day}`))
  const gone = asked.some((file) => wasFound.includes(file))
  if (wasFound.length > 0 && !gone) return []
  const [day, newest] = [...readings].at(-1)!
  return newest.map(({ feed }) => ({ site: site.id, feed, day, error: noneFound(site, gone) }))
}

function noneFound({ source }: Site, gone: boolean): RoundsError {
  const [place, key] = source.kind === 'http' ? ['site', 'url'] : ['folder', 'path']
  return new RoundsError(
    'nothing-found',
    'skip',
    `The ${place} answers, and has none of the day files asked for${gone ? ' any more' : ''}.`,
    `Check source.${key} and the paths of the feeds; a feed that the site lacks is set to false.`,
  )
}
