import type { Occurrence } from '../alarms/occurrence.ts'
import { sha256 } from '../ledger/record.ts'
import type { Day } from '../site.ts'
import { pagesPartition } from '../store/keys.ts'
import type { Item } from '../store/table.ts'
import { addDays } from '../time.ts'
import { isCurrentCalendar, readCalendar } from './calendar.ts'
import { type PublishPorts, publishedOf, type Report } from './published.ts'
import { dayFingerprint, type SiteFacts } from './site-facts.ts'
import type { Neighbours } from './site-view.ts'

/** Which of a site's days a report looks at. */
export interface DayRange {
  from: Day
  to: Day
}

/** A day whose page is to be built, and what was noted of it. */
export interface DueDay {
  day: Day
  neighbours: Neighbours
  inputs: string
  item: Item | undefined
}

/** The days whose pages are due, and what is noted of the calendar. */
export interface DueDays {
  due: DueDay[]
  calendar: Item | undefined
  /** What the calendar's note says of older days once these are published: see `Published`. */
  older: string | undefined
}

/**
 * Days before today that are not older days. Of these the notes are read by every report: they
 * change often. Those of older days are read only when the inputs of one have changed.
 */
const RECENT_DAYS = 2

/**
 * Which pages are out of date, oldest first. `standing` is what stands now. Counts those that are
 * not as unchanged.
 */
export async function dueDays(
  ports: PublishPorts,
  facts: SiteFacts,
  range: DayRange,
  standing: readonly Occurrence[],
  force: boolean,
  report: Report,
): Promise<DueDays> {
  const { table, settings, form } = ports
  const { site } = facts.placed
  const { gapMinutes } = settings.thresholds
  const shown = shownDays(facts)
  const wholeFrom = addDays(facts.today, -settings.retention.keepDays)
  const recentFrom = addDays(facts.today, -RECENT_DAYS)
  const from = range.from < wholeFrom ? range.from : wholeFrom
  const all = shown
    .filter((day) => day >= from)
    .map((day) => {
      const neighbours = neighboursOf(shown, day)
      const inputs = dayFingerprint(facts, day, form, neighbours, gapMinutes, standing)
      return { day, neighbours, inputs }
    })
  const isOlder = ({ day }: { day: Day }) => day >= wholeFrom && day < recentFrom
  const inputs = inputsOf(all.filter(isOlder))
  const calendar = await readCalendar(table, site)
  const known = isCurrentCalendar(calendar, form) ? publishedOf(calendar)?.older : undefined
  const isNoted = !force && known === inputs
  const isWhole = range.from <= wholeFrom && range.to >= facts.today
  const asked = all.filter(({ day }) => day >= range.from && day <= range.to)
  const listed = isNoted ? asked.filter((one) => !isOlder(one)) : asked
  report.unchanged += (asked.length - listed.length) * settings.report.languages.length
  const [first, last] = [listed.at(0)?.day, listed.at(-1)?.day]
  const items =
    first && last ? await table.list(pagesPartition(site.id), { from: first, to: last }) : []
  const noted = new Map(items.map((item) => [item.sort, item]))
  const due: DueDay[] = []
  for (const one of listed) {
    const item = noted.get(one.day)
    const published = publishedOf(item)
    if (force || published?.inputs !== one.inputs) due.push({ ...one, item })
    else report.unchanged += Object.keys(published.files).length
  }
  return { due, calendar, older: isWhole ? inputs : known }
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

function inputsOf(days: readonly { day: Day; inputs: string }[]): string {
  return sha256(Buffer.from(JSON.stringify(days.map(({ day, inputs }) => [day, inputs]))))
}

function neighboursOf(days: readonly Day[], day: Day): Neighbours {
  const at = days.indexOf(day)
  return { previous: days[at - 1], next: days[at + 1] }
}
