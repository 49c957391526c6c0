import { readFile, statfs } from 'node:fs/promises'
import os from 'node:os'
import { setTimeout as pause } from 'node:timers/promises'

/** How long the processors spent on what since the start, in any unit: only shares are used. */
export interface CpuTimes {
  user: number
  system: number
  io: number
  idle: number
}

/** Memory in bytes. The three parts add up to the total. */
export interface Memory {
  used: number
  free: number
  buffer: number
  total: number
}

/** A mounted file system; sizes in bytes. */
export interface Disk {
  mount: string
  used: number
  total: number
}

/** This machine at one moment. */
export interface MachineState {
  server: string
  ip: string
  /** Percent, together 100 but for rounding. */
  cpu: CpuTimes
  memory: Memory
  disks: Disk[]
  osName: string
  kernel: string
  uptimeSeconds: number
}

/** So long the processors are watched when there is no earlier reading to compare with. */
const FIRST_INTERVAL_MS = 200

/** More file systems than this are not shown. */
const MOST_DISKS = 8

/** Local file systems that hold data. Network ones are left out: a dead server would hang us. */
const REAL_FILE_SYSTEMS = new Set(
  'ext2 ext3 ext4 xfs btrfs zfs f2fs overlay apfs hfs ntfs ntfs3 exfat vfat fuseblk'.split(' '),
)

/** The processors' times at the last call. A machine has one set of them, a process one memory. */
let lastTimes: CpuTimes | undefined

/**
 * Reads this machine as it is now; CPU shares are of the time since the last call, or of 200 ms
 * at the first. What the system does not tell is left out or 0, never an error.
 */
export async function readMachine(): Promise<MachineState> {
  return {
    server: cleaned(os.hostname()) || 'this-machine',
    ip: firstAddress(),
    cpu: await readCpuPercent(),
    memory: await readMemory(),
    disks: await readDisks(),
    osName: cleaned(osNameOf(await textOf('/etc/os-release')) ?? os.version()),
    kernel: cleaned(os.release()),
    uptimeSeconds: Math.floor(os.uptime()),
  }
}

/** The first line of `/proc/stat`, understood; nothing if it is not there. */
export function cpuTimesOf(procStat: string): CpuTimes | undefined {
  const fields = /^cpu +(.*)$/m.exec(procStat)?.[1]?.split(' ').map(Number)
  if (!fields || fields.length < 4 || fields.some(Number.isNaN)) return undefined
  const [user = 0, nice = 0, system = 0, idle = 0, io = 0, irq = 0, softIrq = 0, steal = 0] = fields
  return { user: user + nice, system: system + irq + softIrq + steal, io, idle }
}

/** Shares of what passed between two readings, in percent; nothing when no time passed. */
export function cpuPercentOf(before: CpuTimes, after: CpuTimes): CpuTimes | undefined {
  // iowait may fall a little between two readings: a share is never negative.
  const passed = (key: keyof CpuTimes) => Math.max(0, after[key] - before[key])
  const total = passed('user') + passed('system') + passed('io') + passed('idle')
  if (total <= 0) return undefined
  const share = (key: keyof CpuTimes) => (passed(key) / total) * 100
  return { user: share('user'), system: share('system'), io: share('io'), idle: share('idle') }
}

/**
 * `/proc/meminfo`, understood; nothing if it is not there. Used is what programs could not get
 * (total without available); of the rest, buffers and page cache are `buffer`.
 */
export function memoryOf(procMeminfo: string): Memory | undefined {
  const bytesOf = (name: string) => {
    const kib = new RegExp(`^${name}: +(\\d+) kB`, 'm').exec(procMeminfo)?.[1]
    return kib === undefined ? undefined : Number(kib) * 1024
  }
  const total = bytesOf('MemTotal')
  const available = bytesOf('MemAvailable') ?? bytesOf('MemFree')
  if (total === undefined || available === undefined || available > total) return undefined
  const cache = (bytesOf('Buffers') ?? 0) + (bytesOf('Cached') ?? 0)
  const buffer = Math.min(cache, available)
  return { used: total - available, free: available - buffer, buffer, total }
}

/**
 * Mount points of the real file systems in `/proc/mounts`, one a device: of several (containers
 * bind single files, images stack) the shortest path is the one that people know.
 */
export function realMounts(procMounts: string): string[] {
  const byDevice = new Map<string, string>()
  for (const line of procMounts.split('\n')) {
    const [device = '', escaped = '', type = ''] = line.split(' ')
    if (!REAL_FILE_SYSTEMS.has(type)) continue
    const mount = escaped.replace(/\\([0-7]{3})/g, (_, octal) =>
      String.fromCharCode(Number.parseInt(octal, 8)),
    )
    const known = byDevice.get(device)
    if (known === undefined || mount.length < known.length) byDevice.set(device, mount)
  }
  return [...byDevice.values()].slice(0, MOST_DISKS)
}

/** `PRETTY_NAME` of `/etc/os-release`, if it has one. */
export function osNameOf(osRelease: string): string | undefined {
  return /^PRETTY_NAME="?([^"\n]+)"?$/m.exec(osRelease)?.[1]
}

/** A text that can stand in a field: no `|`, no control characters, no blanks at its ends. */
export function cleaned(text: string): string {
  return text.replace(/[|\p{Cc}]/gu, ' ').trim()
}

async function readCpuPercent(): Promise<CpuTimes> {
  const before = lastTimes
  lastTimes = await readCpuTimes()
  const since = before && cpuPercentOf(before, lastTimes)
  if (since) return since
  const first = lastTimes
  await pause(FIRST_INTERVAL_MS)
  lastTimes = await readCpuTimes()
  return cpuPercentOf(first, lastTimes) ?? { user: 0, system: 0, io: 0, idle: 100 }
}

async function readCpuTimes(): Promise<CpuTimes> {
  const times = cpuTimesOf(await textOf('/proc/stat'))
  if (times) return times
  const sum = { user: 0, system: 0, io: 0, idle: 0 }
  for (const { times: one } of os.cpus()) {
    sum.user += one.user + one.nice
    sum.system += one.sys + one.irq
    sum.idle += one.idle
  }
  return sum
}

async function readMemory(): Promise<Memory> {
  const memory = memoryOf(await textOf('/proc/meminfo'))
  if (memory) return memory
  const total = os.totalmem()
  const free = os.freemem()
  return { used: total - free, free, buffer: 0, total }
}

async function readDisks(): Promise<Disk[]> {
  const mounts = realMounts(await textOf('/proc/mounts'))
  const disks: Disk[] = []
  for (const mount of mounts.length > 0 ? mounts : ['/']) {
    const found = await statfs(mount).catch(() => undefined)
    if (!found || found.blocks === 0) continue
    const total = found.blocks * found.bsize
    disks.push({ mount: cleaned(mount), used: total - found.bfree * found.bsize, total })
  }
  return disks
}

function firstAddress(): string {
  const addresses = Object.values(os.networkInterfaces()).flatMap((list) => list ?? [])
  return addresses.find((one) => one.family === 'IPv4' && !one.internal)?.address ?? '127.0.0.1'
}

/** A file of the system as text; empty where there is none, as on other systems than Linux. */
async function textOf(path: string): Promise<string> {
  return readFile(path, 'utf8').catch(() => '')
}
