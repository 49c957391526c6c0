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
import { CATALOGUE } from '../text/catalogue.ts'
import { addDays } from '../time.ts'
import { keepCalendar, marksOf } from './calendar.ts'
import { type DayRange, type DueDay, dueDays } from './due-days.ts'
import { dayPath, publishedPath } from './paths.ts'
import { type PublishPorts, publish, publishedOf, type Report } from './published.ts'
import { type SiteFacts, siteFacts, standingNow } from './site-facts.ts'
import { dayFigures, siteDayView } from './site-view.ts'
import { systemRows } from './system-rows.ts'

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
  const { settings } = ports
  const facts = await siteFacts(ports, placed, range, nowMs)
  const now = standingNow(facts, nowMs, settings.thresholds.expireAfterDays)
  const { due, calendar, older } = await dueDays(ports, facts, range, now, force, report)
  const failures: unknown[] = []
  const failed = (thrown: unknown) => {
    if (asRoundsError(thrown).class === 'stop') throw thrown
    failures.push(thrown)
  }
  const days = due.map(({ day }) => day)
  const past = await pastStandingOf(ports, facts, days).catch(failed)
  let isMarked = false
  let isNoted = true
  for (const one of due) {
    const standing = one.day >= facts.today ? now : past?.get(one.day)
    // What stood at the end of a past day takes the rows of all days before it.
    if (!standing) continue
    const outcome = await publishDay(ports, facts, { ...one, standing, force }, report).catch(
      failed,
    )
    isMarked ||= outcome?.isMarked ?? false
    isNoted &&= outcome?.isNoted ?? false
  }
  // What another worker noted meanwhile may be gone: the calendar says then that nobody knows.
  const known = isNoted && failures.length === 0 && older
  const next = { force, isMarked: isMarked || !isNoted, ...(known && { older: known }) }
  await keepCalendar(ports, placed.site, calendar, next, report)
  if (failures.length > 0) throw failures[0]
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
  // Of later days only the files with lines that came late.
  const last = past.at(-1)!
  const told = [...facts.days].filter(
    ([
      day,
      {
        feeds: { alarm },
      },
    ]) => alarm && (day <= last || (alarm.early ?? 1) > 0),
  )
  const withAlarms = told.map(([day]) => day)
  const observations = await observationsOf(
    { ...ledgersOf(ports), fromArchive: true },
    placed,
    withAlarms,
  )
  // The last millisecond of the day: what is recorded at midnight belongs to the next one.
  const times = past.map((day) => placed.zone.endOf(day) - 1)
  for (const [index, all] of standingAt(observations, times).entries()) {
    const atMs = times[index]!
    const open = all.filter((one) => !isExpired(one.changedMs, atMs, spans, expireAfterDays))
    standing.set(past[index]!, open)
  }
  return standing
}

/** What became of a day's page. */
interface DayPublished {
  /** True when the calendar shows the day otherwise than before. */
  isMarked: boolean
  /** False when another worker has noted something else at the same time. */
  isNoted: boolean
}

async function publishDay(
  ports: PublishPorts,
  facts: SiteFacts,
  one: DueDay & { standing: Occurrence[]; force: boolean },
  report: Report,
): Promise<DayPublished> {
  const { day, neighbours, inputs, item, standing, force } = one
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
  const built = { inputs, files, rows: overview }
  const isNoted = await publish(table, pages, key, item, built, force, report)
  return { isMarked: marksOf(publishedOf(item)?.rows) !== marksOf(overview), isNoted }
}

/** The newest counts before a day: yesterday's, in the morning. */
function earlierCalls({ counts }: SiteFacts, day: Day) {
  const earlier = addDays(day, -1)
  if (!counts.has(earlier)) return undefined
  return { day: earlier, calls: serviceFigures(earlier, counts).counts.calls }
}
