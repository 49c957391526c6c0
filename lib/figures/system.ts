import { SLOT_MS } from '../ledger/tally.ts'
import type { SystemReading } from '../parse/feeds.ts'

/** A stretch of time in epoch milliseconds: a site's day, which may have 23 or 25 hours. */
export interface Window {
  startMs: number
  /** The first instant that is no longer in it. */
  endMs: number
}

/** The averages of one slot, in percent of the processor. */
export interface CpuSlot {
  user: number
  system: number
  io: number
}

/** A server's processor over the window; every number is a percentage from 0 to 100. */
export interface CpuFigures {
  /** One entry a slot from the window's start; null where no sample came. */
  slots: (CpuSlot | null)[]
  /** Of what is not idle, over all samples: the mean, the 95th percentile, the highest. */
  averagePercent: number
  p95Percent: number
  peakPercent: number
  newestPercent: number
}

/** A server's memory over the window. */
export interface MemoryFigures {
  /** Used percent, one entry a slot; null where no sample came. */
  slots: (number | null)[]
  newestPercent: number
  usedBytes: number
  totalBytes: number
}

/** One mount of a server, as its newest sample says. */
export interface DiskFigures {
  mount: string
  usedBytes: number
  totalBytes: number
  percent: number
}

/** What one server of a site did in the window. What it never reported is absent. */
export interface ServerFigures {
  name: string
  ip: string
  os?: { name: string; kernel: string }
  uptimeSeconds?: number
  /** Application nodes with their newest state, by name. */
  nodes: { name: string; state: string }[]
  cpu?: CpuFigures
  memory?: MemoryFigures
  /** By mount. */
  disks: DiskFigures[]
}

/** The servers of a site in a window, by name. */
export interface SystemFigures {
  slotMs: number
  slotCount: number
  servers: ServerFigures[]
}

type Of<T extends SystemReading['type']> = Extract<SystemReading, { type: T }>

/** What is gathered of one server before it is counted. Free text keys Maps, never objects. */
interface Gathered {
  newest?: SystemReading
  os?: Of<'os'>
  uptime?: Of<'uptime'>
  nodes: Map<string, Of<'node'>>
  disks: Map<string, Of<'disk'>>
  cpu: Of<'cpu'>[]
  mem: Of<'mem'>[]
}

/**
 * The figures of every server in `readings`. Series and processor figures count the samples
 * inside the window; the newest memory, disk, os, uptime and node samples count wherever they
 * lie, but one from after the window is no newer than the window's end (a site's clock that runs
 * ahead must not freeze its page). Of equally new samples the later line holds.
 */
export function systemFigures(readings: Iterable<SystemReading>, window: Window): SystemFigures {
  const gathered = new Map<string, Gathered>()
  const newer = <R extends SystemReading>(held: R | undefined, next: R): R =>
    held && clamped(held, window) > clamped(next, window) ? held : next
  for (const reading of readings) {
    let server = gathered.get(reading.server)
    if (!server) {
      server = { nodes: new Map(), disks: new Map(), cpu: [], mem: [] }
      gathered.set(reading.server, server)
    }
    server.newest = newer(server.newest, reading)
    if (reading.type === 'cpu') server.cpu.push(reading)
    else if (reading.type === 'mem') server.mem.push(reading)
    else if (reading.type === 'os') server.os = newer(server.os, reading)
    else if (reading.type === 'uptime') server.uptime = newer(server.uptime, reading)
    else if (reading.type === 'disk') {
      server.disks.set(reading.mount, newer(server.disks.get(reading.mount), reading))
    } else server.nodes.set(reading.node, newer(server.nodes.get(reading.node), reading))
  }
  const slotCount = Math.ceil((window.endMs - window.startMs) / SLOT_MS)
  const servers = [...gathered]
    .sort(([a], [b]) => byText(a, b))
    .map(([name, server]) => serverFigures(name, server, window, slotCount))
  return { slotMs: SLOT_MS, slotCount, servers }
}

