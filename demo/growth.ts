import { appendFile, mkdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Day, Feed } from '../lib/site.ts'
import { addDays, daysFromTo, SECOND_MS } from '../lib/time.ts'
import { dayFilePath, dayPieces, finishedMs, firstPieceLeft, type Piece } from './sample-files.ts'
import { feedsOf, SAMPLE_SITES, type SampleSite } from './sample-sites.ts'
import { seeded } from './seeded.ts'

/** Of how many days before today a portal holds files. */
export const PAST_DAYS: Readonly<Record<Feed, number>> = { system: 14, alarm: 14, service: 60 }

/** How often a growing file ends in the middle of a line until the next call. */
const UNFINISHED_SHARE = 0.4

/** The site whose system file of today `replaceSystemFile` replaces. */
const REPLACING_SITE = 'east'

/**
 * Brings the files of all sample sites below `folder` (`<folder>/<site>/sys_…/…`) up to a moment:
 * past days whole, today as far as it has come. Files are only appended to, and where a file
 * stands is read from the file, so a call after a kill continues where the last one was stopped.
 */
export async function growSampleSites(folder: string, nowMs: number): Promise<void> {
  for (const site of SAMPLE_SITES) {
    const today = site.zone.dayOf(nowMs)
    for (const feed of feedsOf(site)) {
      await mkdir(dirname(join(folder, site.id, dayFilePath(feed, today))), { recursive: true })
      for (const day of daysFromTo(addDays(today, -PAST_DAYS[feed]), today)) {
        await growDayFile(folder, site, feed, day, nowMs)
      }
    }
  }
}

/**
 * Replaces today's system file of `east` by one that lacks the earlier half of its lines, as a
 * platform does that starts its file anew. False when there are too few lines for that.
 * Not while a call of `growSampleSites` for the same folder is under way.
 */
export async function replaceSystemFile(folder: string, nowMs: number): Promise<boolean> {
  const site = SAMPLE_SITES.find((one) => one.id === REPLACING_SITE)!
  const day = site.zone.dayOf(nowMs)
  const path = join(folder, site.id, dayFilePath('system', day))
  const held = await readOrEmpty(path)
  const half = held.indexOf(0x0a, Math.floor(held.length / 2)) + 1
  // A whole line must be left: by it the next call knows where the file begins.
  if (half === 0 || !held.includes(0x0a, half)) return false
  // The name's dot keeps the unfinished file from being served.
  const fresh = join(dirname(path), '.replacing')
  await writeFile(fresh, held.subarray(half))
  await rename(fresh, path)
  return true
}

async function growDayFile(
  folder: string,
  site: SampleSite,
  feed: Feed,
  day: Day,
  nowMs: number,
): Promise<void> {
  const path = join(folder, site.id, dayFilePath(feed, day))
  const endMs = finishedMs(site, feed, day)
  const isOver = nowMs >= endMs
  if (isOver && (await isFinished(path, endMs))) return
  const pieces = dayPieces(site, feed, day)
  const left = isOver ? firstPieceLeft(site, feed, day, pieces) : 0
  const { held, first } = await whereItStands(path, pieces, left)
  const due = pieces.slice(first).filter((piece) => piece.atMs <= nowMs)
  const whole = bytesOf(due)
  const lastBegins = whole.length - (due.at(-1)?.bytes.length ?? 0)
  const mayBeCut = !isOver && feed !== 'service' && held <= lastBegins
  const cut = mayBeCut && seeded(`${site.id}|${feed}|${nowMs}`)() < UNFINISHED_SHARE
  const end = cut ? Math.ceil((lastBegins + whole.length) / 2) : whole.length
  if (end > held) await appendFile(path, whole.subarray(held, end))
  if (isOver) await utimes(path, endMs / SECOND_MS, endMs / SECOND_MS)
}

/**
 * How many bytes the file holds and with which piece it begins (it was replaced, if not with
 * `left`). A file that is no beginning of what the site writes, such as one of an older version
 * of the sample sites, is removed and begun again.
 */
async function whereItStands(
  path: string,
  pieces: Piece[],
  left: number,
): Promise<{ held: number; first: number }> {
  const bytes = await readOrEmpty(path)
  if (bytes.length === 0) return { held: 0, first: left }
  const firstLine = bytes.subarray(0, bytes.indexOf(0x0a) + 1)
  const found = pieces.findIndex((piece) => firstLine.equals(piece.bytes))
  const first = Math.max(found, 0)
  const whole = bytesOf(pieces.slice(first))
  if (bytes.equals(whole.subarray(0, bytes.length))) return { held: bytes.length, first }
  await rm(path)
  return { held: 0, first: left }
}

/** A finished file carries the end of its day as its time, as on a real site. */
async function isFinished(path: string, endMs: number): Promise<boolean> {
  const found = await stat(path).catch(nothingIfAbsent)
  return found !== undefined && Math.round(found.mtimeMs) === endMs
}

async function readOrEmpty(path: string): Promise<Buffer> {
  return (await readFile(path).catch(nothingIfAbsent)) ?? Buffer.alloc(0)
}

function nothingIfAbsent(thrown: NodeJS.ErrnoException): undefined {
  if (thrown.code !== 'ENOENT') throw thrown
}

function bytesOf(pieces: Piece[]): Buffer {
  return Buffer.concat(pieces.map((piece) => piece.bytes))
}
