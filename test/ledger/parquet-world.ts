import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bringUpDay, type PlacedSite } from '../../lib/ledger/days.ts'
import type { LedgerStore } from '../../lib/ledger/ledger.ts'
import { pull } from '../../lib/ledger/pull.ts'
import { systemChance } from '../../lib/random.ts'
import type { Feed, Site } from '../../lib/site.ts'
import { directoryObjects } from '../../lib/store/directory.ts'
import { memoryTable } from '../../lib/store/memory.ts'
import { Zone } from '../../lib/time.ts'
import { type Duck, openDuck } from '../fixtures/duck.ts'
import { portal, SITE, sourceOf } from './portal.ts'

/** The one day of these worlds. */
export const DAY = '2026-11-10'

/** A site of these worlds, with its zone. */
export function siteOf(id: string, more: Partial<Site> = {}): PlacedSite {
  const site = { ...SITE, id, siteIds: [id], ...more }
  return { site, zone: new Zone(site.timeZone) }
}

/** So many of them: `s0`, `s1` and so on. */
export const sitesOf = (count: number) => Array.from({ length: count }, (_, at) => siteOf(`s${at}`))

/** Lines of an alarm file: one for each letter. */
export function alarms(site: string, names: string): string {
  const line = (name: string) => `${site}|${name}|n|d|${DAY} 01:00:00||${DAY} 01:00:00\n`
  return [...names].map(line).join('')
}

/** One store after another on disk, looked at by one DuckDB. */
export interface ParquetWorlds {
  readonly duck: Duck
  /** Where the files of the present world lie. */
  readonly folder: string
  begin(): Promise<void>
  end(): Promise<void>
  close(): void
  /** A store, what sites write into it, and what an analyst finds in it. */
  world(): {
    store: LedgerStore
    read(placed: PlacedSite, feed: Feed, text: string): Promise<void>
    /** The alarms that lie in the files, by site. */
    found(): Promise<Record<string, string>>
  }
}

/** Opens DuckDB; `begin` and `end` stand around each world. */
export async function parquetWorlds(): Promise<ParquetWorlds> {
  const duck = await openDuck('.')
  let folder = ''
  return {
    duck,
    get folder() {
      return folder
    },
    async begin() {
      folder = await mkdtemp(join(tmpdir(), 'parquet-parts-'))
    },
    end: () => rm(folder, { recursive: true, force: true }),
    close: () => duck.close(),
    world() {
      const table = memoryTable()
      const archive = directoryObjects(folder, systemChance)
      const store: LedgerStore = { table, archive, keepDays: 35 }
      let nowMs = Date.parse(`${DAY}T20:00:00Z`)
      return {
        store,
        async read(placed, feed, text) {
          nowMs += 60_000
          const source = sourceOf({ ...portal(), content: Buffer.from(text) })
          const file = { site: placed.site.id, feed, day: DAY }
          const ports = { store, source, clock: { now: () => nowMs } }
          const { place } = await pull(ports, file, 'path', 'round')
          await bringUpDay(store, placed, DAY, new Map([[feed, place.sequence]]))
        },
        async found() {
          const rows = await duck.rows(
            `SELECT site, string_agg(name, '' ORDER BY "row") AS names
             FROM read_parquet('${folder}/parquet/feed=alarm/*/*.parquet', hive_partitioning = true)
             WHERE day = '${DAY}' GROUP BY site`,
          )
          return Object.fromEntries(rows.map(({ site, names }) => [site, names]))
        },
      }
    },
  }
}
