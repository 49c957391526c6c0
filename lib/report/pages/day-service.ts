import type { CountFigures, ServiceFigures } from '../../figures/service.ts'
import type { ServiceCount } from '../../parse/feeds.ts'
import { SERVICE_COUNTS } from '../../parse/feeds.ts'
import type { Html } from '../../text/html.ts'
import { html, raw } from '../../text/html.ts'
import type { Texts } from '../../text/texts.ts'
import { groupedNumber, signedPercent } from '../../text/units.ts'
import { TREND_HEIGHT, trendEnd, trendMarks, trendWidth } from '../charts/trend.ts'

/** The counts of the day, each beside its own past. */
export function serviceSection(
  service: ServiceFigures | undefined,
  provisional: boolean,
  texts: Texts,
): Html {
  const words = texts.day
  const known = service && SERVICE_COUNTS.some((count) => service.counts[count].today !== null)
  const cards =
    known && SERVICE_COUNTS.map((count) => card(count, service.counts[count], provisional, texts))
  return html`<section><h2>${words.service} <small>${words.serviceNote}</small></h2>
${cards ? html`<div class="cards">${cards}</div>` : html`<p class="empty">${words.noService}</p>`}
</section>
`
}

function card(
  count: ServiceCount,
  figures: CountFigures,
  provisional: boolean,
  texts: Texts,
): Html {
  const words = texts.day
  const mark =
    provisional &&
    html`<em class="chip" title="${words.provisionalMeans}">${words.provisional}</em>`
  const odd =
    figures.odd !== null &&
    figures.usual !== null &&
    html`<p class="odd">${figures.odd === 'low' ? '▼' : '▲'} ${words.unusual(
      figures.odd,
      groupedNumber(Math.round(figures.usual)),
    )}</p>`
  return html`<article class="card${figures.odd ? ' is-odd' : ''}">
<h3>${texts.words.count[count]} ${mark}</h3>
<b>${figures.today === null ? '–' : groupedNumber(figures.today)}</b>
${trend(figures.series, words.trend(texts.words.count[count]))}
<p class="pair"><span>${words.fromYesterday} ${changed(figures.changeFromYesterday)}</span>
<span>${words.fromLastWeek} ${changed(figures.changeFromLastWeek)}</span></p>
${odd}</article>
`
}

function trend(series: CountFigures['series'], label: string): Html {
  const end = trendEnd(series)
  const width = trendWidth(series)
  const line = trendMarks(series)
  const dot = end === undefined ? '' : `<path class="dot" d="M${width} ${end}h0"/>`
  return html`<svg class="trend" viewBox="0 0 ${width} ${TREND_HEIGHT}" role="img"
 aria-label="${label}" preserveAspectRatio="none">${raw(line)}${raw(dot)}</svg>`
}

function changed(percent: number | null): string {
  return percent === null ? '–' : signedPercent(percent)
}
