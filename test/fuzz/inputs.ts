import iconv from 'iconv-lite'
import { between } from '../../demo/seeded.ts'
import { MAX_LINE_BYTES } from '../../lib/parse/lines.ts'
import { FEEDS, type Feed } from '../../lib/site.ts'
import { realWeekFiles } from '../fixtures/real-week.ts'

/** Lines of one input, about. Many small inputs begin and end in more ways than few large ones. */
const MOST_LINES = 400

/** The sites whose real lines are mutated; readers of these inputs know them. */
export const FUZZ_SITE_IDS: ReadonlySet<string> = new Set(['bj01', 'gz02', 'sh03'])

const FEED_PATHS: Record<Feed, string> = {
  system: '/sys_monitor/',
  alarm: '/sys_alarm/',
  service: '/sys_service/',
}

/** Real lines of each feed, as they came, each with its newline; some also in GB18030. */
const realLines = new Map<Feed, Buffer[]>(FEEDS.map((feed) => [feed, linesOf(feed)]))

function linesOf(feed: Feed): Buffer[] {
  const files = [...realWeekFiles()].filter(([path]) => path.includes(FEED_PATHS[feed]))
  const texts = files.flatMap(([, bytes]) => bytes.toString('utf8').split(/(?<=\n)/))
  // A few thousand lines hold every kind that there is.
  const some = texts.filter((_, index) => index % Math.ceil(texts.length / 3000) === 0)
  const foreign = some
    .slice(0, 300)
    .map((line) => iconv.encode(line.replace('n', '节点'), 'gb18030'))
  return [...some.map((line) => Buffer.from(line)), ...foreign]
}

/** Bytes and texts that break parsers. */
const POISON = [
  ...['|', '||||||||||', '\n', '\r', '\r\n', '\0', '"', "'", '\\', ' ', '\t', '\u2028', '\uFEFF'],
  ...['节', '😀', '\u202E', '-1', '1e309', 'NaN', '0x1F', '1,5', '99999999999999999999', 'null'],
  ...[
    '2026-02-30 00:00:00',
    '2026-11-01 01:30:00',
    '2026-03-08 02:30:00',
    '0000-00-00 00:00:00',
    '9999-12-31 23:59:59',
    '2026-11-10T01:02:03',
  ],
  ...['cpu', 'disk', 'mem', 'node', '__proto__', 'constructor', 'toString', '<script>', '\x1b[31m'],
].map((text) => Buffer.from(text))
POISON.push(Buffer.from([0xff]), Buffer.from([0xc3, 0x28]), Buffer.from([0x81, 0x30]))
POISON.push(Buffer.from([0xed, 0xa0, 0x80]), Buffer.from([0xf0, 0x9f]), Buffer.from([0xfe, 0xff]))

const NEWLINE = Buffer.from('\n')

/** One day file of a feed as nobody would write it; `next` decides all of it. */
export function fuzzInput(feed: Feed, next: () => number): Buffer {
  const real = realLines.get(feed)!
  // Some files are nearly sound, some are nothing but noise.
  const noise = next() ** 2
  const parts: Uint8Array[] = []
  for (let count = between(next, 0, MOST_LINES); count > 0; count -= 1) {
    const line = real[between(next, 0, real.length - 1)]!
    if (next() >= noise) parts.push(line)
    else addOdd(parts, line, next)
  }
  // The last line of a growing file is often unfinished.
  if (next() < 0.5) parts.push(real[0]!.subarray(0, between(next, 0, real[0]!.length - 1)))
  return Buffer.concat(parts)
}

function addOdd(parts: Uint8Array[], line: Buffer, next: () => number): void {
  const kind = next()
  if (kind < 0.35) parts.push(mutated(line, next))
  else if (kind < 0.6) parts.push(poisoned(line, next))
  else if (kind < 0.75) parts.push(randomBytes(between(next, 0, 90), next), NEWLINE)
  else if (kind < 0.85) parts.push(randomBytes(between(next, 0, 40), next))
  else if (kind < 0.9) parts.push(POISON[between(next, 0, POISON.length - 1)]!)
  else if (kind < 0.95) parts.push(line.subarray(0, between(next, 0, line.length)), NEWLINE)
  else if (kind < 0.998) parts.push(NEWLINE, line)
  else parts.push(large(next))
}

/** Some bytes changed. */
function mutated(line: Buffer, next: () => number): Buffer {
  const copy = Buffer.from(line)
  for (let count = between(next, 1, 4); count > 0; count -= 1) {
    copy[between(next, 0, copy.length - 1)] = between(next, 0, 255)
  }
  return copy
}

/** Something put in, in place of none or some of it. */
function poisoned(line: Buffer, next: () => number): Buffer {
  const from = between(next, 0, line.length)
  const to = next() < 0.5 ? from : between(next, from, line.length)
  const poison = POISON[between(next, 0, POISON.length - 1)]!
  return Buffer.concat([line.subarray(0, from), poison, line.subarray(to)])
}

function randomBytes(length: number, next: () => number): Buffer {
  const bytes = Buffer.allocUnsafe(length)
  for (let at = 0; at < length; at += 1) bytes[at] = next() * 256
  return bytes
}

/** A run around the length that a line may have, of bytes that matter. */
function large(next: () => number): Buffer {
  const fill = [0, 0x78, 0x7c, 0x0d, 0x20, 0xe4][between(next, 0, 5)]!
  const length = between(next, 1, 2) * MAX_LINE_BYTES + between(next, -2, 2)
  return Buffer.concat([Buffer.alloc(length, fill), next() < 0.7 ? NEWLINE : Buffer.alloc(0)])
}

/** Where the bytes are cut into chunks: rising places, 12 at most. */
export function fuzzCuts(length: number, next: () => number): number[] {
  const cuts = Array.from({ length: between(next, 0, 12) }, () => between(next, 0, length))
  return cuts.sort((one, other) => one - other)
}
