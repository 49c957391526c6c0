import { appendFileSync, statSync } from 'node:fs'
import { collect } from '../lib/pipeline.ts'
import { HOUR_MS, SECOND_MS } from '../lib/time.ts'
import { MIDNIGHT_MS, systemBulk, systemSample } from './lines.ts'
import { type Line, median, peakMiB, secondsOf } from './measure.ts'
import {
  benchSettings,
  dayFile,
  justRead,
  openRounds,
  type SourceKind,
  type Step,
  type World,
  writeDayFile,
} from './world.ts'

const MB = 1e6

const SITE = 'east'

/** How much a file grows between two rounds. */
const GROWTH_BYTES = 10_000

/** A resumed round must be so much faster than a full one. */
const TARGET_TIMES = 50

/**
 * A round over a large file that grew a little: it must cost what is new, not what is there.
 * Beside it the first round over the whole file, and reading just what is new.
 */
export const STEPS: Record<string, Step> = {
  prepare: async (world) => {
    writeDayFile(world, SITE, 'system', systemBulk(SITE, 40, sizeOf(world)))
    return []
  },
  directory: (world) => resume(world, 'directory'),
  http: (world) => resume(world, 'http'),
}

function sizeOf({ quick }: World): number {
  return quick ? 2 * MB : 100 * MB
}

async function resume(world: World, kind: SourceKind): Promise<Line[]> {
  const file = dayFile(world, SITE, 'system')
  let size = statSync(file).size
  const settings = benchSettings(world, kind, [SITE], kind)
  let nowMs = MIDNIGHT_MS + 12 * HOUR_MS
  const rounds = openRounds(settings, { now: () => nowMs })
  const round = async () => {
    const { totals, failures } = await collect(rounds, { via: 'round', paced: true })
    if (failures.length > 0) throw failures[0]!.error
    return totals
  }
  const fullSeconds = await secondsOf(round)
  const readSeconds = await secondsOf(() => justRead(settings, 'system', 0))
  const resumed: number[] = []
  const newOnly: number[] = []
  for (let turn = 0; turn < (world.quick ? 3 : 15); turn += 1) {
    nowMs += 300 * SECOND_MS
    const grown = grownBy(nowMs)
    appendFileSync(file, grown)
    newOnly.push(await secondsOf(() => justRead(settings, 'system', size)))
    resumed.push(await secondsOf(round))
    size += grown.length
  }
  await rounds.close()
  const seconds = median(resumed)
  const times = fullSeconds / seconds
  const megabytes = `${Math.round(sizeOf(world) / MB)} MB`
  const line = { name: `resume ${kind}`, peakMiB: peakMiB(), rate: seconds * 1000, unit: 'ms' }
  return [
    {
      ...line,
      ratio: times,
      of: `faster than the first round of ${megabytes}`,
      note: `first round ${fullSeconds.toFixed(1)} s`,
      ...(!world.quick && {
        target: { text: `>= ${TARGET_TIMES} x faster`, met: times >= TARGET_TIMES },
      }),
    },
    { ...line, ratio: seconds / median(newOnly), of: 'reading the new 10 KB alone' },
    { ...line, ratio: seconds / readSeconds, of: `reading ${megabytes} and dropping them` },
  ]
}

/** Whole samples, about as many bytes as a round finds new. */
function grownBy(atMs: number): Buffer {
  let text = ''
  for (let sample = 1; text.length < GROWTH_BYTES; sample += 1) {
    text += systemSample(SITE, 3, sample, atMs - 1000)
  }
  return Buffer.from(text)
}
