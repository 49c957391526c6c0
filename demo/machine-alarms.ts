import { CPU_HIGH, DISK_FULL, MEMORY_HIGH } from './alarm-kinds.ts'
import type { MachineState } from './machine.ts'

/** An alarm of this machine that stands: its alarm_time, as text, by `name|node`. */
export type Standing = ReadonlyMap<string, { raised: string; description: string }>

/** What is watched: a share in percent on a node, and from where on it is too much. */
interface Watched {
  name: string
  node: string
  words: string
  percent: number
  limitPercent: number
}

const CPU_LIMIT_PERCENT = 95
const MEMORY_LIMIT_PERCENT = 90
const DISK_LIMIT_PERCENT = 90

/** An alarm recovers only so far below its limit, so that it does not flap around it. */
const RECOVERS_BELOW_PERCENT = 5

/**
 * The alarms of this machine that stand after the lines of an alarm file, newest last. A line
 * that was cut off is passed over.
 */
export function standingAfter(lines: string[]): Standing {
  const standing = new Map<string, { raised: string; description: string }>()
  for (const line of lines) {
    const fields = line.split('|')
    if (fields.length !== 7) continue
    const [, name, node, description = '', raised = '', resumed] = fields
    const key = `${name}|${node}`
    if (resumed === '') standing.set(key, { raised, description })
    else standing.delete(key)
  }
  return standing
}

/** A line again for each alarm that stands: it begins the file of a new day. */
export function repeatedLines(siteId: string, standing: Standing, nowText: string): string[] {
  return [...standing].map(
    ([key, { raised, description }]) => `${siteId}|${key}|${description}|${raised}||${nowText}`,
  )
}

/** The lines of the alarms that this state of the machine raises, or that recover with it. */
export function changedLines(
  siteId: string,
  standing: Standing,
  state: MachineState,
  nowText: string,
): string[] {
  const lines: string[] = []
  for (const { name, node, words, percent, limitPercent } of watchedOf(state)) {
    const known = standing.get(`${name}|${node}`)
    const head = `${siteId}|${name}|${node}`
    if (!known && percent >= limitPercent) {
      lines.push(`${head}|${words} ${percent.toFixed(1)} %|${nowText}||${nowText}`)
    } else if (known && percent < limitPercent - RECOVERS_BELOW_PERCENT) {
      lines.push(`${head}|${known.description}|${known.raised}|${nowText}|${nowText}`)
    }
  }
  return lines
}

function watchedOf(state: MachineState): Watched[] {
  const cpu: Watched = {
    name: CPU_HIGH,
    node: state.server,
    words: 'CPU busy',
    percent: 100 - state.cpu.idle,
    limitPercent: CPU_LIMIT_PERCENT,
  }
  const memory: Watched = {
    name: MEMORY_HIGH,
    node: state.server,
    words: 'Memory used',
    percent: (state.memory.used / state.memory.total) * 100,
    limitPercent: MEMORY_LIMIT_PERCENT,
  }
  const disks = state.disks.map((disk) => ({
    name: DISK_FULL,
    node: `${state.server} ${disk.mount}`,
    words: `Disk ${disk.mount} used`,
    percent: (disk.used / disk.total) * 100,
    limitPercent: DISK_LIMIT_PERCENT,
  }))
  return [cpu, memory, ...disks]
}
