import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import iconv from 'iconv-lite'
import { wholeLength } from '../lib/parse/lines.ts'
import { readLines } from '../lib/parse/readings.ts'
import { FEEDS, type Feed } from '../lib/site.ts'
import { HOUR_MS, Zone } from '../lib/time.ts'
import { alarmLines, MIDNIGHT_MS, serviceLine, systemBulk } from './lines.ts'
import { byTurns, type Line, peakMiB } from './measure.ts'
import type { Step, World } from './world.ts'

const MIB = 2 ** 20

/** The least that mixed system lines are parsed with, in MB/s. */
const TARGET_MB_A_SECOND = 25

/** Lines are parsed in runs of this size, as the ledger does. */
const RUN_BYTES = MIB

/** Bytes to typed readings, against nothing but splitting the same bytes at their newlines. */
export const STEPS: Record<string, Step> = {
  prepare,
  system: (world) => parse(world, 'system', 'utf-8'),
  systemGb: (world) => parse(world, 'system', 'gb18030'),
  alarm: (world) => parse(world, 'alarm', 'utf-8'),
  alarmGb: (world) => parse(world, 'alarm', 'gb18030'),
  service: (world) => parse(world, 'service', 'utf-8'),
  serviceGb: (world) => parse(world, 'service', 'gb18030'),
}

const FILES = FEEDS.flatMap((feed) =>
  (['utf-8', 'gb18030'] as const).map((charset) => ({ feed, charset })),
)

function fileOf({ folder }: World, feed: Feed, charset: string): string {
  return join(folder, `${feed}.${charset}`)
}

/** Lines are made in a process of their own: making them takes more memory than reading them. */
async function prepare(world: World): Promise<Line[]> {
  for (const { feed, charset } of FILES) {
    const lines = linesOf(feed, (world.quick ? 1 : 16) * MIB, charset)
    writeFileSync(fileOf(world, feed, charset), lines)
  }
  return []
}

async function parse(world: World, feed: Feed, charset: 'utf-8' | 'gb18030'): Promise<Line[]> {
  const { quick } = world
  const runs = runsOf(readFileSync(fileOf(world, feed, charset)))
  const sizeBytes = runs.reduce((sum, run) => sum + run.length, 0)
  const read = () => {
    const zone = new Zone('Asia/Shanghai')
    const siteIds = new Set(['east'])
    const reader = { zone, siteIds, units: 'bytes' as const, charset: undefined, previousMs: 0 }
    let readings = 0
    for (const run of runs) {
      const parsed = readLines(feed, run, false, reader)
      readings += parsed.readings.length
      if (parsed.readings.length !== parsed.lines) throw new Error(`${feed}: not all understood`)
    }
    return readings
  }
  const split = () => {
    let lines = 0
    for (const run of runs) lines += run.toString('latin1').split('\n').length
    return lines
  }
  const { seconds, ratio } = await byTurns(quick ? 1 : 5, read, split)
  const rate = sizeBytes / 1e6 / seconds
  const hasTarget = feed === 'system' && charset === 'utf-8' && !quick
  return [
    {
      name: `parse ${feed} ${charset}`,
      rate,
      unit: 'MB/s',
      ratio,
      of: 'a bare line split',
      peakMiB: peakMiB(),
      note: `${Math.round(read() / seconds / 1000)} k lines/s`,
      ...(hasTarget && {
        target: {
          text: `>= ${TARGET_MB_A_SECOND} MB/s`,
          met: rate >= TARGET_MB_A_SECOND,
        },
      }),
    },
  ]
}

function linesOf(feed: Feed, sizeBytes: number, charset: 'utf-8' | 'gb18030'): Buffer {
  const utf8 = Buffer.concat(
    feed === 'system' ? systemBulk('east', 3, sizeBytes) : repeated(feed, sizeBytes),
  )
  return charset === 'gb18030' ? iconv.encode(utf8.toString(), 'gb18030') : utf8
}

function repeated(feed: 'alarm' | 'service', sizeBytes: number): Buffer[] {
  const noonMs = MIDNIGHT_MS + 12 * HOUR_MS
  const chunks: Buffer[] = []
  for (let bytes = 0, index = 0; bytes < sizeBytes; index += 1) {
    const atMs = MIDNIGHT_MS + ((index * 1000) % (noonMs - MIDNIGHT_MS))
    const text =
      feed === 'alarm'
        ? alarmLines('east', index, index + 1, atMs)
        : serviceLine('east', index, atMs)
    chunks.push(Buffer.from(text))
    bytes += chunks.at(-1)!.length
  }
  return chunks
}

function runsOf(bytes: Buffer): Buffer[] {
  const runs: Buffer[] = []
  for (let from = 0; from < bytes.length; ) {
    const most = bytes.subarray(from, from + RUN_BYTES)
    const run = most.subarray(0, wholeLength(most, false))
    runs.push(run)
    from += run.length
  }
  return runs
}
