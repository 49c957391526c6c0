import { describe, expect, it } from 'vitest'
import { coarser, cpuMarks, memoryMarks } from '../../lib/report/charts/server.ts'
import { slimSvg } from '../../lib/report/charts/slim.ts'
import { axisTop, fullestHour, stormMarks } from '../../lib/report/charts/storm.ts'
import { trendEnd, trendMarks } from '../../lib/report/charts/trend.ts'

const NO_ALARMS = { critical: 0, major: 0, minor: 0, warning: 0, unknown: 0 }

const slots = (percents: (number | null)[]) =>
  percents.map((user) => (user === null ? null : { user, system: 10, io: 5 }))

/** The `d` of every path, by its paint. */
function paths(marks: string): Record<string, string> {
  return Object.fromEntries(
    [...marks.matchAll(/<path (.*?) d="(.*?)"\/>/g)].map(([, paint = '', d = '']) => [paint, d]),
  )
}

describe('server charts', () => {
  it('stack user, system and io as areas from the ground, with the limit as a dashed line', () => {
    const drawn = paths(cpuMarks(slots([20, 40, 40, 20]), 90))
    expect(drawn).toEqual({
      'fill="none" stroke="var(--grid)"': expect.stringMatching(/^(M\d 100v-100){3}$/),
      'fill="var(--io)"': 'M0 65l1-20h1l1 20h1v35h-4Z',
      'fill="var(--system)"': 'M0 70l1-20h1l1 20h1v30h-4Z',
      'fill="var(--user)"': 'M0 80l1-20h1l1 20h1v20h-4Z',
      'fill="none" stroke="var(--bad)" stroke-dasharray="3,3"': 'M0 11h4',
    })
  })

  it('leave gaps open, and show a lone sample as wide as its slot', () => {
    const memory = paths(memoryMarks([50, 50, null, null, 70, null], 90))
    expect(memory['fill="var(--memory)"']).toBe(
      'M0 50h1h1v50h-2ZM4 30h1v70h-1Z'.replace('h1h1', 'h2'),
    )
  })

  it('end at 100 percent, whatever a site writes', () => {
    const drawn = cpuMarks(slots([100, 100]), 90)
    expect(drawn).toContain('fill="var(--io)" d="M0 0h2v100h-2Z"')
  })

  it('draw nothing but lines for a day without samples', () => {
    expect(memoryMarks([null, null, null], 90)).not.toContain('--memory')
  })

  it('are the same bytes each time', () => {
    const once = cpuMarks(slots([20, null, 40]), 90)
    expect(cpuMarks(slots([20, null, 40]), 90)).toBe(once)
    expect(once).not.toMatch(/zr\d|class=|style=|NaN/)
  })

  it('become coarser by means, and keep a gap as long as all of it', () => {
    const mean = (values: number[]) => values.reduce((a, b) => a + b, 0) / values.length
    expect(coarser([1, 3, null, null, null, null, 5], 3, mean)).toEqual([2, null, 5])
  })
})

describe('the storm chart', () => {
  it('stacks severities, the worst at the ground, and draws no empty bars', () => {
    const hours = [{ ...NO_ALARMS, critical: 5, minor: 5 }, NO_ALARMS]
    expect(paths(stormMarks(hours, 10))).toEqual({
      'fill="var(--critical)"': 'M5 200h30v-100h-30Z',
      'fill="var(--minor)"': 'M5 100h30v-100h-30Z',
    })
  })

  it.each([
    [0, 1],
    [1, 1],
    [3, 5],
    [11, 20],
    [84, 100],
    [100, 100],
    [101, 200],
  ])('of at most %i ends at %i', (most, top) => {
    expect(axisTop(most)).toBe(top)
  })

  it('knows its fullest hour', () => {
    expect(fullestHour([{ ...NO_ALARMS, major: 2, unknown: 3 }, NO_ALARMS])).toBe(5)
    expect(fullestHour([])).toBe(0)
  })
})

describe('a trend', () => {
  it('runs from its lowest to its highest value and stays open at gaps', () => {
    expect(trendMarks([1, 2, null, 2, 1])).toContain('d="M0 92l10-84M30 8l10 84"')
    expect(trendEnd([1, 2])).toBe(8)
    expect(trendEnd([1, null])).toBeUndefined()
  })

  it('of one value runs in the middle, and of none draws nothing', () => {
    expect(trendMarks([5, 5, 5])).toContain('d="M0 50h10h10"')
    expect(trendEnd([5, 5])).toBe(50)
    expect(trendMarks([null, null])).toBe('')
  })
})

describe('slimSvg', () => {
  it('keeps shapes that are seen and drops everything else', () => {
    const svg = `<svg><rect width="9" fill="none"></rect><g clip-path="url(#zr0-c0)">
<path d="M0 0L1.2 3.9L2.4 3.9Z" fill="red" class="zr0-cls-0"></path></g>
<path d="M5 5l1 1l-1 0Z" fill="red" ecmeta_ssr_type="chart"></path>
<path d="M0 0L9 9" fill="none" stroke="#5070dd" stroke-width="0"></path>
<path d="M0 0L9 9" fill="none" stroke="blue" stroke-width="2"></path>
<defs><clipPath id="zr0-c0"><path d="M0 0l9 0l0 9Z" fill="#000"></path></clipPath></defs>
<style><![CDATA[ .zr0-cls-0:hover { } ]]></style></svg>`
    expect(slimSvg(svg)).toBe(
      '<path fill="red" d="M0 0l1 4h1ZM5 5l1 1h-1Z"/>' +
        '<path fill="none" stroke="blue" stroke-width="2" d="M0 0l9 9"/>',
    )
  })

  it('does not add up roundings', () => {
    const steps = Array.from({ length: 100 }, (_, n) => `L${(n * 0.4).toFixed(1)} ${n % 2}`)
    const d = /d="([^"]*)"/.exec(slimSvg(`<path d="M0 0${steps.join('')}" fill="red">`))?.[1]
    const across = [...(d ?? '').matchAll(/[lh](-?\d+)/g)].reduce(
      (sum, [, dx]) => sum + Number(dx),
      0,
    )
    expect(across).toBe(Math.round(99 * 0.4))
  })
})
