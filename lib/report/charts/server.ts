import type { CpuSlot } from '../../figures/system.ts'
import { CPU_COLOURS, GRID_COLOUR, LIMIT_COLOUR, MEMORY_COLOUR } from './colours.ts'
import type { ChartOption, LineSeriesOption } from './echarts.ts'
import { chartMarks, STILL } from './echarts.ts'

/** Height in units: one a percent, so that whole units are fine enough. */
export const PERCENT_HEIGHT = 100

/** The processor's day as stacked areas, one unit of width a slot, with the threshold's line. */
export function cpuMarks(slots: readonly (CpuSlot | null)[], limitPercent: number): string {
  // Areas are painted over one another from the sum down, each from the ground up: that needs
  // half the points of areas that stand on each other.
  const upTo = (sum: (slot: CpuSlot) => number) => slots.map((slot) => slot && sum(slot))
  const user = (slot: CpuSlot) => slot.user
  const notWaiting = (slot: CpuSlot) => slot.user + slot.system
  const busy = (slot: CpuSlot) => slot.user + slot.system + slot.io
  return layers(slots.length, limitPercent, [
    area(upTo(busy), CPU_COLOURS.io),
    area(upTo(notWaiting), CPU_COLOURS.system),
    area(upTo(user), CPU_COLOURS.user),
  ])
}

/** Used memory over the day, one unit of width a slot, with the threshold's line. */
export function memoryMarks(slots: readonly (number | null)[], limitPercent: number): string {
  return layers(slots.length, limitPercent, [area(slots, MEMORY_COLOUR)])
}

/**
 * The quarters of the day behind the areas, the threshold's line before them. Each is a drawing of
 * its own: these lines are the same in nearly every chart, so they are mostly drawn already.
 */
function layers(width: number, limitPercent: number, areas: LineSeriesOption[]): string {
  const drawing = (series: LineSeriesOption[]) =>
    chartMarks({ ...axes(width), series }, width, PERCENT_HEIGHT)
  return drawing([quarters(width)]) + drawing(areas) + drawing([limit(limitPercent)])
}

/** Means of `factor` slots each: for pages whose servers are too many for every slot. */
export function coarser<T>(
  slots: readonly (T | null)[],
  factor: number,
  mean: (values: T[]) => T,
): (T | null)[] {
  return Array.from({ length: Math.ceil(slots.length / factor) }, (_, index) => {
    const values = slots.slice(index * factor, (index + 1) * factor).filter((v) => v !== null)
    return values.length > 0 ? mean(values) : null
  })
}

/** One unit a slot across, one a percent up. */
function axes(width: number): ChartOption {
  return {
    xAxis: { type: 'value', min: 0, max: width, show: false },
    yAxis: { type: 'value', min: 0, max: PERCENT_HEIGHT, show: false },
  }
}

/** Lines at the quarters of the day. */
function quarters(width: number): LineSeriesOption {
  const data = [1, 2, 3].map((quarter) => ({ xAxis: (width * quarter) / 4 }))
  return lines({ color: GRID_COLOUR, type: 'solid' }, data)
}

/** The threshold's line. */
function limit(percent: number): LineSeriesOption {
  return lines({ color: LIMIT_COLOUR, type: [3, 3] }, [{ yAxis: percent }])
}

type MarkLine = NonNullable<LineSeriesOption['markLine']>

/** A series of nothing but straight lines across. */
function lines(lineStyle: MarkLine['lineStyle'], data: MarkLine['data']): LineSeriesOption {
  const still = { silent: true, symbol: 'none', label: { show: false } }
  return { type: 'line', ...STILL, data: [], markLine: { ...still, lineStyle, data } }
}

function area(values: readonly (number | null)[], color: string): LineSeriesOption {
  return {
    type: 'line',
    ...STILL,
    showSymbol: false,
    lineStyle: { width: 0 },
    areaStyle: { color, opacity: 1 },
    data: outline(values),
  }
}

/** Each value from its slot's start; the last before a gap is drawn to its slot's end as well. */
function outline(values: readonly (number | null)[]): (number | null)[][] {
  return values.flatMap((value, slot) => {
    if (value === null) return [[slot, null]]
    const height = Math.min(value, PERCENT_HEIGHT)
    const ends = (values[slot + 1] ?? null) === null
    return ends
      ? [
          [slot, height],
          [slot + 1, height],
          [slot + 1, null],
        ]
      : [[slot, height]]
  })
}
