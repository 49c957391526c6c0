import { HOUR_MS, MINUTE_MS } from '../lib/time.ts'

/** The day that every bench is about, in Asia/Shanghai, which has no summer time. */
export const BENCH_DAY = '2026-11-10'

/** Its first instant. */
export const MIDNIGHT_MS = Date.parse('2026-11-10T00:00:00+08:00')

/** The pitch of usual samples. */
export const SAMPLE_MS = 5 * MINUTE_MS

/** A server's operating system, uptime and nodes come with every twelfth sample. */
const SAMPLES_A_RARE_LINE = 12

/** A server's name and address are as long as real ones. */
function serverHead(site: string, server: number): string {
  return `${site}-app${String(server).padStart(2, '0')}|10.31.1.${11 + (server % 200)}|${site}|`
}

/** An instant as a site of the bench writes it. */
function stampOf(ms: number): string {
  return new Date(ms + 8 * HOUR_MS).toISOString().slice(0, 19).replace('T', ' ')
}

/** A number from 0 to `most` that looks like chance and is the same in every run. */
function scattered(seed: number, most: number): number {
  const mixed = Math.imul(seed ^ (seed >>> 15), 0x2c1b3c6d)
  return ((mixed ^ (mixed >>> 12)) >>> 0) % (most + 1)
}

/** A number that tells one site from another: no two sites draw the same curves. */
function siteSeed(site: string): number {
  let seed = 0
  for (const character of site) seed = Math.imul(seed, 31) + character.charCodeAt(0)
  return Math.imul(seed, 7_368_787)
}

/**
 * One sample of each of a site's servers: three lines a server (CPU, memory, disk), and now and
 * then those that come rarely. The disk's mount is not ASCII, so that the charset matters.
 */
export function systemSample(site: string, servers: number, sample: number, atMs: number): string {
  const stamp = stampOf(atMs)
  const ofSite = siteSeed(site)
  let text = ''
  for (let server = 1; server <= servers; server += 1) {
    const head = serverHead(site, server)
    const seed = (ofSite + sample * 7919 + server * 104_729) | 0
    const user = 100 + scattered(seed, 400)
    const system = 50 + scattered(seed + 1, 200)
    const waiting = scattered(seed + 2, 60)
    const idle = (1000 - user - system - waiting) / 10
    const used = 12_000_000_000 + scattered(seed + 3, 4_000_000) * 1000
    const free = 34_359_738_368 - used - 2_147_483_648
    text += `${head}cpu|${user / 10}|${system / 10}|${waiting / 10}|${idle}|${stamp}\n`
    text += `${head}mem|${used}|${free}|2147483648|34359738368|${stamp}\n`
    text += `${head}disk|/数据|${400_000_000_000 + sample * 100_000}|536870912000|${stamp}\n`
    if (sample % SAMPLES_A_RARE_LINE === 0) {
      text += `${head}os|CentOS Linux 7.9.2009|3.10.0-1160.el7.x86_64|${stamp}\n`
      text += `${head}uptime|${8_640_000 + sample * 300}|${stamp}\n`
      text += `${head}node|call-gateway|running|${stamp}\n`
    }
  }
  return text
}

/** About `sizeBytes` of system lines between midnight and noon, however many samples that takes. */
export function systemBulk(site: string, servers: number, sizeBytes: number): Buffer[] {
  const sampleBytes = Buffer.byteLength(systemSample(site, servers, 1, MIDNIGHT_MS))
  const samples = Math.ceil(sizeBytes / sampleBytes)
  const chunks: Buffer[] = []
  let text = ''
  for (let sample = 0; sample < samples; sample += 1) {
    text += systemSample(site, servers, sample, MIDNIGHT_MS + (sample / samples) * 12 * HOUR_MS)
    if (text.length > 2 ** 20 || sample === samples - 1) {
      chunks.push(Buffer.from(text))
      text = ''
    }
  }
  return chunks
}

/** The alarm lines of a site numbered `from` up to `to`: three of four come and go in a minute. */
export function alarmLines(site: string, from: number, to: number, atMs: number): string {
  let text = ''
  for (let index = from; index < to; index += 1) {
    const recovers = index % 4 !== 0
    const raised = stampOf(atMs - 60_000 + scattered(index, 30) * 1000)
    const recovered = recovers ? stampOf(atMs - 1000) : ''
    const node = `DC-NE${String(index % 24).padStart(2, '0')}-${index}`
    const fields = [`${node} 与 AAA 服务器之间的链路中断`, raised, recovered, stampOf(atMs)]
    text += `${site}|LINK_DOWN|${node}|${fields.join('|')}\n`
  }
  return text
}

/** A service line; `index` tells one line of a site from another. */
export function serviceLine(site: string, index: number, atMs: number): string {
  const seed = siteSeed(site) + index
  const usual = [1200, 400, 1_200_000, 900_000, 730_000, 24_000, 30_000]
  const counts = usual.map((count, at) => count + scattered(seed + at, count / 10))
  return `${site}|${counts.join('|')}|${stampOf(atMs)}\n`
}
