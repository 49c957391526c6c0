import type { Severity } from '../../alarms/alarm.ts'
import { SEVERITIES } from '../../alarms/alarm.ts'
import type { CountFigures } from '../../figures/service.ts'
import { noneOfEach } from '../../figures/storm.ts'
import type { Finding, Level } from '../../figures/verdict.ts'
import { LEVELS, worstLevel } from '../../figures/verdict.ts'
import type { Coverage } from '../../ledger/coverage.ts'
import type { Day, Feed } from '../../site.ts'
import { FEEDS } from '../../site.ts'
import type { Html } from '../../text/html.ts'
import { html, safeHref } from '../../text/html.ts'
import type { Texts } from '../../text/texts.ts'
import { cutText, groupedNumber, signedPercent, wholePercent } from '../../text/units.ts'
import { type Zone, zoneNamed } from '../../time.ts'
import { sentence } from './findings.ts'
import { coverageLevel, coverageWord, levelShape } from './marks.ts'
import type { PageView } from './shell.ts'
import { dataUpTo, link, page } from './shell.ts'
import type { SiteDayView } from './site-day.ts'

/** A day of a site with its mark. */
export interface DayMark {
  day: Day
  href: string
  level: Level
}

/** One site as of its newest day. */
export interface OverviewRow {
  site: { id: string; name: string; timeZone: string }
  day: Day
  href: string
  running: boolean
  findings: Finding[]
  openBySeverity: Record<Severity, number>
  /** Calls of the day beside their past; absent when unknown. */
  calls?: Pick<CountFigures, 'today' | 'changeFromYesterday' | 'changeFromLastWeek' | 'odd'>
  /** The day that `calls` are of, when that is not the row's: the newest day that was counted. */
  callsDay?: Day
  worstCpu?: { server: string; percent: number; isOver: boolean }
  worstDisk?: { server: string; mount: string; percent: number; isOver: boolean }
  coverage: Partial<Record<Feed, Coverage>>
  anyLines: boolean
  dataUpToMs?: number
  /** The latest days that have a page, oldest first. */
  days: DayMark[]
}

/** Everything that the page of all sites shows. */
export interface OverviewView extends PageView {
  rows: OverviewRow[]
  /** Stands for all sites where `rows` are only the gravest of them. */
  all?: AllSites
}

/** What the page says of all sites, where it does not show each of them. */
export interface AllSites {
  counts: Record<Level, number>
  newest: NewestData
  /** Address of a site's pages, with `<id>` in the place of its id. */
  siteAddress: string
}

/** Up to when the data of a site reach, and in which zone to say so. */
export type NewestData = Pick<OverviewRow, 'dataUpToMs'> & { site: { timeZone: string } }

/** The counts of an earlier day, for a day that runs and was not counted yet. */
export interface EarlierCalls {
  day: Day
  calls: CountFigures
}

/** The row of a site, from what its newest day's page shows. */
export function overviewRow(
  view: SiteDayView,
  href: string,
  days: DayMark[],
  earlier?: EarlierCalls,
): OverviewRow {
  const { site, day, running, findings, thresholds, dataUpToMs } = view
  const openBySeverity = noneOfEach()
  for (const { severity } of view.openAlarms ?? []) openBySeverity[severity] += 1
  const servers = view.system?.servers ?? []
  const cpu = servers.map(({ name, cpu }) => ({
    server: name,
    percent: cpu?.averagePercent ?? -1,
    isOver: (cpu?.averagePercent ?? -1) >= thresholds.cpuPercent,
  }))
  const disks = servers.flatMap(({ name, disks }) =>
    disks.map(({ mount, percent }) => ({
      server: name,
      mount,
      percent,
      isOver: percent >= thresholds.diskPercent,
    })),
  )
  const highest = <T extends { percent: number }>(all: T[]) =>
    all.filter(({ percent }) => percent >= 0).sort((a, b) => b.percent - a.percent)[0]
  const worstCpu = highest(cpu)
  const worstDisk = highest(disks)
  return {
    site,
    day,
    href,
    running,
    findings,
    openBySeverity,
    ...callsOf(view, earlier),
    ...(worstCpu && { worstCpu }),
    ...(worstDisk && { worstDisk }),
    coverage: Object.fromEntries(view.feeds.map(({ feed, coverage }) => [feed, coverage])),
    anyLines: view.feeds.some(({ counts }) => counts.lines > 0),
    ...(dataUpToMs !== undefined && { dataUpToMs }),
    days,
  }
}

