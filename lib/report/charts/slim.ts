/**
 * What ECharts draws, in a fifth of its bytes. It keeps the shapes and their paint, and drops
 * everything else: clip paths (nothing here leaves its surface), invisible outlines, data for
 * scripts, and the style sheet with its classes, whose names come from a counter of the process
 * and would make every rendering differ. Coordinates become whole units, relative to the point
 * before; shapes of one paint become one path.
 */
export function slimSvg(svg: string): string {
  const shapes: { paint: string; d: string }[] = []
  const drawn = svg.replace(/<defs[\s\S]*?<\/defs>|<style[\s\S]*?<\/style>/g, '')
  for (const [, attributes = ''] of drawn.matchAll(/<path ([^>]*)>/g)) {
    const paint = paintOf(attributes)
    const d = paint && shortPath(attribute(attributes, 'd') ?? '')
    if (!d) continue
    const last = shapes.at(-1)
    if (last?.paint === paint) last.d += d
    else shapes.push({ paint, d })
  }
  return shapes.map(({ paint, d }) => `<path ${paint} d="${d}"/>`).join('')
}

/** Fill or stroke as attributes; empty when nothing would be seen. */
function paintOf(attributes: string): string {
  const fill = attribute(attributes, 'fill')
  if (fill !== 'none') return `fill="${fill}"`
  const stroke = attribute(attributes, 'stroke')
  const width = attribute(attributes, 'stroke-width') ?? '1'
  if (!stroke || stroke === 'none' || width === '0') return ''
  const dashes = attribute(attributes, 'stroke-dasharray')
  return [
    `fill="none" stroke="${stroke}"`,
    width === '1' ? '' : ` stroke-width="${width}"`,
    dashes ? ` stroke-dasharray="${dashes}"` : '',
  ].join('')
}

function attribute(attributes: string, name: string): string | undefined {
  return new RegExp(`(?:^| )${name}="([^"]*)"`).exec(attributes)?.[1]
}

/** `M0 40L1.2 38.1L2 38Z` as `M0 40l1-2h1Z`. A bar of no height becomes nothing. */
function shortPath(d: string): string {
  const end = { x: 0, y: 0 }
  const at = { x: 0, y: 0 }
  let start = { x: 0, y: 0 }
  let path = ''
  let tall = false
  let wide = false
  for (const [, command, first = '0', second = '0'] of d.matchAll(
    /([MLlZ])(?:(-?[\d.]+)[ ,]?(-?[\d.]+))?/g,
  )) {
    if (command === 'Z') {
      path += 'Z'
      Object.assign(at, start)
      continue
    }
    end.x = Number(first) + (command === 'l' ? end.x : 0)
    end.y = Number(second) + (command === 'l' ? end.y : 0)
    const x = Math.round(end.x)
    const y = Math.round(end.y)
    if (command === 'M') {
      start = { x, y }
      path += `M${pair(x, y)}`
    } else {
      wide ||= x !== at.x
      tall ||= y !== at.y
      path += step(x - at.x, y - at.y)
    }
    Object.assign(at, { x, y })
  }
  const closed = path.endsWith('Z')
  if (!(closed ? wide && tall : wide || tall)) return ''
  return path.replace(/Z+/g, 'Z').replace(LEVEL_RUN, oneStep)
}

/** Steps along a level, one unit each, as an area's ground has for every slot. */
const LEVEL_RUN = /h1(?:h1)+|h-1(?:h-1)+/g

function oneStep(run: string): string {
  const sign = run.startsWith('h-') ? '-' : ''
  return `h${sign}${run.length / `h${sign}1`.length}`
}

function step(dx: number, dy: number): string {
  if (dy === 0) return dx === 0 ? '' : `h${dx}`
  return dx === 0 ? `v${dy}` : `l${pair(dx, dy)}`
}

function pair(x: number, y: number): string {
  return `${x}${y < 0 ? '' : ' '}${y}`
}
