import { RoundsError } from '../errors.ts'
import type { Job } from '../job.ts'
import { partOfSite } from '../ledger/parquet-parts.ts'
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
}

/** Settings with all sites of some parts of the archive. */
export interface FleetParts {
  settings: Settings
  fleetSize: number
}

/** Parts of sites that are kept: those of the messages of one round over some thousand sites. */
const MOST_PARTS = 32

/** The fleet in a table. Its sites refer to their secrets by name. */
export function fleetIn(table: Table): Fleet {
  let version: Version | undefined
  let ids: string[] | undefined
  const parts = new Map<number, Promise<Site[]>>()

  async function versionOf(number: number | undefined): Promise<Version> {
    const wanted = number ?? (await newestVersion(table))
    if (version?.version !== wanted) {
      version = await readVersion(table, wanted)
      ids = undefined
      parts.clear()
    }
    return version
  }

  function partAt(own: Version, index: number): Promise<Site[]> {
    const known = parts.get(index)
    if (known !== undefined) return known
    if (parts.size >= MOST_PARTS) parts.clear()
    const read = readPart(table, own, index)
    read.catch(() => parts.delete(index))
    parts.set(index, read)
    return read
  }

  async function siteOf(own: Version, id: string): Promise<Site> {
    const index = partOf(own, id)
    const part = index < 0 ? [] : await partAt(own, index)
    const site = part.find((one) => one.id === id)
    if (site) return site
    throw new RoundsError(
      'unknown-site',
      'stop',
      `There is no site “${id}” in version ${own.version} of the settings.`,
      'siterounds --backend aws sites list names those that there are.',
    )
  }

  async function idsIn(own: Version): Promise<string[]> {
    ids ??= (await readSites(table, own)).map(({ id }) => id)
    return ids
  }

  async function settingsIn(own: Version, sites: readonly string[] | undefined): Promise<Settings> {
    const all = sites
      ? await Promise.all(sites.map((id) => siteOf(own, id)))
      : await readSites(table, own)
    return { ...own.common, sites: all }
  }

  return {
    newest: () => newestVersion(table),
    idsOf: async (number) => idsIn(await versionOf(number)),
    settingsOf: async ({ settings, sites }) => settingsIn(await versionOf(settings), sites),
    async wholePartsOf({ settings, sites }) {
      const own = await versionOf(settings)
      const all = await idsIn(own)
      const fleetSize = all.length
      const wanted = new Set((sites ?? all).map((id) => partOfSite(id, fleetSize)))
      const members = all.filter((id) => wanted.has(partOfSite(id, fleetSize)))
      return { settings: await settingsIn(own, members), fleetSize }
    },
  }
}
