/*
 * Local time, worked out apart from the product: a handful of zones as tables of their changes.
 */

const MINUTE_MS = 60_000
const DAY_MS = 86_400_000

/** A zone as the offsets that hold from some instants on, in minutes east of Greenwich. */
export interface OwnZone {
  name: string
  offsets: readonly (readonly [fromMs: number, minutes: number])[]
  /** Texts that were worked out before: the same ones are asked for again and again. */
  known: Map<string, Instants | undefined>
}

/** The instants that a wall text can mean. */
interface Instants {
  early: number
  late: number
}

/** Then they are forgotten, so that a million histories fit into the memory. */
const MOST_KNOWN = 50_000

const ALWAYS = Number.NEGATIVE_INFINITY
const at = (instant: string) => Date.parse(instant)

/** The zones that histories are set in, with a day near which to begin. */
export const ZONES: readonly { zone: OwnZone; days: readonly string[] }[] = [
  {
    zone: { name: 'Asia/Shanghai', offsets: [[ALWAYS, 480]], known: new Map() },
    days: ['2026-11-09', '2026-12-29'],
  },
  { zone: { name: 'UTC', offsets: [[ALWAYS, 0]], known: new Map() }, days: ['2026-02-26'] },
  {
    zone: { name: 'Asia/Kathmandu', offsets: [[ALWAYS, 345]], known: new Map() },
    days: ['2026-06-28'],
  },
  {
    zone: {
      name: 'America/New_York',
      offsets: [
        [ALWAYS, -300],
        [at('2026-03-08T07:00:00Z'), -240],
        [at('2026-11-01T06:00:00Z'), -300],
      ],
      known: new Map(),
    },
    days: ['2026-03-06', '2026-10-30', '2026-10-31'],
  },
]

function offsetAt(zone: OwnZone, ms: number): number {
  return zone.offsets.findLast(([fromMs]) => fromMs <= ms)![1] * MINUTE_MS
}

/** `YYYY-MM-DD HH:MM:SS` as the clock on the site's wall shows it. */
export function wallText(zone: OwnZone, ms: number): string {
  return new Date(ms + offsetAt(zone, ms)).toISOString().slice(0, 19).replace('T', ' ')
}

export function wallDay(zone: OwnZone, ms: number): string {
  return wallText(zone, ms).slice(0, 10)
}

export function dayAfter(day: string, count: number): string {
  return new Date(Date.parse(`${day}T00:00:00Z`) + count * DAY_MS).toISOString().slice(0, 10)
}

/** The instant at which a day begins; none of these zones changes at midnight. */
export function dayStart(zone: OwnZone, day: string): number {
  return instantOf(zone, `${day} 00:00:00`, ALWAYS)!
}

/**
 * The instant of a wall text, or undefined for no time. In a repeated hour the earlier one, unless
 * it lies before `previousMs` and the later one does not; in a skipped hour the offset before.
 */
export function instantOf(zone: OwnZone, text: string, previousMs: number): number | undefined {
  if (!zone.known.has(text)) {
    if (zone.known.size >= MOST_KNOWN) zone.known.clear()
    zone.known.set(text, instantsOf(zone, text))
  }
  const instants = zone.known.get(text)
  if (!instants) return undefined
  const { early, late } = instants
  return early < previousMs && late >= previousMs ? late : early
}

function instantsOf(zone: OwnZone, text: string): Instants | undefined {
  if (!/^\d{4}-\d\d-\d\d ([01]\d|2[0-3]):[0-5]\d:[0-5]\d$/.test(text)) return undefined
  const wall = Date.parse(`${text.replace(' ', 'T')}Z`)
  const day = Number.isNaN(wall) ? '' : new Date(wall).toISOString().slice(0, 10)
  if (day !== text.slice(0, 10)) return undefined
  const all = zone.offsets.map(([, minutes]) => wall - minutes * MINUTE_MS)
  const right = all.filter((ms) => ms + offsetAt(zone, ms) === wall)
  const [early, late] = right.length > 0 ? right : [Math.max(...all)]
  const other = late ?? early!
  return { early: Math.min(early!, other), late: Math.max(early!, other) }
}
