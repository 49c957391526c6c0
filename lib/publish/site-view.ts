import type { DescribedAlarm } from '../alarms/alarm.ts'
import { type Dictionary, described, worstFirst } from '../alarms/dictionary.ts'
import { type Occurrence, occurrenceKey, openAlarm } from '../alarms/occurrence.ts'
import { dayFilePath } from '../fetch/day-file-path.ts'
import { serviceFigures } from '../figures/service.ts'
import { stormFigures } from '../figures/storm.ts'
import { type SystemFigures, systemFigures } from '../figures/system.ts'
import { verdict } from '../figures/verdict.ts'
import type { SystemReading } from '../parse/feeds.ts'
import type { FeedArrival } from '../report/pages/day-arrived.ts'
import type { FeedSettling } from '../report/pages/day-proof.ts'
import type { SiteDayView } from '../report/pages/site-day.ts'
import type { Day, Feed, Language, Settings } from '../site.ts'
import { calendarPath, dayPath, hrefFrom, languageLinks, OVERVIEW_PATH } from './paths.ts'
import { coverage, expectedFeeds, type SiteFacts, settling } from './site-facts.ts'

/** The rows that a day's page shows one by one: everything large. */
export interface DayRows {
  system: SystemReading[]
  /** Every observation in the day's alarm file. */
  observations: Occurrence[]
  /** What stands: at the day's end, or now while the day runs. */
  standing: Occurrence[]
}

/** The neighbours of a day that have a page. */
export interface Neighbours {
  previous?: Day | undefined
  next?: Day | undefined
}

/** What is the same on the page of every language: made once, because charts take time. */
export interface DayFigures {
  system?: SystemFigures
  rows: DayRows
}

/** The figures of a day's rows. */
export function dayFigures(facts: SiteFacts, day: Day, rows: DayRows): DayFigures {
  const { zone, site } = facts.placed
  const window = { startMs: zone.startOf(day), endMs: zone.endOf(day) }
  return { rows, ...(site.feeds.system && { system: systemFigures(rows.system, window) }) }
}

/** Everything that the page of one site and day shows in one language. */
export function siteDayView(
  facts: SiteFacts,
  day: Day,
  { rows, system }: DayFigures,
  { previous, next }: Neighbours,
  language: Language,
  settings: Settings,
  dictionary: Dictionary,
): SiteDayView {
  const { site, zone } = facts.placed
  const window = { startMs: zone.startOf(day), endMs: zone.endOf(day) }
  const running = day >= facts.today
  const here = { language, path: dayPath(site.id, day) }
  const hrefTo = (path: string) => hrefFrom(here, { language, path }, settings.report.languages)
  const dayLink = (other: Day) => ({ day: other, href: hrefTo(dayPath(site.id, other)) })
  const openAlarms = rows.standing
    .map((occurrence) => described(openAlarm(site.id, occurrence), dictionary, language))
    .sort(worstFirst)
  const feeds = expectedFeeds(facts, day).map((feed) => arrival(facts, feed, day, settings))
  const service = site.feeds.service && serviceFigures(day, facts.counts)
  const dataUpToMs = newest(facts, day)
  return {
    brand: settings.report.title,
    languageLinks: languageLinks(here, settings.report.languages),
    site: { id: site.id, name: site.name, timeZone: site.timeZone },
    day,
    window,
    running,
    sitesHref: hrefTo(OVERVIEW_PATH),
    calendarHref: hrefTo(calendarPath(site.id)),
    ...(previous && { previous: dayLink(previous) }),
    ...(next && { next: dayLink(next) }),
    downloads: [],
    ...(dataUpToMs !== undefined && { dataUpToMs }),
    findings: verdict({
      openAlarms,
      feeds,
      // A running day of which no reading succeeded is no calm day: the site does not answer.
      running: running && wasRead(facts, day),
      thresholds: settings.thresholds,
      ...(system && { system }),
      ...(service && { service }),
    }),
    feeds,
    ...(service && { service }),
    serviceProvisional: facts.provisional.has(day),
    ...(site.feeds.alarm && { openAlarms, storm: storm(rows, window, dictionary) }),
    atMs: running ? Math.max(window.startMs, dataUpToMs ?? window.startMs) : window.endMs,
    ...(system && { system }),
    thresholds: settings.thresholds,
  }
}

function wasRead({ observed, days }: SiteFacts, day: Day): boolean {
  return (
    Object.keys(observed.get(day)?.feeds ?? {}).length > 0 ||
    Object.keys(days.get(day)?.feeds ?? {}).length > 0
  )
}

/** The newest record time of a day's files; undefined when nothing of them was understood. */
function newest(facts: SiteFacts, day: Day): number | undefined {
  const times = Object.values(facts.days.get(day)?.feeds ?? {}).map((tally) => tally.newestMs ?? 0)
  const newestMs = Math.max(0, ...times)
  return newestMs > 0 ? newestMs : undefined
}

function arrival(facts: SiteFacts, feed: Feed, day: Day, settings: Settings): FeedArrival {
  const tally = facts.days.get(day)?.feeds[feed]
  const { lines = 0, readings = 0, rejects = 0, unknown = 0, blank = 0 } = tally ?? {}
  return {
    feed,
    coverage: coverage(facts, feed, day, settings.thresholds.gapMinutes),
    counts: { lines, readings, rejects, unknown, blank },
    rejectReasons: tally?.reasons ?? {},
    rejectSamples: tally?.samples ?? [],
    generation: tally?.generation ?? 0,
    ...(tally &&
      tally.lines > 0 && { firstArrivalMs: tally.firstReadMs, lastArrivalMs: tally.lastReadMs }),
    ...(day < facts.today && { settled: settled(facts, feed, day) }),
  }
}

function settled(facts: SiteFacts, feed: Feed, day: Day): FeedSettling {
  const path = dayFilePath(facts.placed.site.feeds[feed]!.path, day)
  return {
    settling: settling(facts, feed, day),
    fileName: path.slice(path.lastIndexOf('/') + 1),
    tailCounted: facts.days.get(day)?.feeds[feed]?.tail ?? false,
  }
}

/** The day's alarms by hour: every occurrence once, however often it was written. */
function storm(rows: DayRows, window: { startMs: number; endMs: number }, dictionary: Dictionary) {
  const raised = new Map<string, Occurrence>()
  const recovered = new Set<string>()
  for (const one of rows.observations) {
    const key = occurrenceKey(one)
    raised.set(key, one)
    if (one.recovered) recovered.add(key)
  }
  const marks = [...raised.values()].map(
    ({ name, raisedMs }): { ms: number; severity: DescribedAlarm['severity'] } => ({
      ms: raisedMs,
      severity: dictionary.get(name)?.severity ?? 'unknown',
    }),
  )
  return stormFigures(marks, recovered.size, window)
}
