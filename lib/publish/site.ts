import { isExpired } from '../alarms/expiry.ts'
import type { Occurrence } from '../alarms/occurrence.ts'
import { standingAt } from '../alarms/past.ts'
import { observationsOf } from '../alarms/rows.ts'
import { asRoundsError } from '../errors.ts'
import { serviceFigures } from '../figures/service.ts'
import type { PlacedSite } from '../ledger/days.ts'
import { ledgersOf } from '../ledger/ledger.ts'
import { overviewRow } from '../report/pages/overview.ts'
import { siteDayPage } from '../report/pages/site-day.ts'
import type { Day, Language } from '../site.ts'
import { pagesPartition } from '../store/keys.ts'
import type { Item } from '../store/table.ts'
import { CATALOGUE } from '../text/catalogue.ts'
import { addDays } from '../time.ts'
import { hasCalendar, publishCalendar } from './calendar.ts'
import { dayPath, publishedPath } from './paths.ts'
import { type PublishPorts, publish, publishedOf, type Report } from './published.ts'
import { dayFingerprint, type SiteFacts, siteFacts, standingNow } from './site-facts.ts'
import { dayFigures, type Neighbours, siteDayView } from './site-view.ts'
import { systemRows } from './system-rows.ts'

/** Which of a site's days a report looks at. */
export interface DayRange {
  from: Day
  to: Day
}

/**
 * Publishes the pages of one site that have changed: its days, oldest first, then its calendar.
 * `force` builds every page, whatever was published before. One day whose rows cannot be read keeps
 * no other: the first such error is thrown behind all others' pages.
 */
export async function publishSite(
  ports: PublishPorts,
  placed: PlacedSite,
  range: DayRange,
  nowMs: number,
  force: boolean,
  report: Report,
): Promise<void> {
  const { table, settings } = ports
  const facts = await siteFacts(table, placed, settings, range, nowMs)
  const wide = { from: addDays(range.from, -1), to: addDays(range.to, 1) }
  const partition = pagesPartition(placed.site.id)
  const items = new Map((await table.list(partition, wide)).map((item) => [item.sort, item]))
  const shown = shownDays(facts)
  const { gapMinutes, expireAfterDays } = settings.thresholds
  const now = standingNow(facts, nowMs, expireAfterDays)
  const due = shown
    .filter((day) => day >= range.from && day <= range.to)
    .map((day) => {
      const neighbours = neighboursOf(shown, day)
      const inputs = dayFingerprint(facts, day, ports.form, neighbours, gapMinutes, now)
      return { day, neighbours, inputs, item: items.get(day) }
    })
    .filter(({ inputs, item }) => {
      const published = publishedOf(item)
      const same = !force && published?.inputs === inputs
      if (same) report.unchanged += Object.keys(published.files).length
      return !same
    })
  const failures: unknown[] = []
  const failed = (thrown: unknown) => {
    if (asRoundsError(thrown).class === 'stop') throw thrown
    failures.push(thrown)
  }
  const days = due.map(({ day }) => day)
  const past = await pastStandingOf(ports, facts, days).catch(failed)
  for (const one of due) {
    const standing = one.day >= facts.today ? now : past?.get(one.day)
    // What stood at the end of a past day takes the rows of all days before it.
    if (!standing) continue
    await publishDay(ports, facts, { ...one, standing, force }, report).catch(failed)
  }
  const isGone = shown.length > 0 && !(await hasCalendar(table, placed.site))
  if (due.length > 0 || isGone) await publishCalendar(ports, placed.site, force, report)
  else report.unchanged += settings.report.languages.length
  if (failures.length > 0) throw failures[0]
}

/**
 * Days that have a page: those of which anything was read, and those behind the first of them that
 * rounds have followed: a day of which nothing came must be seen, not missed. A site of which
 * nothing ever came has the days that rounds have tried.
 */
function shownDays(facts: SiteFacts): Day[] {
  const counted = [...facts.counts.keys()]
  const held = [...facts.days].filter(([, { feeds }]) =>
    Object.values(feeds).some((tally) => tally.lines > 0),
  )
  const followed = [...facts.observed].filter(
    ([day, { via }]) => via === 'round' && day <= facts.today,
  )
  const read = [...counted, ...held.map(([day]) => day)].sort()
  const missed = followed.map(([day]) => day).filter((day) => day >= (read[0] ?? day))
  return [...new Set([...read, ...missed])].sort()
}

function neighboursOf(days: readonly Day[], day: Day): Neighbours {
  const at = days.indexOf(day)
  return { previous: days[at - 1], next: days[at + 1] }
}

/**
 * What stood at the end of each of these days that are over: all alarm rows up to then must be
 * read, once for all of them.
 */
async function pastStandingOf(
  ports: PublishPorts,
  facts: SiteFacts,
  due: readonly Day[],
): Promise<Map<Day, Occurrence[]>> {
  const { placed, spans, today } = facts
  const past = due.filter((day) => day < today)
  if (!placed.site.feeds.alarm) return new Map(past.map((day) => [day, []]))
  const standing = new Map<Day, Occurrence[]>()
  if (past.length === 0) return standing
  const { expireAfterDays } = ports.settings.thresholds
  const withAlarms = [...facts.days].filter(([, { feeds }]) => feeds.alarm).map(([day]) => day)
  const observations = await observationsOf(ledgersOf(ports), placed, withAlarms)
  // The last millisecond of the day: what is recorded at midnight belongs to the next one.
  const times = past.map((day) => placed.zone.endOf(day) - 1)
  for (const [index, all] of standingAt(observations, times).entries()) {
    const atMs = times[index]!
    const open = all.filter((one) => !isExpired(one.changedMs, atMs, spans, expireAfterDays))
    standing.set(past[index]!, open)
  }
  return standing
}

interface DueDay {
  day: Day
  neighbours: Neighbours
  inputs: string
  item: Item | undefined
  standing: Occurrence[]
  force: boolean
}

async function publishDay(
  ports: PublishPorts,
  facts: SiteFacts,
  { day, neighbours, inputs, item, standing, force }: DueDay,
  report: Report,
): Promise<void> {
  const { table, pages, settings, dictionary } = ports
  const { placed } = facts
  const { site } = placed
  const store = ledgersOf(ports)
  const rows = {
    system: site.feeds.system ? await systemRows(store, placed, day) : [],
    observations: site.feeds.alarm ? await observationsOf(store, placed, [day]) : [],
    standing,
  }
  const figures = dayFigures(facts, day, rows)
  const files = new Map<string, string>()
  const overview: Partial<Record<Language, ReturnType<typeof overviewRow>>> = {}
  for (const language of settings.report.languages) {
    const view = siteDayView(facts, day, figures, neighbours, language, settings, dictionary)
    const path = dayPath(site.id, day)
    files.set(
      publishedPath({ language, path }, settings.report.languages),
      siteDayPage(view, CATALOGUE[language]),
    )
    overview[language] = overviewRow(view, path, [], earlierCalls(facts, day))
  }
  const key = { partition: pagesPartition(site.id), sort: day }
  await publish(table, pages, key, item, { inputs, files, rows: overview }, force, report)
}

/** The newest counts before a day: yesterday's, in the morning. */
function earlierCalls({ counts }: SiteFacts, day: Day) {
  const earlier = addDays(day, -1)
  if (!counts.has(earlier)) return undefined
  return { day: earlier, calls: serviceFigures(earlier, counts).counts.calls }
}
