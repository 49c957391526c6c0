import { UNIT_BYTES } from '../parse/columns.ts'
import {
  type CountsGuess,
  guessCountsOf,
  guessOffset,
  guessUnits,
  type OffsetGuess,
  type UnitsGuess,
  zonesAt,
} from '../parse/guess.ts'
import type { ByteUnit, Day, Site } from '../site.ts'
import { byteSize, groupedNumber } from '../text/units.ts'
import { MINUTE_MS, zoneNamed } from '../time.ts'
import { lengthOf, listed } from './moments.ts'
import type { ProbedFeed } from './probe-feed.ts'
import { proposedId, type Remarks } from './probe-yaml.ts'

/** What the lines of a site tell about its settings. */
export interface Guesses {
  units?: UnitsGuess
  offset?: OffsetGuess & { zones: string[] }
  countsOf?: CountsGuess
  /** Ids in the lines, the most frequent first. */
  siteIds: string[]
  /** One sentence about each, in the order in which people set up a site. */
  sentences: string[]
}

/** Zones that are named of those that have the same offset. */
const MOST_ZONES = 4

/** A site's clock this far off is told as wrong. */
const FRESH_MS = 30 * MINUTE_MS

/** Guesses from what was found, and compares with what a known site says. Pure. */
export function guessesOf(
  feeds: readonly ProbedFeed[],
  site: Site,
  isNew: boolean,
  nowMs: number,
): Guesses {
  const sentences: string[] = []
  const siteIds = idsOf(feeds)
  const ids = idSentence(siteIds, site, isNew)
  const units = guessUnits(feeds.flatMap((one) => one.found?.sizes ?? []))
  const newest = newestOf(feeds)
  const known =
    newest === undefined
      ? undefined
      : guessOffset(zoneNamed('UTC').parse(newest) ?? Number.NaN, nowMs)
  const offset = known && { ...known, zones: zonesAt(known.offsetMs, nowMs) }
  const service = feeds.find((one) => one.feed === 'service')?.found
  const countsOf = service?.newestText && guessCountsOf(service.newestText, service.day)
  if (ids) sentences.push(ids)
  if (units) sentences.push(unitsSentence(units, site, isNew))
  if (newest) {
    sentences.push(
      isNew ? zoneSentence(newest, offset, nowMs) : ageSentence(newest, site, offset, nowMs),
    )
  }
  if (service && countsOf) sentences.push(countsSentence(countsOf, service.day, site, isNew))
  return {
    siteIds,
    sentences,
    ...(units && { units }),
    ...(offset && { offset }),
    ...(countsOf && { countsOf }),
  }
}

function idsOf(feeds: readonly ProbedFeed[]): string[] {
  const counts = new Map<string, number>()
  for (const { found } of feeds) {
    for (const [id, count] of found?.siteIds ?? []) counts.set(id, (counts.get(id) ?? 0) + count)
  }
  return [...counts].sort(([, one], [, other]) => other - one).map(([id]) => id)
}

/** Service files are written once a day, so they tell nothing about now. */
function newestOf(feeds: readonly ProbedFeed[]): string | undefined {
  const texts = feeds.flatMap(({ feed, found }) =>
    feed !== 'service' && found?.newestText ? [found.newestText] : [],
  )
  return texts.sort().at(-1)
}

function idSentence(ids: readonly string[], site: Site, isNew: boolean): string | undefined {
  if (ids.length === 0) return undefined
  const seen = listed(ids.slice(0, 5).map((id) => `“${id}”`))
  if (isNew) return `Site id: the lines hold ${seen}.`
  const foreign = ids.filter((id) => !site.siteIds.includes(id))
  if (foreign.length === 0) return `Site id: the lines hold ${seen}, as they should.`
  const all = JSON.stringify([...new Set([...site.siteIds, ...foreign])])
  return (
    `Site id: the lines hold ${seen}, so these lines are rejected as foreign-site. ` +
    `If they are rightly so, set source.siteIds: ${all}.`
  )
}

