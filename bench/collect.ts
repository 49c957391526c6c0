import { collect } from '../lib/pipeline.ts'
import { HOUR_MS } from '../lib/time.ts'
import { MIDNIGHT_MS, systemBulk } from './lines.ts'
import { byTurns, type Line, peakMiB } from './measure.ts'
import {
  benchSettings,
  justRead,
  openRounds,
  type SourceKind,
  type Step,
  type World,
  writeDayFile,
} from './world.ts'

const MIB = 2 ** 20

const SITE = 'east'

/** A system file into a new state on disk, by way of the whole pipeline, against reading it. */
export const STEPS: Record<string, Step> = {
  prepare: async (world) => {
    writeDayFile(world, SITE, 'system', systemBulk(SITE, 40, (world.quick ? 1 : 24) * MIB))
    return []
  },
  directory: (world) => collectFile(world, 'directory'),
  http: (world) => collectFile(world, 'http'),
}

async function collectFile(world: World, kind: SourceKind): Promise<Line[]> {
  let turn = 0
  let lines = 0
  let bytes = 0
  const { seconds, ratio } = await byTurns(
    world.quick ? 1 : 3,
    async () => {
      turn += 1
      const settings = benchSettings(world, `${kind}-${turn}`, [SITE], kind)
      const rounds = openRounds(settings, { now: () => MIDNIGHT_MS + 12 * HOUR_MS })
      const { totals, failures } = await collect(rounds, { via: 'round' })
      await rounds.close()
      if (failures.length > 0) throw failures[0]!.error
      lines = totals.lines
      bytes = totals.bytes
    },
    () => justRead(benchSettings(world, 'read', [SITE], kind), 'system', 0),
  )
  return [
    {
      name: `collect ${kind}`,
      rate: lines / seconds,
      unit: 'rows/s',
      ratio,
      of: 'reading the bytes',
      peakMiB: peakMiB(),
      note: `${(bytes / 1e6 / seconds).toFixed(1)} MB/s into SQLite on disk`,
    },
  ]
}