/** Signs shown of the name of a server and mount: the site's page has all of it. */
const MOST_NAME_SIGNS = 24

function callsOf({ service, running }: SiteDayView, earlier: EarlierCalls | undefined) {
  if (!service) return {}
  const useEarlier = earlier && running && service.counts.calls.today === null
  const { today, changeFromYesterday, changeFromLastWeek, odd } = useEarlier
    ? earlier.calls
    : service.counts.calls
  const calls = { today, changeFromYesterday, changeFromLastWeek, odd }
  return useEarlier ? { calls, callsDay: earlier.day } : { calls }
}

/** The page of all sites, those that need somebody first. */
export function overviewPage(view: OverviewView, texts: Texts): string {
  const words = texts.overview
  const rows = [...view.rows].sort(worstFirst)
  const counts = view.all?.counts ?? countsOf(rows)
  const worst = LEVELS.find((level) => counts[level] > 0) ?? 'calm'
  const main =
    rows.length === 0
      ? html`<h1>${words.title}</h1><p class="empty">${words.none}</p>`
      : html`<h1>${words.title} <small>${note(view, texts)}</small></h1>
${others(view, texts)}<p class="verdict v-${worst}">${levelShape(worst)} <b>${words.verdict(
          counts,
        )}</b></p>
${table(rows, texts)}<footer><p>${newest(view.all?.newest ?? newestOf(rows), texts)}</p></footer>`
  return page(view, { title: `${words.title} · ${view.brand}`, left: [], right: [], main }, texts)
}

function others({ all }: OverviewView, { overview: words }: Texts): Html | false {
  return all !== undefined && html`<p class="means">${words.others(all.siteAddress)}</p>`
}

function note({ rows, all }: OverviewView, { overview: words }: Texts): string {
  if (!all) return words.note(rows.length)
  const sites = Object.values(all.counts).reduce((sum, count) => sum + count, 0)
  return words.gravest(sites, rows.length)
}

function countsOf(rows: readonly OverviewRow[]): Record<Level, number> {
  const counts = { bad: 0, warn: 0, note: 0, calm: 0 }
  for (const row of rows) counts[worstLevel(row.findings)] += 1
  return counts
}

/** The order of the page: the gravest first, and of two as grave the one with graver alarms. */
export function worstFirst(a: OverviewRow, b: OverviewRow): number {
  const gravity = LEVELS.indexOf(worstLevel(a.findings)) - LEVELS.indexOf(worstLevel(b.findings))
  if (gravity !== 0) return gravity
  for (const severity of SEVERITIES) {
    const more = b.openBySeverity[severity] - a.openBySeverity[severity]
    if (more !== 0) return more
  }
  return a.site.id < b.site.id ? -1 : 1
}

function table(rows: readonly OverviewRow[], texts: Texts): Html {
  const words = texts.overview
  const heads = [
    words.site,
    words.alarms,
    words.calls,
    words.worstCpu,
    words.worstDisk,
    words.arrived,
    words.days,
  ]
  return html`<table class="sites"><thead><tr>${heads.map(
    (head) => html`<th scope="col">${head}</th>`,
  )}</tr></thead><tbody>
${rows.map((row) => siteRow(row, zoneNamed(row.site.timeZone), texts))}</tbody></table>
`
}