function serverFigures(
  name: string,
  server: Gathered,
  window: Window,
  slotCount: number,
): ServerFigures {
  const cpu = cpuFigures(server.cpu, window, slotCount)
  const memory = memoryFigures(server.mem, window, slotCount)
  return {
    name,
    ip: server.newest?.ip ?? '',
    ...(server.os && { os: { name: server.os.name, kernel: server.os.kernel } }),
    ...(server.uptime && { uptimeSeconds: server.uptime.uptimeSeconds }),
    nodes: [...server.nodes.values()]
      .map((reading) => ({ name: reading.node, state: reading.state }))
      .sort((a, b) => byText(a.name, b.name)),
    ...(cpu && { cpu }),
    ...(memory && { memory }),
    disks: [...server.disks.values()]
      .map(({ mount, used, total }) => ({
        mount,
        usedBytes: used,
        totalBytes: total,
        percent: percentOf(used, total),
      }))
      .sort((a, b) => byText(a.mount, b.mount)),
  }
}

function cpuFigures(
  samples: Of<'cpu'>[],
  window: Window,
  slotCount: number,
): CpuFigures | undefined {
  const sums = Array.from({ length: slotCount }, () => ({ user: 0, system: 0, io: 0, count: 0 }))
  const busy: number[] = []
  let newest: Of<'cpu'> | undefined
  for (const sample of samples) {
    const slot = sums[slotOf(sample, window)]
    if (!slot) continue
    slot.user += percent(sample.user)
    slot.system += percent(sample.system)
    slot.io += percent(sample.io)
    slot.count += 1
    busy.push(percent(100 - sample.idle))
    if (!newest || sample.recorded.ms >= newest.recorded.ms) newest = sample
  }
  if (!newest) return undefined
  busy.sort((a, b) => a - b)
  return {
    slots: sums.map(({ user, system, io, count }) =>
      count === 0
        ? null
        : { user: tenth(user / count), system: tenth(system / count), io: tenth(io / count) },
    ),
    averagePercent: tenth(busy.reduce((sum, value) => sum + value, 0) / busy.length),
    // The nearest-rank percentile: a value that was really measured.
    p95Percent: tenth(busy[Math.ceil(busy.length * 0.95) - 1] ?? 0),
    peakPercent: tenth(busy.at(-1) ?? 0),
    newestPercent: tenth(percent(100 - newest.idle)),
  }
}

function memoryFigures(
  samples: Of<'mem'>[],
  window: Window,
  slotCount: number,
): MemoryFigures | undefined {
  const sums = Array.from({ length: slotCount }, () => ({ used: 0, count: 0 }))
  let newest: Of<'mem'> | undefined
  for (const sample of samples) {
    if (!newest || clamped(sample, window) >= clamped(newest, window)) newest = sample
    const slot = sums[slotOf(sample, window)]
    if (!slot || sample.total <= 0) continue
    slot.used += percentOf(sample.used, sample.total)
    slot.count += 1
  }
  if (!newest) return undefined
  return {
    slots: sums.map(({ used, count }) => (count === 0 ? null : tenth(used / count))),
    newestPercent: percentOf(newest.used, newest.total),
    usedBytes: newest.used,
    totalBytes: newest.total,
  }
}

/** Index of the slot that a sample falls in; outside the window no slot has that index. */
function slotOf(sample: SystemReading, window: Window): number {
  const ms = sample.recorded.ms
  return ms < window.endMs ? Math.floor((ms - window.startMs) / SLOT_MS) : -1
}

function clamped(reading: SystemReading, window: Window): number {
  return Math.min(reading.recorded.ms, window.endMs)
}

/** A share in percent; of nothing it is 0, because a page must never show NaN. */
function percentOf(used: number, total: number): number {
  return total > 0 ? tenth(percent((used / total) * 100)) : 0
}

function percent(value: number): number {
  return Number.isFinite(value) ? Math.min(100, Math.max(0, value)) : 0
}

/** To one decimal: more is noise, and makes days and pages larger. */
function tenth(value: number): number {
  return Math.round(value * 10) / 10
}

/** By code units, so that the order is the same on every machine. */
function byText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
