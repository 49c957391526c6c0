import type { CpuSlot, ServerFigures, SystemFigures, Window } from '../../figures/system.ts'
import type { Thresholds } from '../../site.ts'
import type { Html } from '../../text/html.ts'
import { html, raw } from '../../text/html.ts'
import type { SystemTexts, Texts } from '../../text/texts.ts'
import { byteShare, byteSize, cutText, wholePercent } from '../../text/units.ts'
import type { Zone } from '../../time.ts'
import { MINUTE_MS, SECOND_MS } from '../../time.ts'
import { coarser, cpuMarks, memoryMarks, PERCENT_HEIGHT } from '../charts/server.ts'

/** Beyond so many servers only the worst have curves: a page stays under 100 KB. */
const MOST_CHARTED = 20

/**
 * How many slots one point of a curve stands for, by the number of curves: up to six servers every
 * slot of five minutes shows, up to twelve means of 15 minutes, beyond that means of 20.
 */
const FACTORS = [
  { upTo: 6, factor: 1 },
  { upTo: 12, factor: 3 },
  { upTo: MOST_CHARTED, factor: 4 },
]

/** Servers that the table without curves lists, mounts and nodes shown of one server. */
const MOST_ROWS = 300
const MOST_OF_A_SERVER = 12

/** Signs that are shown of a name. */
const MOST_SIGNS = 64

/** What the section needs to know beside the figures. */
export interface ServersContext {
  window: Window
  zone: Zone
  thresholds: Pick<Thresholds, 'cpuPercent' | 'memoryPercent' | 'diskPercent'>
  texts: Texts
}

/** The servers of a site: CPU, memory and disks over the day; by name, or the worst first. */
export function serversSection(system: SystemFigures | undefined, context: ServersContext): Html {
  const words = context.texts.day.system
  const servers = system?.servers ?? []
  if (!system || servers.length === 0) {
    return html`<section><h2>${words.title}</h2><p class="empty">${words.none}</p></section>
`
  }
  const ordered =
    servers.length > MOST_CHARTED
      ? [...servers].sort((a, b) => strain(b, context) - strain(a, context))
      : servers
  const charted = ordered.slice(0, MOST_CHARTED)
  const factor = FACTORS.find(({ upTo }) => charted.length <= upTo)?.factor ?? 1
  const minutes = (system.slotMs * factor) / MINUTE_MS
  const limit = words.threshold(wholePercent(context.thresholds.cpuPercent))
  const coarse = factor > 1 && ` · ${words.coarse(minutes)}`
  return html`<section><h2>${words.title} <small>${words.note(servers.length)} · CPU
<i class="square s-user"></i>${words.user} <i class="square s-system"></i>${words.system}
<i class="square s-io"></i>${words.io} · ${limit}${coarse}</small></h2>
<div class="servers">
${charted.map((server) => serverRow(server, factor, context))}</div>
${otherServers(ordered.slice(MOST_CHARTED), context)}</section>
`
}

/** How near a server is to its limits: above 1 it is over one of them. */
function strain(server: ServerFigures, { thresholds }: ServersContext): number {
  return Math.max(
    (server.cpu?.averagePercent ?? 0) / thresholds.cpuPercent,
    (server.memory?.newestPercent ?? 0) / thresholds.memoryPercent,
    ...server.disks.map(({ percent }) => percent / thresholds.diskPercent),
  )
}