function unitsSentence({ units, sure, memory, disk }: UnitsGuess, site: Site, isNew: boolean) {
  const [what, size] = memory === undefined ? ['disk', disk!] : ['memory', memory]
  const others = (['bytes', 'KiB', 'MiB'] as const)
    .filter((unit) => unit !== units)
    .map((unit) => `${sizeIn(size, unit)} in ${unit}`)
  const degree = sure ? 'surely' : 'probably'
  const largest = `the largest ${what} is ${groupedNumber(size)}`
  const seen = `${largest}, which is ${sizeIn(size, units)} in ${units}`
  const verdict =
    isNew || units === site.units
      ? `${degree} ${units}${isNew ? '' : ', as configured'}`
      : `${degree} ${units}, but the configuration says ${site.units}; set units: ${units}`
  return `Units: ${verdict} (${seen}; it would be ${listed(others)}).`
}

function sizeIn(size: number, unit: ByteUnit): string {
  return byteSize(size * UNIT_BYTES[unit])
}

function zoneSentence(newest: string, offset: Guesses['offset'], nowMs: number): string {
  const now = zoneNamed('UTC').textOf(nowMs)
  if (!offset)
    return `Time zone: not to be told, the newest record is of ${newest} (now ${now} UTC).`
  const zones = offset.zones.slice(0, MOST_ZONES)
  return (
    `Time zone: ${offset.name} if the site wrote this just now: the newest record is of ` +
    `${newest}, and now it is ${now} in UTC. ` +
    `Choose the zone by name, such as ${listed(zones)}.`
  )
}

function ageSentence(newest: string, site: Site, offset: Guesses['offset'], nowMs: number): string {
  const ms = zoneNamed(site.timeZone).parse(newest) ?? nowMs
  const ageMs = nowMs - ms
  if (ageMs < -FRESH_MS / 10) {
    const other = offset ? ` ${offset.name} would fit.` : ''
    return (
      `Time zone: in ${site.timeZone} the newest record (${newest}) would be ` +
      `${lengthOf(-ageMs)} in the future: the zone or the site's clock is wrong.${other}`
    )
  }
  const fits = ageMs <= FRESH_MS ? ', which fits' : ''
  const record = `the newest record (${newest})`
  return `Time zone: in ${site.timeZone} ${record} is ${lengthOf(ageMs)} old${fits}.`
}

function countsSentence(guess: CountsGuess, day: Day, site: Site, isNew: boolean): string {
  const { countsOf, sure, recordedText } = guess
  const meant = countsOf === 'fileDay' ? 'of the day in the name' : 'of the day before'
  const verdict = `${sure ? 'probably' : 'perhaps'} ${meant} (countsOf: ${countsOf})`
  const differs = !isNew && countsOf !== site.serviceCountsOf
  const but = differs ? `; the configuration says ${site.serviceCountsOf}` : ''
  return `Service counts: ${verdict}; the file of ${day} was written at ${recordedText}${but}.`
}

/** The site as it may be pasted: a new one with what was guessed, a known one as it stands. */
export function proposedSite(
  site: Site,
  isNew: boolean,
  zoneIsGiven: boolean,
  guesses: Guesses,
): { site: Site; remarks: Remarks } {
  if (!isNew) return { site, remarks: {} }
  const { units, offset, countsOf, siteIds } = guesses
  const ids = siteIds.slice(0, 5).filter((id) => id !== '')
  const id = proposedId([...ids, site.id])
  const isSure = zoneIsGiven || offset?.zones.includes(site.timeZone)
  const timeZone = isSure ? site.timeZone : (offset?.zones[0] ?? site.timeZone)
  const guessed = offset
    ? `guessed from ${offset.name}: choose it by name`
    : 'of this machine: check'
  const remarks: Remarks = {
    ...(!zoneIsGiven && { timeZone: guessed }),
    ...(units && { units: units.sure ? 'no other unit fits' : 'guessed: check' }),
    ...(countsOf && { countsOf: 'guessed: check' }),
  }
  const proposed: Site = {
    ...site,
    id,
    name: id,
    timeZone,
    siteIds: ids.length > 0 ? ids : [id],
    units: units?.units ?? 'bytes',
    serviceCountsOf: countsOf?.countsOf ?? 'fileDay',
  }
  return { site: proposed, remarks }
}
