import { createHash } from 'node:crypto'
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { RoundsError } from '../errors.ts'
import type { Settings, Site } from '../site.ts'
import { unknownFormat } from './item-format.ts'
import { SETTINGS_HEAD, settingsPartition, settingsVersionKey } from './keys.ts'
import type { Item, Key, Table } from './table.ts'

/*
 * The settings of a fleet in the table, version by version. A version never changes, so whoever has
 * read one may keep it. Its sites lie in parts of a few hundred, in the order of their ids: who
 * works for some sites reads their part alone. The head names the version that counts.
 */

/** Settings but for the sites. */
export type CommonSettings = Omit<Settings, 'sites'>

/** Who wrote a version, when, and of how many sites it is. */
export interface VersionFacts {
  version: number
  /** Epoch milliseconds. */
  atMs: number
  by: string
  note: string
  sites: number
}

/** A version: its facts, what holds for all sites, and in which parts the sites lie. */
export interface Version extends VersionFacts {
  common: CommonSettings
  /** The version that counted before. */
  after: number
  /** The first id of each part, in order. */
  firsts: string[]
  /** Names the parts: the digest of all that the version holds. */
  digest: string
}

/** The form of these items. */
const SETTINGS_FORMAT = 1

/** Sites of one part: compressed some 15 KB, four times the least that a read of an item costs. */
export const PART_SITES = 200

/** The number of the version that counts; 0 before the first. */
export async function newestVersion(table: Table): Promise<number> {
  return numberIn(await table.get(SETTINGS_HEAD))
}

function numberIn(head: Item | undefined): number {
  return head ? (checked(head).data.version as number) : 0
}

/** A version, but for its sites. Throws when there is none of this number. */
export async function readVersion(table: Table, version: number): Promise<Version> {
  const item = await table.get(settingsVersionKey(version))
  if (!item) throw noVersion(version)
  return checked(item).data as unknown as Version
}

/**
 * The versions that counted, newest first, at most `limit` of them. Whoever died, or was too late,
 * while he wrote one may have left another: each names the one that it took the place of.
 */
export async function versionsOf(table: Table, limit: number): Promise<VersionFacts[]> {
  const found: VersionFacts[] = []
  let next = await newestVersion(table)
  while (next > 0 && found.length < limit) {
    const { partition, sort: to } = settingsVersionKey(next)
    const range = { from: 'version#', to, descending: true, limit: limit - found.length }
    const items = await table.list(partition, range)
    if (items.length === 0) return found
    for (const item of items) {
      const { version, atMs, by, note, sites, after } = checked(item).data as unknown as Version
      if (version > next) continue
      found.push({ version, atMs, by, note, sites })
      next = after
    }
  }
  return found
}

/** The sites of one part of a version. */
export async function readPart(table: Table, { version, digest }: Version, part: number) {
  const item = await table.get(partKey(digest, part))
  if (!item?.bytes) throw noVersion(version)
  return JSON.parse(zstdDecompressSync(item.bytes).toString()) as Site[]
}

/** In which part of a version a site lies, if it is in it at all. */
export function partOf({ firsts }: Version, site: string): number {
  return firsts.findLastIndex((first) => first <= site)
}

/** All sites of a version, in the order of their ids. */
export async function readSites(table: Table, version: Version): Promise<Site[]> {
  const parts = await Promise.all(version.firsts.map((_, part) => readPart(table, version, part)))
  return parts.flat()
}

/**
 * Writes the settings as the version after `after`, and makes it the one that counts. Throws when
 * somebody else has written one since: then `after` is not the newest any more.
 */
export async function writeVersion(
  table: Table,
  { sites, ...common }: Settings,
  { after, ...facts }: Pick<VersionFacts, 'atMs' | 'by' | 'note'> & { after: number },
): Promise<number> {
  const head = await table.get(SETTINGS_HEAD)
  if (numberIn(head) !== after) throw settingsChanged()
  const inOrder = [...sites].sort((one, other) => (one.id < other.id ? -1 : 1))
  const parts: Site[][] = []
  for (let from = 0; from < inOrder.length; from += PART_SITES) {
    parts.push(inOrder.slice(from, from + PART_SITES))
  }
  const texts = parts.map((part) => JSON.stringify(part))
  const digest = createHash('sha256')
    .update(JSON.stringify([common, texts]))
    .digest('hex')
  for (const [index, text] of texts.entries()) {
    // One that stands there already has the same name, and so the same content.
    const content = { data: { format: SETTINGS_FORMAT }, bytes: zstdCompressSync(text) }
    await table.create(partKey(digest, index), content)
  }
  const firsts = parts.map((part) => part[0]!.id)
  const whole = { ...facts, after, sites: sites.length, common, digest, firsts }
  const version = await createVersion(table, after + 1, whole)
  const next = { data: { format: SETTINGS_FORMAT, version } }
  const moved = await (head
    ? table.replace(SETTINGS_HEAD, head.version, next)
    : table.create(SETTINGS_HEAD, next))
  if (!moved.done) throw settingsChanged()
  return version
}

/** Under the first number that is free: one may be taken by a writer who died behind this. */
async function createVersion(
  table: Table,
  first: number,
  whole: Omit<Version, 'version'>,
): Promise<number> {
  for (let version = first; ; version += 1) {
    const data = { format: SETTINGS_FORMAT, version, ...whole }
    const created = await table.create(settingsVersionKey(version), { data })
    if (created.done) return version
    // The same person may have tried before, and died before it counted.
    const { digest, after } = created.standing?.data ?? {}
    if (digest === whole.digest && after === whole.after) return version
  }
}

function partKey(digest: string, part: number): Key {
  const sort = `${digest.slice(0, 32)}#${String(part).padStart(6, '0')}`
  return { partition: settingsPartition(), sort }
}

function checked(item: Item): Item {
  if (item.data.format === SETTINGS_FORMAT) return item
  throw unknownFormat(item, 'settings-format')
}

function noVersion(version: number): RoundsError {
  return new RoundsError(
    'settings-version',
    'stop',
    version === 0
      ? 'No settings were applied yet.'
      : `There is no version ${version} of the settings.`,
    version === 0
      ? 'Run siterounds --backend aws apply siterounds.yaml.'
      : 'siterounds --backend aws sites history lists those that there are.',
  )
}

function settingsChanged(): RoundsError {
  return new RoundsError(
    'settings-changed',
    'stop',
    'Somebody else has applied settings meanwhile.',
    'Look at the differences again, then apply once more.',
  )
}
