import type { BarSeriesOption, LineSeriesOption } from 'echarts/charts'
import { BarChart, LineChart } from 'echarts/charts'
import type { GridComponentOption, MarkLineComponentOption } from 'echarts/components'
import { GridComponent, MarkLineComponent } from 'echarts/components'
import type { ComposeOption } from 'echarts/core'
import { init, use } from 'echarts/core'
import { SVGRenderer } from 'echarts/renderers'
import { slimSvg } from './slim.ts'

use([LineChart, BarChart, GridComponent, MarkLineComponent, SVGRenderer])

export type { LineSeriesOption }

/**
 * What a chart may be made of. Texts never stand in a chart (they stand beside it, as HTML), and
 * colours are names of colours.ts: ECharts escapes no attribute, so a colour or font that came
 * from data could write markup.
 */
export type ChartOption = ComposeOption<
  LineSeriesOption | BarSeriesOption | GridComponentOption | MarkLineComponentOption
>

/** The whole drawing surface: axes and labels are none of the chart's business. */
export const NO_MARGINS = { left: 0, right: 0, top: 0, bottom: 0 }

/** A series that is drawn and nothing else: no hover, no symbols. */
export const STILL = { silent: true, emphasis: { disabled: true } } as const

/**
 * Drawings that are kept for the next chart with the same option. The pages of a day show the same
 * charts in every language, one page after the other, and lines that stand behind every chart are
 * the same everywhere; a page has at most 48 charts of its own.
 */
const MOST_KEPT = 96

/** Drawings by option, the one that was wanted last at the end. */
const kept = new Map<string, string>()

/**
 * The chart as the inside of an `<svg>`, in whole units of `width` x `height`; the same option
 * always gives the same text. The caller wraps it in an `<svg>` with a label, because ECharts
 * writes none when it renders on a server. `option` is plain data: no functions, no typed arrays.
 */
export function chartMarks(option: ChartOption, width: number, height: number): string {
  const key = JSON.stringify([width, height, option])
  const marks = kept.get(key) ?? drawn(option, width, height)
  kept.delete(key)
  kept.set(key, marks)
  if (kept.size > MOST_KEPT) kept.delete(kept.keys().next().value!)
  return marks
}

function drawn(option: ChartOption, width: number, height: number): string {
  const chart = init(null, null, { renderer: 'svg', ssr: true, width, height })
  try {
    chart.setOption({ animation: false, grid: NO_MARGINS, ...option })
    return slimSvg(chart.renderToSVGString())
  } finally {
    // A chart that is not disposed of stays in a registry for the life of the process.
    chart.dispose()
  }
}
