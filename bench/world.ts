import { appendFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { openEmbedded, openSource } from '../lib/backends/embedded.ts'
import { readSettings } from '../lib/config.ts'
import { silentLog } from '../lib/log.ts'
import { DEFAULT_PATHS, type Feed, type Settings } from '../lib/site.ts'
import { type Clock, compactDay } from '../lib/time.ts'
import { BENCH_DAY } from './lines.ts'
import type { Line } from './measure.ts'

/** What a step of a bench is given. */
export interface World {
  /** Its bench's own folder; the steps of a bench share it. */
  folder: string
  /** Small sizes: everything runs, and no figure means much. */
  quick: boolean
  /** Where a file server shows the folder `sites`; ends in `/`. */
  url: string
}

/** A part of a bench that has a process of its own, so that its peak of memory is its own too. */
export type Step = (world: World) => Promise<Line[]>

/** How a bench's sites are read. */
export type SourceKind = 'directory' | 'http'

/** Settings of some sites with every default of the product; their state stands in `state`. */
export function benchSettings(
  world: World,
  state: string,
  ids: readonly string[],
  kind: SourceKind,
): Settings {
  const sites = ids.map((id) => ({
    id,
    timeZone: 'Asia/Shanghai',
    recipients: ['operator@example.com'],
    source:
      kind === 'http'
        ? { kind, url: `${world.url}${id}/`, allowAddresses: ['127.0.0.1/32'] }
        : { kind, path: join(world.folder, 'sites', id) },
  }))
  const file = join(world.folder, `${state}.yaml`)
  writeFileSync(file, JSON.stringify({ state, sites }))
  const read = readSettings(file, {})
  if ('settings' in read) return read.settings
  throw new Error(read.problems.map(({ message }) => message).join('\n'))
}

/** The embedded back end over these settings, with the time of `clock`. */
export function openRounds(settings: Settings, clock: Clock) {
  return openEmbedded(settings, silentLog, { clock })
}

/** Where a site's day file stands below the folder of its world. */
export function dayFile(world: World, site: string, feed: Feed): string {
  return join(world.folder, 'sites', site, sourcePath(feed))
}

/** Path of a day file as its source is asked for it. */
export function sourcePath(feed: Feed): string {
  return DEFAULT_PATHS[feed].replace('{day}', compactDay(BENCH_DAY))
}

/** Writes a day file, chunk after chunk; returns its size in bytes. */
export function writeDayFile(
  world: World,
  site: string,
  feed: Feed,
  chunks: readonly (Buffer | string)[],
): number {
  const file = dayFile(world, site, feed)
  mkdirSync(dirname(file), { recursive: true })
  rmSync(file, { force: true })
  let sizeBytes = 0
  for (const chunk of chunks) {
    appendFileSync(file, chunk)
    sizeBytes += Buffer.byteLength(chunk)
  }
  return sizeBytes
}

/** Reads what a site's file holds from a byte on, through its source, and drops it. */
export async function justRead(settings: Settings, feed: Feed, from: number, site = 0) {
  const source = openSource(settings.sites[site]!.source)
  try {
    const answer = await source.read(sourcePath(feed), from)
    let bytes = 0
    if (answer.kind === 'body') for await (const chunk of answer.chunks) bytes += chunk.length
    return bytes
  } finally {
    await source.close()
  }
}
