import type { DescribedAlarm } from '../../alarms/alarm.ts'
import { SEVERITIES } from '../../alarms/alarm.ts'
import type { StormFigures } from '../../figures/storm.ts'
import type { Window } from '../../figures/system.ts'
import type { Day } from '../../site.ts'
import type { Html } from '../../text/html.ts'
import { html, raw } from '../../text/html.ts'
import type { Texts } from '../../text/texts.ts'
import { cutText, groupedNumber } from '../../text/units.ts'
import type { Zone } from '../../time.ts'
import { HOUR_MS } from '../../time.ts'
import { axisTop, fullestHour, HOUR_WIDTH, STORM_HEIGHT, stormMarks } from '../charts/storm.ts'
import { severityMark } from './marks.ts'

/** Alarms that a page lists: a site with more has other worries than row 61. */
const MOST_LISTED = 60

/** Signs that are shown of a name, and of a description. */
const MOST_NAME_SIGNS = 80
const MOST_DESCRIPTION_SIGNS = 160

/** The alarms that stand at `atMs`, worst first and longest first. */
export function openAlarmsSection(
  open: readonly DescribedAlarm[],
  atMs: number,
  day: Day,
  texts: Texts,
): Html {
  const words = texts.day
  if (open.length === 0) {
    return html`<section><h2>${words.openAlarms}</h2>
<p class="empty">${words.noOpenAlarms}</p></section>
`
  }
  const sorted = [...open].sort(worstFirst)
  const rows = sorted.slice(0, MOST_LISTED).map((alarm) => alarmRow(alarm, atMs, day, texts))
  const left = open.length - rows.length
  const heads = [words.severity, words.alarm, words.node, words.raised, words.standing]
  return html`<section id="alarms"><h2>${words.openAlarms} <small>${words.openAlarmsNote(
    open.length,
  )}</small></h2>
<table class="alarms">
<thead><tr>${heads.map((head) => html`<th scope="col">${head}</th>`)}</tr></thead>
<tbody>
${rows}</tbody></table>
${left > 0 && html`<p class="empty">${words.moreAlarms(left)}</p>`}</section>
`
}

function alarmRow(alarm: DescribedAlarm, atMs: number, day: Day, texts: Texts): Html {
  const { name, node, title, description, raisedText } = alarm
  const code = title === name ? '' : cutText(name, MOST_NAME_SIGNS)
  const says = saysMore(alarm) && cutText(description, MOST_DESCRIPTION_SIGNS)
  const raised = raisedText.startsWith(day) ? raisedText.slice(11, 16) : raisedText.slice(5, 16)
  const standing = texts.units.duration(atMs - alarm.raisedMs)
  return html`<tr>
<td class="sev">${severityMark(alarm.severity, texts)}</td>
<td class="what"><b>${cutText(title, MOST_NAME_SIGNS)}</b>${
    code && html` <small>${code}</small>`
  }${says && html`<small class="says">${says}</small>`}</td>
<td class="node">${cutText(node, MOST_NAME_SIGNS)}</td>
<td class="raised">${raised}</td>
<td class="for">${standing}</td></tr>
`
}

/** Whether a description holds more than the node and the alarm's names, which stand beside it. */
function saysMore({ description, node, title, name }: DescribedAlarm): boolean {
  const rest = [node, title, name]
    .filter((known) => known !== '')
    .reduce((text, known) => text.replaceAll(known, ''), description)
  return /[\p{L}\p{N}]/u.test(rest)
}

function worstFirst(a: DescribedAlarm, b: DescribedAlarm): number {
  const gravity = SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity)
  return gravity || a.raisedMs - b.raisedMs || (a.node < b.node ? -1 : 1)
}

/** The day's alarms as one chart instead of a list of thousands. */
export function stormSection(storm: StormFigures, window: Window, zone: Zone, texts: Texts): Html {
  const words = texts.day
  if (storm.raised === 0) {
    return html`<section><h2>${words.storm}</h2><p class="empty">${words.noStorm}</p></section>
`
  }
  const peak = fullestHour(storm.hours)
  const top = axisTop(peak)
  const width = HOUR_WIDTH * storm.hours.length
  const hours = storm.hours.map((_, index) => {
    const hour = zone.textOf(window.startMs + index * HOUR_MS).slice(11, 13)
    return html`<span>${hour}</span>`
  })
  const legend = SEVERITIES.map((severity) => {
    const count = storm.hours.reduce((sum, hour) => sum + hour[severity], 0)
    return count > 0 && html`<li>${severityMark(severity, texts)} ${groupedNumber(count)}</li>`
  })
  return html`<section><h2>${words.storm} <small>${words.stormNote(
    storm.raised,
    storm.recovered,
  )}</small></h2>
<figure class="storm"><ul class="legend">${legend}</ul>
<div class="plot"><span class="top" aria-hidden="true">${groupedNumber(top)}</span><svg
 viewBox="0 0 ${width} ${STORM_HEIGHT}" preserveAspectRatio="none" role="img"
 aria-label="${words.stormChart(peak)}">${raw(stormMarks(storm.hours, top))}</svg></div>
<div class="hours" aria-hidden="true">${hours}</div></figure></section>
`
}
