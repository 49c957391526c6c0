import type { Day } from '../lib/site.ts'
import { addDays, HOUR_MS, MINUTE_MS, SECOND_MS } from '../lib/time.ts'
import { ALARM_KINDS, type AlarmKind, CPU_HIGH } from './alarm-kinds.ts'
import { dayInCycle, type SampleSite } from './sample-sites.ts'
import type { SampleLine } from './sample-system.ts'
import { between, seeded } from './seeded.ts'

/** An alarm from its beginning to its end, if it has one. */
interface Occurrence {
  kind: AlarmKind
  node: string
  raisedMs: number
  recoveredMs?: number
  /** The site writes a change down so long after it happened. */
  lagMs: number
}

/** How many network elements a site has. */
const ELEMENTS = 24

/** No alarm that recovers stands for longer: so many days back its beginning may lie. */
const LOOK_BACK_DAYS = 2

/**
 * The alarm feed of a whole day, in the order of time: a line where an alarm is raised, another
 * where it recovers, which may be in the file of a later day. A pure function of site and day.
 */
export function alarmLines(site: SampleSite, day: Day): SampleLine[] {
  const startMs = site.zone.startOf(day)
  const endMs = site.zone.endOf(day)
  const lines: SampleLine[] = []
  for (let back = LOOK_BACK_DAYS; back >= 0; back--) {
    for (const occurrence of occurrencesOf(site, addDays(day, -back))) {
      lines.push(...linesOf(site, occurrence, startMs, endMs))
    }
  }
  return lines.sort((one, other) => one.atMs - other.atMs)
}

function linesOf(
  site: SampleSite,
  occurrence: Occurrence,
  startMs: number,
  endMs: number,
): SampleLine[] {
  const { kind, node, raisedMs, recoveredMs, lagMs } = occurrence
  const lines: SampleLine[] = []
  const write = (atMs: number, resumed: string) => {
    if (atMs < startMs || atMs >= endMs) return
    const words = site.language === 'en' ? kind.en : kind.zh
    const raised = site.zone.textOf(raisedMs)
    const fields = [site.id, kind.name, node, `${node} ${words}`, raised, resumed]
    lines.push({ atMs, text: [...fields, site.zone.textOf(atMs)].join('|') })
  }
  write(raisedMs + lagMs, '')
  if (recoveredMs !== undefined) {
    write(Math.max(recoveredMs, raisedMs) + lagMs + SECOND_MS, site.zone.textOf(recoveredMs))
  }
  return lines
}

/** Every alarm that is raised on a day. */
function occurrencesOf(site: SampleSite, day: Day): Occurrence[] {
  const next = seeded(`alarms|${site.id}|${day}`)
  const startMs = site.zone.startOf(day)
  const count = Math.round(site.alarmsADay * (0.75 + next() / 2))
  const found: Occurrence[] = []
  for (let nth = 0; nth < count; nth++) {
    found.push(occurrenceAt(site, next, startMs + timeOfDayMs(next), lastingMs(next)))
  }
  // Three stand for hours, perhaps over midnight, and one never recovers.
  for (let nth = 0; nth < 3; nth++) {
    const hours = between(next, 3, 30)
    found.push(occurrenceAt(site, next, startMs + timeOfDayMs(next), hours * HOUR_MS))
  }
  found.push(occurrenceAt(site, next, startMs + between(next, 6, 16) * HOUR_MS, undefined))
  found.push(...flapping(site, day, next), ...hotServers(site, day))
  if (dayInCycle(day, 4) === 1) {
    // Real sites write ends that lie before their beginning.
    found.push(occurrenceAt(site, next, startMs + timeOfDayMs(next), -20 * SECOND_MS))
  }
  return withoutTwins(found)
}

function occurrenceAt(
  site: SampleSite,
  next: () => number,
  raisedMs: number,
  lastsMs: number | undefined,
): Occurrence {
  const kind = weighted(next)
  const node = `${site.elements}${String(between(next, 1, ELEMENTS)).padStart(2, '0')}`
  const lagMs = between(next, 0, 3) * SECOND_MS
  if (lastsMs === undefined) return { kind, node, raisedMs, lagMs }
  return { kind, node, raisedMs, recoveredMs: raisedMs + lastsMs, lagMs }
}

/** Every third day one alarm comes and goes six times within half an hour. */
function flapping(site: SampleSite, day: Day, next: () => number): Occurrence[] {
  if (dayInCycle(day, 3) !== 0) return []
  const beginMs = site.zone.startOf(day) + between(next, 8, 18) * HOUR_MS
  const first = occurrenceAt(site, next, beginMs, 2 * MINUTE_MS)
  return Array.from({ length: 6 }, (_, nth) => {
    const raisedMs = beginMs + nth * 5 * MINUTE_MS
    return { ...first, raisedMs, recoveredMs: raisedMs + between(next, 60, 200) * SECOND_MS }
  })
}

/** A server that is hot all day says so. */
function hotServers(site: SampleSite, day: Day): Occurrence[] {
  const raisedMs = site.zone.startOf(day) + 12 * MINUTE_MS
  const recoveredMs = site.zone.endOf(day) - 8 * MINUTE_MS
  const kind = ALARM_KINDS.find((one) => one.name === CPU_HIGH)!
  return site.servers
    .filter((server) => server.hotOn?.(day))
    .map((server) => ({ kind, node: server.name, raisedMs, recoveredMs, lagMs: SECOND_MS }))
}

/** More by day than by night, on a whole second, before the last minute of the shortest day. */
function timeOfDayMs(next: () => number): number {
  const hour = next() < 0.7 ? 7 + 14 * next() : 22.9 * next()
  return Math.floor((hour * HOUR_MS) / SECOND_MS) * SECOND_MS
}

/** Half of all alarms are over within a minute, most others within twenty. */
function lastingMs(next: () => number): number {
  const chance = next()
  if (chance < 0.5) return between(next, 2, 60) * SECOND_MS
  if (chance < 0.93) return between(next, 61, 1200) * SECOND_MS
  return between(next, 20, 110) * MINUTE_MS
}

const TOTAL_WEIGHT = ALARM_KINDS.reduce((sum, kind) => sum + kind.weight, 0)

function weighted(next: () => number): AlarmKind {
  let left = next() * TOTAL_WEIGHT
  for (const kind of ALARM_KINDS) {
    left -= kind.weight
    if (left < 0) return kind
  }
  return ALARM_KINDS[0]!
}

/** One name on one node cannot be raised twice in one second. */
function withoutTwins(occurrences: Occurrence[]): Occurrence[] {
  const seen = new Map<string, Occurrence>()
  for (const one of occurrences) {
    const key = `${one.kind.name}|${one.node}|${one.raisedMs}`
    if (!seen.has(key)) seen.set(key, one)
  }
  return [...seen.values()]
}
