import type { DescribedAlarm } from '../../alarms/alarm.ts'
import type { ServiceFigures } from '../../figures/service.ts'
import type { StormFigures } from '../../figures/storm.ts'
import type { SystemFigures, Window } from '../../figures/system.ts'
import type { Finding } from '../../figures/verdict.ts'
import { worstLevel } from '../../figures/verdict.ts'
import type { Day, Thresholds } from '../../site.ts'
import type { Html } from '../../text/html.ts'
import { html, safeHref } from '../../text/html.ts'
import type { Texts } from '../../text/texts.ts'
import { weekday, type Zone, zoneNamed } from '../../time.ts'
import { openAlarmsSection, stormSection } from './day-alarms.ts'
import type { FeedArrival } from './day-arrived.ts'
import { arrivalMark, arrivedSection } from './day-arrived.ts'
import { proofSection, settledMark } from './day-proof.ts'
import { serversSection } from './day-servers.ts'
import { serviceSection } from './day-service.ts'
import { clauses, sentence } from './findings.ts'
import { levelShape } from './marks.ts'
import type { DayLink, PageView } from './shell.ts'
import { dataUpTo, link, page } from './shell.ts'

/** Everything that the page of one site and day shows: plain data, no store behind it. */
export interface SiteDayView extends PageView {
  site: { id: string; name: string; timeZone: string }
  day: Day
  /** The day in the site's time zone: 23 to 25 hours. */
  window: Window
  /** The day is not over: what has not come yet is no fault. */
  running: boolean
  sitesHref: string
  calendarHref: string
  /** The nearest days that have a page. */
  previous?: DayLink
  next?: DayLink
  downloads: { label: string; href: string }[]
  /** How often this page was published with changed data, when more than once. */
  revision?: number
  /** The newest record_time of all feeds of the day, epoch milliseconds. */
  dataUpToMs?: number
  findings: Finding[]
  /** The feeds that the site has, in their order. */
  feeds: FeedArrival[]
  /** Absent when the site has no such feed: then the section is left out. */
  service?: ServiceFigures
  /** Today's counts come from a last line that the site has not finished. */
  serviceProvisional: boolean
  /** Open at `atMs`; absent, with `storm`, when the site has no alarm feed. */
  openAlarms?: DescribedAlarm[]
  /** To when alarms have stood: the day's end, or the newest data of a running day. */
  atMs: number
  storm?: StormFigures
  system?: SystemFigures
  thresholds: Pick<Thresholds, 'cpuPercent' | 'memoryPercent' | 'diskPercent'>
}

/** The page of one site and day: the verdict first, then what it rests on, worst first. */
export function siteDayPage(view: SiteDayView, texts: Texts): string {
  const zone = zoneNamed(view.site.timeZone)
  const { window, thresholds } = view
  const has = (feed: FeedArrival['feed']) => view.feeds.some((arrival) => arrival.feed === feed)
  const main = html`${heading(view, texts)}${verdictLine(view, texts)}${marks(view, zone, texts)}
${has('service') && serviceSection(view.service, view.serviceProvisional, texts)}${
  view.openAlarms && openAlarmsSection(view.openAlarms, view.atMs, view.day, texts)
}${view.storm && stormSection(view.storm, window, zone, texts)}${
  has('system') && serversSection(view.system, { window, zone, thresholds, texts })
}${arrivedSection(view.feeds, view.running, zone, texts)}${proofSection(
  view.feeds,
  zone,
  texts,
)}${footer(view, zone, texts)}`
  return page(
    view,
    {
      title: `${view.site.name} ${view.day} · ${view.brand}`,
      left: [link(view.sitesHref, texts.navigation.sites)],
      right: dayLinks(view, texts),
      main,
    },
    texts,
  )
}

function dayLinks({ previous, next, calendarHref }: SiteDayView, texts: Texts): Html[] {
  const { navigation, units } = texts
  const links = [link(calendarHref, navigation.calendar)]
  if (previous) {
    links.unshift(
      html`<a rel="prev" aria-label="${navigation.previousDay} ${units.shortDay(
        previous.day,
      )}" href="${safeHref(previous.href)}">‹ ${units.shortDay(previous.day)}</a>`,
    )
  }
  if (next) {
    links.push(
      html`<a rel="next" aria-label="${navigation.nextDay} ${units.shortDay(
        next.day,
      )}" href="${safeHref(next.href)}">${units.shortDay(next.day)} ›</a>`,
    )
  }
  return links
}

function heading({ site, day }: SiteDayView, { units }: Texts): Html {
  return html`<h1>${site.name} <small>${units.day(day)} · ${units.weekday(
    weekday(day),
  )} · ${site.timeZone}</small></h1>
`
}

/** The verdict as one sentence; its first and worst clause stands out. */
function verdictLine(view: SiteDayView, texts: Texts): Html {
  const anyLines = view.feeds.some(({ counts }) => counts.lines > 0)
  const whole = sentence(view.findings, view.day, { running: view.running, anyLines }, texts)
  const firstLength = clauses(view.findings.slice(0, 1), view.day, texts)[0]?.length ?? 0
  const level = worstLevel(view.findings)
  return html`<p class="verdict v-${level}">${levelShape(level)} <b>${whole.slice(
    0,
    firstLength,
  )}</b>${whole.slice(firstLength)}</p>
`
}

function marks(view: SiteDayView, zone: Zone, texts: Texts): Html {
  const balance = view.service?.balance ?? 'unknown'
  const upTo = view.dataUpToMs === undefined ? '' : zone.textOf(view.dataUpToMs).slice(0, 16)
  const shape = levelShape(balance === 'holds' ? 'calm' : 'warn')
  return html`<ul class="marks">
${view.feeds.map((feed) => arrivalMark(feed, view.running, texts))}
${settledMark(view.feeds, texts)}
${balance !== 'unknown' && html`<li>${shape} ${texts.day.balance[balance]}</li>`}
<li>${dataUpTo(view.dataUpToMs, upTo, texts)}</li>
${view.revision !== undefined && html`<li>${texts.day.revision(view.revision)}</li>`}</ul>
`
}

function footer(view: SiteDayView, zone: Zone, texts: Texts): Html {
  const { navigation } = texts
  const upTo = view.dataUpToMs === undefined ? '' : zone.textOf(view.dataUpToMs)
  const downloads = view.downloads.map(({ label, href }) => html` ${link(href, label)}`)
  const data = upTo === '' ? navigation.noData : navigation.dataUpTo(upTo)
  const offered = downloads.length > 0 && html` · ${navigation.downloads}${downloads}`
  return html`<footer><p>${data} (${view.site.timeZone})${offered}</p>
<p>${link(view.sitesHref, navigation.sites)} · ${link(view.calendarHref, navigation.calendar)}</p>
</footer>`
}
