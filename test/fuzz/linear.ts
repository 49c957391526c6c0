import { seeded } from '../../demo/seeded.ts'
import { MAX_LINE_BYTES } from '../../lib/parse/lines.ts'
import { readLines } from '../../lib/parse/readings.ts'
import { FEEDS } from '../../lib/site.ts'
import { Zone } from '../../lib/time.ts'
import { FUZZ_SITE_IDS, fuzzInput } from './inputs.ts'

/** How often each size is measured: the least of them is what the work needs, the rest is noise. */
const TIMES = 5

/** Bytes of the smaller input, about; fewer where a few bytes are a line already. */
const BYTES = 1_000_000
const BYTES_OF_SHORT_LINES = 20_000

const zone = new Zone('Asia/Shanghai')

/** How much longer twice the input takes, for each kind of input: 2 is linear, 4 is quadratic. */
export function linearity(): { what: string; ratio: number }[] {
  const near = MAX_LINE_BYTES - 200
  const long = (fill: string) => Buffer.from(`${fill.repeat(near / fill.length)}\n`)
  const kinds: [string, Uint8Array][] = [
    ...FEEDS.map((feed): [string, Uint8Array] => [`${feed} lines`, many(feed)]),
    ...['|', '"', '\r', '1', ' ', '\0', '节'].map((fill): [string, Uint8Array] => {
      return [`64 KiB of ${JSON.stringify(fill)} a line`, long(fill)]
    }),
    ['empty lines', Buffer.from('\n\r\n')],
  ]
  return kinds.map(([what, unit]) => {
    const bytes = unit.length < 10 ? BYTES_OF_SHORT_LINES : BYTES
    const one = times(unit, Math.ceil(bytes / unit.length))
    const two = times(one, 2)
    return { what, ratio: least(two) / least(one) }
  })
}

function many(feed: (typeof FEEDS)[number]): Buffer {
  const next = seeded('linear')
  return Buffer.concat(Array.from({ length: 20 }, () => fuzzInput(feed, next)))
}

function times(unit: Uint8Array, count: number): Buffer {
  return Buffer.concat(Array.from({ length: count }, () => unit))
}

function least(bytes: Buffer): number {
  let least = Number.POSITIVE_INFINITY
  for (let time = 0; time < TIMES; time += 1) {
    const beganMs = performance.now()
    for (const feed of FEEDS) {
      const reader = { zone, siteIds: FUZZ_SITE_IDS, units: 'bytes' as const }
      readLines(feed, bytes, false, { ...reader, charset: undefined, previousMs: undefined })
    }
    least = Math.min(least, performance.now() - beganMs)
  }
  return least
}
