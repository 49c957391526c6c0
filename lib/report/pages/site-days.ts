import type { Day } from '../../site.ts'
import type { Html } from '../../text/html.ts'
import { html, safeHref } from '../../text/html.ts'
import type { Texts } from '../../text/texts.ts'
import { addDays, weekday } from '../../time.ts'
import { levelShape } from './marks.ts'
import type { DayMark } from './overview.ts'
import type { PageView } from './shell.ts'
import { link, page } from './shell.ts'

/** A day in a site's calendar. */
export interface CalendarDay extends DayMark {
  /** Alarms open at its end; absent while it runs, and when the site has no alarm feed. */
  openAlarms?: number | undefined
}

/** Everything that a site's calendar shows. */
export interface SiteDaysView extends PageView {
  site: { id: string; name: string; timeZone: string }
  sitesHref: string
  days: CalendarDay[]
}

/** A site's calendar: its months, newest first, every day that has a page with its mark. */
export function siteDaysPage(view: SiteDaysView, texts: Texts): string {
  const words = texts.calendar
  const days = new Map(view.days.map((day) => [day.day, day]))
  const months = [...new Set(view.days.map(({ day }) => day.slice(0, 7)))].sort().reverse()
  const legend = (['bad', 'warn', 'note', 'calm'] as const).map(
    (level) => html`<li>${levelShape(level)} ${texts.words.level[level]}</li>`,
  )
  const main = html`<h1>${view.site.name} <small>${words.title} · ${words.note(
    view.days.length,
  )} · ${view.site.timeZone}</small></h1>
${
  months.length === 0
    ? html`<p class="empty">${words.none}</p>`
    : html`<ul class="legend">${legend}</ul><div class="months">
${months.map((month) => monthTable(month, days, texts))}</div>`
}<footer><p>${link(view.sitesHref, texts.navigation.sites)}</p></footer>`
  return page(
    view,
    {
      title: `${view.site.name} ${words.title} · ${view.brand}`,
      left: [link(view.sitesHref, texts.navigation.sites)],
      right: [],
      main,
    },
    texts,
  )
}

function monthTable(month: string, days: ReadonlyMap<Day, CalendarDay>, texts: Texts): Html {
  const { units } = texts
  const first = `${month}-01`
  const monday = addDays(first, 1 - weekday(first))
  const weeks: Html[] = []
  for (let week = monday; week.slice(0, 7) <= month; week = addDays(week, 7)) {
    const cells = [0, 1, 2, 3, 4, 5, 6].map((offset) => {
      const day = addDays(week, offset)
      return html`<td>${day.startsWith(month) && dayCell(day, days.get(day), texts)}</td>`
    })
    weeks.push(html`<tr>${cells}</tr>
`)
  }
  const heads = [1, 2, 3, 4, 5, 6, 7].map(
    (number) =>
      html`<th scope="col"><abbr title="${units.weekday(number)}">${units.narrowWeekday(
        number,
      )}</abbr></th>`,
  )
  return html`<table class="month"><caption>${units.month(first)}</caption>
<thead><tr>${heads}</tr></thead><tbody>
${weeks}</tbody></table>
`
}

function dayCell(day: Day, known: CalendarDay | undefined, texts: Texts): Html {
  const number = Number(day.slice(8))
  if (!known) return html`<span>${number}</span>`
  const alarms = known.openAlarms ? texts.calendar.alarms(known.openAlarms) : ''
  return html`<a href="${safeHref(known.href)}">${number} ${levelShape(
    known.level,
  )}<span class="hidden">${texts.words.level[known.level]} </span><small>${alarms}</small></a>`
}
