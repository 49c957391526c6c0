import { atOnce } from '../at-once.ts'
import { RoundsError } from '../errors.ts'
import type { Job } from '../job.ts'
import { countOfParts, partAmong, partOfSite } from '../ledger/parquet-parts.ts'
import type { Settings, Site } from '../site.ts'
import {
  newestVersion,
  partOf,
  readPart,
  readSites,
  readVersion,
  type Version,
} from '../store/settings-versions.ts'
import type { Table } from '../store/table.ts'

/** The settings of a fleet, version by version, kept in the memory of a warm process. */
export interface Fleet {
  newest(): Promise<number>
  /** The ids of all sites of a version, in order. */
  idsOf(version: number): Promise<string[]>
  /** The settings that a job is to be done by, with the sites that it names, or all. */
  settingsOf(job: Pick<Job, 'settings' | 'sites'>): Promise<Settings>
  /**
   * The same with every site that shares a file of the archive with one of them, and the number of
   * sites of the whole fleet.
   */
  wholePartsOf(job: Pick<Job, 'settings' | 'sites'>): Promise<FleetParts>
  /** All sites of a part of the archive, by the settings that a job is to be done by. */
  sitesOfPart(job: Pick<Job, 'settings'>, part: string): Promise<Site[]>
}

/** Settings with all sites of some parts of the archive. */
export interface FleetParts {
  settings: Settings
  fleetSize: number
}

/** Parts of sites that are kept: those of the messages of one round over some thousand sites. */
const MOST_PARTS = 32

/** Parts read side by side for the ids of all sites; more would be held at the same time. */
const PARTS_AT_ONCE = 8

/** What is known of one version. Whoever works by another one has another of these. */
interface Kept {
  version: Version
  parts: Map<number, Promise<Site[]>>
  ids?: Promise<string[]>
}

/** The fleet in a table. Its sites refer to their secrets by name. */
export function fleetIn(table: Table): Fleet {
  let newestKept: Kept | undefined

  async function keptOf(number: number | undefined): Promise<Kept> {
    const wanted = number ?? (await newestVersion(table))
    if (newestKept?.version.version === wanted) return newestKept
    const version = await readVersion(table, wanted)
    const kept: Kept = { version, parts: new Map() }
    newestKept = kept
    return kept
  }

  function partAt({ version, parts }: Kept, index: number): Promise<Site[]> {
    const known = parts.get(index)
    if (known !== undefined) return known
    if (parts.size >= MOST_PARTS) parts.clear()
    const reading = readPart(table, version, index)
    parts.set(index, reading)
    reading.catch(() => {
      if (parts.get(index) === reading) parts.delete(index)
    })
    return reading
  }

  async function siteOf(kept: Kept, id: string): Promise<Site> {
    const index = partOf(kept.version, id)
    const part = index < 0 ? [] : await partAt(kept, index)
    const site = part.find((one) => one.id === id)
    if (site) return site
    throw noSite(kept.version, id)
  }

  function idsIn(kept: Kept): Promise<string[]> {
    if (kept.ids !== undefined) return kept.ids
    const reading = idsRead(table, kept.version)
    kept.ids = reading
    reading.catch(() => {
      delete kept.ids
    })
    return reading
  }

  async function settingsIn(kept: Kept, ids: readonly string[] | undefined): Promise<Settings> {
    const sites = ids
      ? await Promise.all(ids.map((id) => siteOf(kept, id)))
      : await readSites(table, kept.version)
    return { ...kept.version.common, sites }
  }

  return {
    newest: () => newestVersion(table),
    idsOf: async (number) => idsIn(await keptOf(number)),
    settingsOf: async ({ settings, sites }) => settingsIn(await keptOf(settings), sites),
    async wholePartsOf({ settings, sites }) {
      const kept = await keptOf(settings)
      const all = await idsIn(kept)
      const fleetSize = all.length
      const wanted = new Set((sites ?? all).map((id) => partOfSite(id, fleetSize)))
      const members = all.filter((id) => wanted.has(partOfSite(id, fleetSize)))
      return { settings: await settingsIn(kept, members), fleetSize }
    },
    async sitesOfPart({ settings }, part) {
      const kept = await keptOf(settings)
      const count = countOfParts(part)
      const members = (await idsIn(kept)).filter((id) => partAmong(id, count) === part)
      return (await settingsIn(kept, members)).sites
    },
  }
}

/** A hundred thousand sites do not fit into a small function at the same time; their ids do. */
async function idsRead(table: Table, version: Version): Promise<string[]> {
  const parts = await atOnce(PARTS_AT_ONCE, version.firsts, async (first) => {
    const sites = await readPart(table, version, partOf(version, first))
    return sites.map(({ id }) => id)
  })
  return parts.flat()
}

function noSite({ version }: Version, id: string): RoundsError {
  return new RoundsError(
    'unknown-site',
    'stop',
    `There is no site “${id}” in version ${version} of the settings.`,
    'siterounds --backend aws sites list names those that there are.',
  )
}
