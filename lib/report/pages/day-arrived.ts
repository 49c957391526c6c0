import type { Coverage, LineCounts } from '../../ledger/coverage.ts'
import type { Reject, RejectReason } from '../../parse/feeds.ts'
import type { Feed } from '../../site.ts'
import type { Html } from '../../text/html.ts'
import { html } from '../../text/html.ts'
import type { Texts } from '../../text/texts.ts'
import { cutText, groupedNumber } from '../../text/units.ts'
import type { Zone } from '../../time.ts'
import type { FeedSettling } from './day-proof.ts'
import { coverageLevel, coverageWord, levelShape } from './marks.ts'

/** What arrived of one feed of a day. */
export interface FeedArrival {
  feed: Feed
  coverage: Coverage
  counts: LineCounts
  /** How many rejects have which reason; reasons that did not occur may be absent. */
  rejectReasons: Partial<Record<RejectReason, number>>
  /** A few of the rejects; at most five are shown. */
  rejectSamples: Reject[]
  /** Which incarnation of the file is held, from 0; above 0 the file was replaced or cut. */
  generation: number
  /** When the first and the newest of its lines were received, epoch milliseconds. */
  firstArrivalMs?: number
  lastArrivalMs?: number
  /** Absent while the day runs. */
  settled?: FeedSettling
}

/** Rejects shown of one feed: enough to see what is wrong. */
const MOST_SAMPLES = 5

/** Signs shown of a rejected line. */
const MOST_LINE_SIGNS = 200

/** One small mark a feed, for the top of the page: its lines, its state, and what it means. */
export function arrivalMark(arrival: FeedArrival, running: boolean, texts: Texts): Html {
  const { feed, coverage, counts } = arrival
  const means = running && coverage === 'partial' ? '' : texts.words.coverageMeans[coverage]
  const parts = [
    texts.words.feed[feed],
    counts.lines > 0 && texts.day.lines(counts.lines),
    coverageWord(coverage, running, texts),
    counts.rejects > 0 && texts.day.rejected(counts.rejects),
  ].filter((part) => part !== false)
  const shape = levelShape(coverageLevel(coverage, running))
  return html`<li title="${means}">${shape} <a href="#arrived">${parts.join(' · ')}</a></li>`
}

/** What arrived, feed by feed, down to the lines that were not understood. */
export function arrivedSection(
  feeds: readonly FeedArrival[],
  running: boolean,
  zone: Zone,
  texts: Texts,
): Html {
  const words = texts.day.arrived
  const heads = [
    words.feed,
    words.coverage,
    words.lines,
    words.readings,
    words.rejects,
    words.unknown,
    words.blank,
    words.generation,
    words.first,
    words.last,
  ]
  return html`<section id="arrived"><h2>${words.title} <small>${words.note}</small></h2>
<table class="arrived"><thead><tr>${heads.map(
    (head) => html`<th scope="col">${head}</th>`,
  )}</tr></thead><tbody>
${feeds.map((feed) => arrivalRow(feed, running, zone, texts))}</tbody></table>
${feeds.map((feed) => explanation(feed, running, texts))}${feeds.map((feed) =>
  rejects(feed, texts),
)}</section>
`
}

function arrivalRow(arrival: FeedArrival, running: boolean, zone: Zone, texts: Texts): Html {
  const { counts } = arrival
  const words = texts.day.arrived
  const at = (ms: number | undefined) => (ms === undefined ? '–' : zone.textOf(ms).slice(5, 16))
  const cells: [string, string][] = [
    [words.lines, groupedNumber(counts.lines)],
    [words.readings, groupedNumber(counts.readings)],
    [words.rejects, groupedNumber(counts.rejects)],
    [words.unknown, groupedNumber(counts.unknown)],
    [words.blank, groupedNumber(counts.blank)],
    [words.generation, String(arrival.generation + 1)],
    [words.first, at(arrival.firstArrivalMs)],
    [words.last, at(arrival.lastArrivalMs)],
  ]
  const shape = levelShape(coverageLevel(arrival.coverage, running))
  const word = coverageWord(arrival.coverage, running, texts)
  return html`<tr><th scope="row">${texts.words.feed[arrival.feed]}</th>
<td>${shape} ${word}</td>
${cells.map(([name, value]) => html`<td><small class="label">${name}</small>${value}</td>`)}</tr>
`
}

function explanation(
  { feed, coverage }: FeedArrival,
  running: boolean,
  texts: Texts,
): Html | false {
  const means = texts.words.coverageMeans[coverage]
  if (means === '' || (running && (coverage === 'partial' || coverage === 'missing'))) return false
  return html`<p class="means"><b>${texts.words.feed[feed]}</b> · ${
    texts.words.coverage[coverage]
  }: ${means}</p>
`
}

function rejects(arrival: FeedArrival, texts: Texts): Html | false {
  const { feed, counts, rejectReasons, rejectSamples } = arrival
  if (counts.rejects === 0) return false
  const reasons = Object.entries(texts.words.reject).map(([reason, word]) => {
    const count = rejectReasons[reason as RejectReason] ?? 0
    return count > 0 && html`<li>${word} ${groupedNumber(count)}</li>`
  })
  const samples = rejectSamples.slice(0, MOST_SAMPLES)
  return html`<details><summary>${texts.words.feed[feed]}: ${texts.day.arrived.samples(
    samples.length,
    counts.rejects,
  )}</summary><ul class="legend">${reasons}</ul>
${samples.map(
  ({ reason, text }) =>
    html`<p class="line"><small>${texts.words.reject[reason]}</small><code>${cutText(
      text,
      MOST_LINE_SIGNS,
    )}</code></p>
`,
)}</details>
`
}