function siteRow(row: OverviewRow, zone: Zone, texts: Texts): Html {
  const words = texts.overview
  const says = sentence(row.findings, row.day, row, texts)
  const level = worstLevel(row.findings)
  const open = SEVERITIES.map((severity) => {
    const count = row.openBySeverity[severity]
    const word = texts.words.severity[severity]
    return (
      count > 0 &&
      html`<span class="nowrap" title="${word}"><i class="square s-${severity}"></i>${
        word
      } ${groupedNumber(count)}</span> `
    )
  })
  const cell = (name: string, content: Html | string) =>
    html`<td><small class="label">${name}</small>${content}</td>`
  const upTo = row.dataUpToMs === undefined ? '' : zone.textOf(row.dataUpToMs).slice(0, 16)
  return html`<tr><th scope="row">${levelShape(level)} ${link(
    row.href,
    row.site.name,
  )} <span class="hidden">${texts.words.level[level]}</span><p>${says}</p><p>${
    upTo === '' ? texts.navigation.noData : `${words.dataUpTo} ${upTo}`
  }</p></th>${cell(words.alarms, open.some((part) => part) ? html`${open}` : '–')}${cell(
    words.calls,
    calls(row, texts),
  )}${cell(words.worstCpu, worst(row.worstCpu, row.worstCpu?.server))}${cell(
    words.worstDisk,
    worst(row.worstDisk, row.worstDisk && `${row.worstDisk.server} ${row.worstDisk.mount}`),
  )}${cell(words.arrived, arrived(row, texts))}${cell(words.days, days(row.days, texts))}</tr>
`
}

function calls({ calls: figures, callsDay }: OverviewRow, texts: Texts): Html | string {
  if (!figures || figures.today === null) return '–'
  const change = (percent: number | null) => (percent === null ? '–' : signedPercent(percent))
  const odd = figures.odd && html` <span class="odd">${figures.odd === 'low' ? '▼' : '▲'}</span>`
  const { fromYesterday, fromLastWeek } = texts.day
  const of = callsDay && html`<small class="nowrap">${callsDay.slice(5)}</small>`
  return html`${groupedNumber(figures.today)}${odd}${of}
<small class="nowrap">${fromYesterday} ${change(figures.changeFromYesterday)}</small>
<small class="nowrap">${fromLastWeek} ${change(figures.changeFromLastWeek)}</small>`
}

function worst(
  figure: { percent: number; isOver: boolean } | undefined,
  name: string | undefined,
): Html | string {
  if (!figure) return '–'
  const percent = wholePercent(figure.percent)
  const shown = figure.isOver ? html`<b class="over">■ ${percent}</b>` : percent
  return html`${shown}<small>${cutText(name ?? '', MOST_NAME_SIGNS)}</small>`
}

function arrived(row: OverviewRow, texts: Texts): Html {
  const marks = FEEDS.map((feed) => {
    const coverage = row.coverage[feed]
    if (!coverage) return false
    const level = coverageLevel(coverage, row.running)
    const word = coverageWord(coverage, row.running, texts)
    return html`<li>${levelShape(level)} ${texts.words.feed[feed]}${
      level === 'calm' ? html`<span class="hidden"> ${word}</span>` : ` ${word}`
    }</li>`
  })
  return html`<ul class="plain">${marks}</ul>`
}

function days(marks: readonly DayMark[], texts: Texts): Html {
  return html`<span class="strip">${marks.map(({ day, href, level }) => {
    const label = `${texts.units.shortDay(day)} ${texts.words.level[level]}`
    return html`<a href="${safeHref(href)}" title="${label}">
<span class="hidden">${label}</span>${levelShape(level)}
<small aria-hidden="true">${Number(day.slice(8))}</small></a>`
  })}</span>`
}

/** Where the newest data come from; the first row of several. */
function newestOf(rows: readonly OverviewRow[]): NewestData {
  return rows.reduce((best, next) =>
    (next.dataUpToMs ?? -1) > (best.dataUpToMs ?? -1) ? next : best,
  )
}

/** The newest data of all sites, in the time of the site that it comes from. */
function newest({ dataUpToMs, site: { timeZone } }: NewestData, texts: Texts): Html {
  const text = dataUpToMs === undefined ? '' : zoneNamed(timeZone).textOf(dataUpToMs)
  return dataUpTo(dataUpToMs, text && `${text} (${timeZone})`, texts)
}