function serverRow(server: ServerFigures, factor: number, context: ServersContext): Html {
  const { thresholds, texts } = context
  const words = texts.day.system
  const name = cutText(server.name, MOST_SIGNS)
  const about = [
    server.ip,
    server.os?.name,
    server.uptimeSeconds !== undefined &&
      words.upFor(texts.units.duration(server.uptimeSeconds * SECOND_MS)),
  ].filter((part) => typeof part === 'string' && part !== '')
  const nodes = server.nodes
    .slice(0, MOST_OF_A_SERVER)
    .map(
      ({ name, state }) =>
        html`<span class="chip">${cutText(name, MOST_SIGNS)} ${cutText(state, MOST_SIGNS)}</span> `,
    )
  const isHot = strain(server, context) >= 1
  const { cpu, memory } = server
  return html`<article class="server${isHot ? ' is-hot' : ''}">
<div><h3>${name}</h3><p>${cutText(about.join(' · '), MOST_SIGNS * 2)}</p>${
    nodes.length > 0 && html`<p>${nodes}</p>`
  }</div>
<div>${
    cpu &&
    html`${plot(
      cpuMarks(coarser(cpu.slots, factor, meanCpu), thresholds.cpuPercent),
      Math.ceil(cpu.slots.length / factor),
      words.cpuChart(name),
    )}${clockLabels(context)}${caption(
      words.cpu,
      words.cpuNumbers(
        wholePercent(cpu.averagePercent),
        wholePercent(cpu.p95Percent),
        wholePercent(cpu.peakPercent),
      ),
      cpu.averagePercent >= thresholds.cpuPercent,
      words,
    )}`
  }</div>
<div>${
    memory &&
    html`${plot(
      memoryMarks(coarser(memory.slots, factor, mean), thresholds.memoryPercent),
      Math.ceil(memory.slots.length / factor),
      words.memoryChart(name),
    )}${clockLabels(context)}${caption(
      words.memory,
      words.memoryNumbers(
        wholePercent(memory.newestPercent),
        byteShare(memory.usedBytes, memory.totalBytes),
      ),
      memory.newestPercent >= thresholds.memoryPercent,
      words,
    )}`
  }</div>
${disks(server, thresholds.diskPercent, words)}</article>
`
}

function plot(marks: string, width: number, label: string): Html {
  return html`<svg class="plot" viewBox="0 0 ${width} ${PERCENT_HEIGHT}" preserveAspectRatio="none"
 role="img" aria-label="${label}">${raw(marks)}</svg>`
}

/** The site's clock at the quarters of the day: on a day of 23 or 25 hours they are not even. */
function clockLabels({ window, zone }: ServersContext): Html {
  const quarterMs = (window.endMs - window.startMs) / 4
  const labels = [0, 1, 2, 3].map((quarter) => {
    const clock = zone.textOf(window.startMs + quarter * quarterMs).slice(11, 16)
    return html`<span>${clock}</span>`
  })
  return html`<div class="clock" aria-hidden="true">${labels}</div>`
}

function caption(name: string, numbers: string, isOver: boolean, words: SystemTexts): Html {
  return isOver
    ? html`<p class="over">■ ${name} ${numbers} <span class="hidden">${words.over}</span></p>`
    : html`<p>${name} ${numbers}</p>`
}

function disks(server: ServerFigures, limitPercent: number, words: SystemTexts): Html {
  const rows = server.disks.slice(0, MOST_OF_A_SERVER).map((disk) => {
    const isOver = disk.percent >= limitPercent
    const sizes = words.used(byteSize(disk.usedBytes), byteSize(disk.totalBytes))
    return html`<li${isOver && raw(' class="over"')} title="${sizes}">
<span>${cutText(disk.mount, MOST_SIGNS)}</span>
<svg class="bar" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">
<rect width="${disk.percent}" height="8"/></svg>
<b>${isOver && '■ '}${wholePercent(disk.percent)}</b></li>
`
  })
  return html`<ul class="disks" aria-label="${words.disks}">${rows}</ul>`
}

/** The servers that stand lowest: numbers without curves. */
function otherServers(servers: readonly ServerFigures[], { texts }: ServersContext): Html | false {
  const words = texts.day.system
  if (servers.length === 0) return false
  const rows = servers.slice(0, MOST_ROWS).map((server) => {
    const fullest = Math.max(-1, ...server.disks.map(({ percent }) => percent))
    const percent = (value: number | undefined) =>
      value === undefined || value < 0 ? '–' : wholePercent(value)
    return html`<tr><th scope="row">${cutText(server.name, MOST_SIGNS)}<td>${percent(
      server.cpu?.averagePercent,
    )}<td>${percent(server.memory?.newestPercent)}<td>${percent(fullest)}
`
  })
  const heads = [words.host, words.cpu, words.memory, words.disks]
  return html`<details><summary>${words.others(servers.length)}</summary>
<table class="others"><thead><tr>${heads.map(
    (head) => html`<th scope="col">${head}</th>`,
  )}</tr></thead><tbody>
${rows}</tbody></table></details>`
}

function mean(values: number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

function meanCpu(slots: CpuSlot[]): CpuSlot {
  return {
    user: mean(slots.map(({ user }) => user)),
    system: mean(slots.map(({ system }) => system)),
    io: mean(slots.map(({ io }) => io)),
  }
}
