import type { Severity } from '../../alarms/alarm.ts'
import { SEVERITIES } from '../../alarms/alarm.ts'
import type { StormFigures } from '../../figures/storm.ts'
import { SEVERITY_COLOURS } from './colours.ts'
import { chartMarks, STILL } from './echarts.ts'

/** Units of width of one hour's bar with the space around it. */
export const HOUR_WIDTH = 40

/** Units of height of the whole chart. */
export const STORM_HEIGHT = 200

/** The alarms of a day as stacked bars, the worst at the ground, up to `top` alarms an hour. */
export function stormMarks(hours: StormFigures['hours'], top: number): string {
  return chartMarks(
    {
      xAxis: { type: 'category', show: false, data: hours.map((_, hour) => hour) },
      yAxis: { type: 'value', min: 0, max: top, show: false },
      // A severity that the day does not have would cost as much as one that it has.
      series: SEVERITIES.filter((severity) => hours.some((hour) => hour[severity] > 0)).map(
        (severity) => ({
          type: 'bar' as const,
          ...STILL,
          stack: 'alarms',
          barCategoryGap: '26%',
          itemStyle: { color: SEVERITY_COLOURS[severity] },
          data: hours.map((hour) => hour[severity]),
        }),
      ),
    },
    HOUR_WIDTH * hours.length,
    STORM_HEIGHT,
  )
}

/** Alarms of all severities in the fullest hour. */
export function fullestHour(hours: StormFigures['hours']): number {
  return Math.max(0, ...hours.map(alarmsIn))
}

/** The next of 1, 2, 5, 10, 20, 50, … that is not smaller: an axis ends there. */
export function axisTop(most: number): number {
  const magnitude = 10 ** Math.floor(Math.log10(Math.max(1, most)))
  return [1, 2, 5, 10].map((step) => step * magnitude).find((top) => top >= most) ?? most
}

function alarmsIn(hour: Record<Severity, number>): number {
  return SEVERITIES.reduce((sum, severity) => sum + hour[severity], 0)
}
