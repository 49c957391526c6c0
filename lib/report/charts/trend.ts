import { TREND_COLOUR } from './colours.ts'
import { chartMarks, STILL } from './echarts.ts'

/** Units of width of one day of a trend. */
export const TREND_STEP = 10

/** Units of height of a trend. */
export const TREND_HEIGHT = 100

/** Space above and below the line, so that its stroke is not cut. */
const MARGIN = 8

/** The line of a count over its last days, from its lowest to its highest value; gaps stay open. */
export function trendMarks(series: readonly (number | null)[]): string {
  const [low, high] = range(series)
  return chartMarks(
    {
      grid: { left: 0, right: 0, top: MARGIN, bottom: MARGIN },
      xAxis: { type: 'value', min: 0, max: Math.max(1, series.length - 1), show: false },
      yAxis: { type: 'value', min: low, max: high, show: false },
      series: [
        {
          type: 'line',
          ...STILL,
          showSymbol: false,
          lineStyle: { color: TREND_COLOUR, width: 1.5 },
          data: series.map((value, day) => [day, value]),
        },
      ],
    },
    trendWidth(series),
    TREND_HEIGHT,
  )
}

/** Units of width of a whole trend. */
export function trendWidth(series: readonly unknown[]): number {
  return Math.max(1, series.length - 1) * TREND_STEP
}

/** How high the newest value stands, in units from the top; undefined when today has none. */
export function trendEnd(series: readonly (number | null)[]): number | undefined {
  const last = series.at(-1)
  if (last === undefined || last === null) return undefined
  const [low, high] = range(series)
  return Math.round(MARGIN + ((high - last) / (high - low)) * (TREND_HEIGHT - 2 * MARGIN))
}

/** The lowest and the highest value; a series of one value runs in the middle. */
function range(series: readonly (number | null)[]): [number, number] {
  const values = series.filter((value) => value !== null)
  if (values.length === 0) return [0, 1]
  const low = Math.min(...values)
  const high = Math.max(...values)
  return low === high ? [low - 1, high + 1] : [low, high]
}
