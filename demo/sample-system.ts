import type { ByteUnit, Day } from '../lib/site.ts'
import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS, weekday } from '../lib/time.ts'
import { dayInCycle, dayNumber, type SampleServer, type SampleSite } from './sample-sites.ts'
import { seeded, wobble } from './seeded.ts'

/** A line of a day file, without its line end, and the moment at which the site writes it. */
export interface SampleLine {
  atMs: number
  text: string
}

/** Every server is sampled so often. */
const SAMPLE_EVERY_MS = 5 * MINUTE_MS

/** Servers do not sample at the same second: each starts so long after the one before it. */
const SERVER_OFFSET_MS = 100 * SECOND_MS

/** Disks and uptime come with every twelfth sample (hourly), nodes with every third. */
const SAMPLES_A_DISK = 12
const SAMPLES_A_NODE = 3

/** A server is restarted at 03:20 every so many days, so that uptimes differ and fall. */
const RESTART_EVERY_DAYS = 37
const RESTART_MS = 3 * HOUR_MS + 20 * MINUTE_MS

const UNIT_BYTES: Readonly<Record<ByteUnit, number>> = { bytes: 1, KiB: 1024, MiB: 1024 ** 2 }

/** The system feed of a whole day, in the order of time. The same site and day: the same lines. */
export function systemLines(site: SampleSite, day: Day): SampleLine[] {
  const lines = site.servers.flatMap((server, index) => serverLines(site, server, index, day))
  return lines.sort((one, other) => one.atMs - other.atMs)
}

function serverLines(
  site: SampleSite,
  server: SampleServer,
  index: number,
  day: Day,
): SampleLine[] {
  const next = seeded(`system|${site.id}|${server.name}|${day}`)
  const startMs = site.zone.startOf(day)
  const endMs = site.zone.endOf(day)
  const lines: SampleLine[] = []
  let drift = 0
  for (let sample = 0; ; sample++) {
    const atMs = startMs + index * SERVER_OFFSET_MS + sample * SAMPLE_EVERY_MS
    if (atMs >= endMs) return lines
    drift = 0.8 * drift + 1.6 * wobble(next)
    const loadPercent = loadOf(server, day, (atMs - startMs) / HOUR_MS, drift)
    const texts = [cpuText(loadPercent), memoryText(server, site.units, loadPercent, drift)]
    if (sample === 0) texts.unshift(`os|${server.osName}|${server.kernel}`)
    if (sample % SAMPLES_A_DISK === 0) {
      texts.push(`uptime|${uptimeSeconds(server, day, atMs - startMs)}`)
      texts.push(...server.disks.map((_, at) => diskText(site, server, at, day, atMs - startMs)))
    }
    if (sample % SAMPLES_A_NODE === 0) {
      texts.push(...server.nodes.map((node) => `node|${node}|${nodeState(loadPercent, next)}`))
    }
    if (isSilent(server, day, atMs - startMs)) continue
    const recorded = site.zone.textOf(atMs)
    for (const text of texts) {
      lines.push({ atMs, text: `${server.name}|${server.ip}|${site.id}|${text}|${recorded}` })
    }
  }
}

/** Rest at night, one swell in the morning and a broader one in the evening, less at weekends. */
function loadOf(server: SampleServer, day: Day, hour: number, drift: number): number {
  if (server.hotOn?.(day)) return clamp(94 + drift, 88, 99.5)
  const swell = (peakHour: number, widthHours: number) =>
    Math.exp(-(((hour - peakHour) / widthHours) ** 2))
  const rhythm = 0.85 * swell(10.5, 2.8) + swell(19.5, 4)
  const week = weekday(day) >= 6 ? 0.65 : 1
  return clamp(server.restPercent + server.busyPercent * rhythm * week + drift, 0.8, 97)
}

/** Hundredths are shared out as whole numbers, so that the four add up to exactly 100. */
function cpuText(loadPercent: number): string {
  const user = Math.round(loadPercent * 68)
  const system = Math.round(loadPercent * 23)
  const io = Math.round(loadPercent * 9)
  const idle = 10_000 - user - system - io
  return `cpu|${[user, system, io, idle].map((hundredths) => hundredths / 100).join('|')}`
}

function memoryText(
  server: SampleServer,
  units: ByteUnit,
  loadPercent: number,
  drift: number,
): string {
  const total = Math.floor(server.memoryBytes / UNIT_BYTES[units])
  const used = Math.floor(total * clamp(0.38 + loadPercent / 250 + drift / 400, 0.1, 0.86))
  const buffer = Math.floor(total * 0.12)
  return `mem|${used}|${total - used - buffer}|${buffer}|${total}`
}

function diskText(
  site: SampleSite,
  server: SampleServer,
  at: number,
  day: Day,
  sinceMidnightMs: number,
): string {
  const disk = server.disks[at]!
  // The same cycle for everybody would clear all disks on one day: the name shifts it.
  const shift = Math.floor(seeded(`${server.name}|${disk.mount}`)() * disk.cycleDays)
  const days = (dayInCycle(day, disk.cycleDays) + shift) % disk.cycleDays
  const share = (days + sinceMidnightMs / DAY_MS) / disk.cycleDays
  const percent = disk.fromPercent + (disk.toPercent - disk.fromPercent) * share
  const unit = UNIT_BYTES[site.units]
  const total = Math.floor(disk.totalBytes / unit)
  return `disk|${disk.mount}|${Math.floor((total * percent) / 100)}|${total}`
}

function uptimeSeconds(server: SampleServer, day: Day, sinceMidnightMs: number): number {
  const shift = Math.floor(seeded(server.name)() * RESTART_EVERY_DAYS)
  const sinceFirstMs = (dayNumber(day) + shift) * DAY_MS + sinceMidnightMs - RESTART_MS
  const cycleMs = RESTART_EVERY_DAYS * DAY_MS
  return Math.floor((((sinceFirstMs % cycleMs) + cycleMs) % cycleMs) / SECOND_MS)
}

/** A node on a hot server now and then does not answer. */
function nodeState(loadPercent: number, next: () => number): string {
  return loadPercent > 90 && next() < 0.05 ? 'stopped' : 'running'
}

function isSilent(server: SampleServer, day: Day, sinceMidnightMs: number): boolean {
  if (!server.silentOn?.(day)) return false
  return sinceMidnightMs >= 13 * HOUR_MS && sinceMidnightMs < 15.5 * HOUR_MS
}

function clamp(value: number, least: number, most: number): number {
  return Math.min(most, Math.max(least, value))
}
