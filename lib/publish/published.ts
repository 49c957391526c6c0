import { createHash } from 'node:crypto'
import type { Book } from '../alarms/book.ts'
import type { Dictionary } from '../alarms/dictionary.ts'
import type { OverviewRow } from '../report/pages/overview.ts'
import type { Language, Settings } from '../site.ts'
import type { Objects } from '../store/objects.ts'
import type { Item, Key, Table } from '../store/table.ts'

/** What publishing needs of the world and the configuration. */
export interface PublishPorts {
  table: Table
  /** The records of settled days. */
  archive: Objects
  pages: Objects
  settings: Settings
  dictionary: Dictionary
  /** The book of alarms of the site that is reported, when it is newer than the one that stands. */
  book?: Book
  /** Stands for the code that makes the pages and the settings they show: changes with either. */
  form: string
}

/** What was published of a day, a calendar or the overview, and from which inputs. */
export interface Published {
  /** Fingerprint of the inputs: while it is the same, nothing need be built. */
  inputs: string
  /** SHA-256 of every file, by path: a file is written only when its bytes have changed. */
  files: Record<string, string>
  /** Of a day: its row in the overview, in every language. */
  rows?: Partial<Record<Language, OverviewRow>>
  /** Of a calendar: stands for the inputs of all older days, when their pages are made of them. */
  older?: string
}

/** What a report run did. */
export interface Report {
  published: string[]
  unchanged: number
}

/** Raised with every release whose pages differ for the same data, so that all are built anew. */
export const PAGE_FORM = 1

/** The form of these items. */
const PAGES_FORMAT = 1

/** Pages change under their address: a browser must ask each time whether they did. */
const PAGE_OPTIONS = {
  contentType: 'text/html; charset=utf-8',
  cacheControl: 'no-cache',
} as const

/** What an item says was published; undefined for another release's, which is built anew. */
export function publishedOf(item: Item | undefined): Published | undefined {
  return item?.data.format === PAGES_FORMAT ? (item.data as unknown as Published) : undefined
}

/**
 * Writes the files that differ from what was published before (all of them with `force`), then
 * notes them down. When another worker notes at the same time, its note stands: as it may have
 * written an older file than its note says, the next report is made to compare again; false then.
 */
export async function publish(
  table: Table,
  pages: Objects,
  key: Key,
  item: Item | undefined,
  built: Omit<Published, 'files'> & { files: Map<string, string> },
  force: boolean,
  report: Report,
): Promise<boolean> {
  const before = publishedOf(item)?.files ?? {}
  const files: Record<string, string> = {}
  const changed: [path: string, text: string][] = []
  for (const [path, text] of built.files) {
    const hash = createHash('sha256').update(text).digest('base64')
    files[path] = hash
    if (before[path] === hash && !force) report.unchanged += 1
    else changed.push([path, text])
  }
  // Languages of one page, side by side: a write waits for the disk, or for the network.
  await Promise.all(changed.map(([path, text]) => pages.put(path, text, PAGE_OPTIONS)))
  report.published.push(...changed.map(([path]) => path))
  const { files: _, ...noted } = built
  const known = publishedOf(item)
  const isKnown = known?.inputs === noted.inputs && known.older === noted.older
  if (isKnown && sameFiles(before, files)) return true
  const content = { data: { format: PAGES_FORMAT, ...noted, files } }
  const write = item
    ? await table.replace(key, item.version, content)
    : await table.create(key, content)
  if (!write.done && write.standing) await table.remove(key, write.standing.version)
  return write.done
}

function sameFiles(one: Record<string, string>, other: Record<string, string>): boolean {
  const paths = Object.keys(one)
  return (
    paths.length === Object.keys(other).length && paths.every((path) => one[path] === other[path])
  )
}
