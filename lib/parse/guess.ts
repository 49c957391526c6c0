import type { ByteUnit, Day, Feed } from '../site.ts'
import { DAY_MS, HOUR_MS, MINUTE_MS, Zone, zoneNamed } from '../time.ts'
import { UNIT_BYTES } from './columns.ts'
import type { SystemReading } from './feeds.ts'
import { unitsOf } from './lines.ts'
import { type Reader, readLines } from './readings.ts'

/*
 * What a site's lines tell about settings that nobody has written yet. Pure; each guess says how
 * sure it is, and none is used without a person who copies it into the configuration.
 */

/** The ids in the lines that read well but for their id, and how many lines have each. */
export function siteIdsIn(feed: Feed, bytes: Uint8Array, reader: Reader): Map<string, number> {
  const counts = new Map<string, number>()
  let seen = ''
  const anyId = new Set<string>()
  anyId.has = (id) => {
    seen = id
    return true
  }
  const lenient = { ...reader, siteIds: anyId }
  for (const { start, end } of unitsOf(bytes, false)) {
    const { readings } = readLines(feed, bytes.subarray(start, end), false, lenient)
    if (readings.length > 0) counts.set(seen, (counts.get(seen) ?? 0) + 1)
  }
  return counts
}

/** A guess at the unit of memory and disk sizes. */
export interface UnitsGuess {
  units: ByteUnit
  /** True when no other unit gives sizes that servers have. */
  sure: boolean
  /** The largest memory and the largest disk, as the site wrote them. */
  memory?: number
  disk?: number
}

const GIB = 1024 ** 3

/** Sizes, in bytes, that servers have: small virtual machines up to the largest. */
const MEMORY_BYTES: readonly [number, number] = [GIB / 4, 8 * 1024 * GIB]
const DISK_BYTES: readonly [number, number] = [4 * GIB, 1024 * 1024 * GIB]

/** The most usual of them, for when several units are possible. */
const USUAL_MEMORY_BYTES = 32 * GIB
const USUAL_DISK_BYTES = 500 * GIB

/**
 * The unit in which a site writes sizes, from readings that were read as bytes; undefined when
 * there are none or no unit fits.
 */
export function guessUnits(readings: readonly SystemReading[]): UnitsGuess | undefined {
  const memory = Math.max(0, ...readings.map((one) => (one.type === 'mem' ? one.total : 0)))
  const disk = Math.max(0, ...readings.map((one) => (one.type === 'disk' ? one.total : 0)))
  if (memory === 0 && disk === 0) return undefined
  const fits = (size: number, unit: ByteUnit, [least, most]: readonly [number, number]) =>
    size === 0 || (size * UNIT_BYTES[unit] >= least && size * UNIT_BYTES[unit] <= most)
  const possible = (['bytes', 'KiB', 'MiB'] as const).filter(
    (unit) => fits(memory, unit, MEMORY_BYTES) && fits(disk, unit, DISK_BYTES),
  )
  const oddness = (unit: ByteUnit) =>
    far(memory * UNIT_BYTES[unit], USUAL_MEMORY_BYTES) +
    far(disk * UNIT_BYTES[unit], USUAL_DISK_BYTES)
  const [units] = possible.sort((one, other) => oddness(one) - oddness(other))
  if (!units) return undefined
  return {
    units,
    sure: possible.length === 1,
    ...(memory > 0 && { memory }),
    ...(disk > 0 && { disk }),
  }
}

function far(size: number, usual: number): number {
  return size === 0 ? 0 : Math.abs(Math.log2(size / usual))
}

/** Offsets of all zones of our time, in hours. */
const LEAST_OFFSET_HOURS = -12
const MOST_OFFSET_HOURS = 14

/** A sample is written some minutes before it is read; a site's clock may be a little ahead. */
const AHEAD_MS = 3 * MINUTE_MS

/** Zones differ by half hours, but for three quarter-hour ones, which are named by hand. */
const STEP_MS = 30 * MINUTE_MS

/** A guess at a site's offset from UTC. */
export interface OffsetGuess {
  /** `UTC+8`, `UTC+5:30`. */
  name: string
  offsetMs: number
  /** How old the newest record is if this is right; below 0 when the site's clock is ahead. */
  ageMs: number
}

/**
 * The offset at which the newest record time, read as if it were UTC, was written just before now.
 * Right while the site writes at least every half hour; undefined when no offset fits.
 */
export function guessOffset(newestAsUtcMs: number, nowMs: number): OffsetGuess | undefined {
  const offsetMs = Math.ceil((newestAsUtcMs - nowMs - AHEAD_MS) / STEP_MS) * STEP_MS + 0
  const hours = offsetMs / HOUR_MS
  if (hours < LEAST_OFFSET_HOURS || hours > MOST_OFFSET_HOURS) return undefined
  const size = Math.abs(hours)
  const minutes = size % 1 === 0 ? '' : ':30'
  const name = hours === 0 ? 'UTC' : `UTC${hours < 0 ? '-' : '+'}${Math.floor(size)}${minutes}`
  return { name, offsetMs, ageMs: nowMs - (newestAsUtcMs - offsetMs) }
}

/** Zones that are named first when several have an offset: those of many people. */
const WELL_KNOWN = [
  ...['Asia/Shanghai', 'Asia/Tokyo', 'Asia/Kolkata', 'Asia/Jakarta', 'Asia/Dubai'],
  ...['Europe/London', 'Europe/Berlin', 'Europe/Moscow', 'Africa/Lagos'],
  ...['America/New_York', 'America/Chicago', 'America/Los_Angeles', 'America/Sao_Paulo'],
]

/** Names of zones that have this offset now, well-known ones first. */
export function zonesAt(offsetMs: number, nowMs: number): string[] {
  const asUtc = zoneNamed('UTC')
  const has = (name: string) => {
    const local = asUtc.parse(new Zone(name).textOf(nowMs))!
    return Math.abs(local - nowMs - offsetMs) < MINUTE_MS
  }
  const others = Intl.supportedValuesOf('timeZone').filter(
    (name) => !WELL_KNOWN.includes(name) && !/^(Antarctica|Etc)\//.test(name),
  )
  return [...WELL_KNOWN, ...others].filter(has)
}

/** A guess at which day a service file's counts are of. */
export interface CountsGuess {
  countsOf: 'fileDay' | 'dayBefore'
  sure: boolean
  recordedText: string
}

/** Counts written so early in a day cannot be of that day; so late, they can. */
const EARLY_MS = 6 * HOUR_MS
const LATE_MS = 20 * HOUR_MS

/** Which day the counts of a service file are of, from when its last line was written. */
export function guessCountsOf(recordedText: string, fileDay: Day): CountsGuess | undefined {
  const utc = zoneNamed('UTC')
  const recordedMs = utc.parse(recordedText)
  if (recordedMs === undefined) return undefined
  const sinceMs = recordedMs - utc.startOf(fileDay)
  if (sinceMs >= 0 && sinceMs < EARLY_MS) return { countsOf: 'dayBefore', sure: true, recordedText }
  const sure = sinceMs >= LATE_MS && sinceMs < DAY_MS + EARLY_MS
  return { countsOf: 'fileDay', sure, recordedText }
}
