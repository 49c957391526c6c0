import { join } from 'node:path'
import { between } from '../../demo/seeded.ts'
import { type Day, DEFAULT_PATHS, FEEDS, type Feed } from '../../lib/site.ts'
import { addDays, compactDay, HOUR_MS, Zone } from '../../lib/time.ts'
import { REAL_ZONE } from '../fixtures/real-week.ts'
import { DEEDS, happen, type KnownFile, newFile, runBegins, runEnded } from './day-file.ts'

/** A site whose files are written here. */
export interface TornSite {
  id: string
  /** None of its files is ever cut, rewritten or removed. */
  onlyGrows: boolean
}

/**
 * Lines of past days come late only before this hour. A run under a clock that is ahead by at most
 * `MOST_AHEAD_MS` then never believes that a day can change no more while it still does.
 */
const LATE_UNTIL_HOUR = 20
export const MOST_AHEAD_MS = 3 * HOUR_MS

/** Days back that a line may come late: rounds read so many past days in any case. */
const MOST_LATE_DAYS = 2

/** Writes the day files of some sites, and knows what stands in each. */
export class Producer {
  readonly zone = new Zone(REAL_ZONE)
  readonly files = new Map<string, KnownFile>()
  readonly #folder: string
  readonly #sites: readonly TornSite[]
  readonly #next: () => number
  /** Alarms that stand, by site: name and raise time. */
  readonly #standing = new Map<string, { name: string; raised: string }[]>()
  #lines = 0

  constructor(folder: string, sites: readonly TornSite[], next: () => number) {
    this.#folder = folder
    this.#sites = sites
    this.#next = next
  }

  /** Some things happen to some files at the instant `atMs` of the sites' clocks. */
  work(atMs: number, times: number): void {
    const next = this.#next
    const text = this.zone.textOf(atMs)
    for (let time = 0; time < times; time += 1) {
      const site = oneOf(this.#sites, next)
      const feed = oneOf(FEEDS, next)
      const isEarly = Number(text.slice(11, 13)) < LATE_UNTIL_HOUR
      const late = isEarly && next() < 0.1 ? between(next, 1, MOST_LATE_DAYS) : 0
      const day = addDays(text.slice(0, 10), -late)
      happen(this.#fileOf(site, feed, day), oneOf(DEEDS, next), this.#some(site, feed, text), next)
    }
  }

  /** One more whole line for each of a site's files of a day. */
  addTo(siteId: string, atMs: number): void {
    const text = this.zone.textOf(atMs)
    const site = this.#sites.find(({ id }) => id === siteId)!
    for (const feed of FEEDS) {
      const known = this.#fileOf(site, feed, text.slice(0, 10))
      happen(known, 'append', this.#some(site, feed, text), () => 0)
    }
  }

  /** Runs begin. */
  runBegins(): void {
    for (const known of this.files.values()) runBegins(known)
  }

  /** No process lives any more; `completed` says that one of the runs read all that rounds read. */
  runEnded(completed: boolean, atMs: number): void {
    const oldest = addDays(this.zone.dayOf(atMs), -MOST_LATE_DAYS)
    for (const known of this.files.values()) {
      runEnded(known, completed && known.file.day >= oldest)
    }
  }

  #fileOf(site: TornSite, feed: Feed, day: Day): KnownFile {
    const key = `${site.id} ${feed} ${day}`
    let known = this.files.get(key)
    if (!known) {
      const path = DEFAULT_PATHS[feed].replace('{day}', compactDay(day))
      const file = { site: site.id, feed, day }
      known = newFile(file, join(this.#folder, site.id, path), site.onlyGrows)
      this.files.set(key, known)
    }
    return known
  }

  /** One to five new lines; some stand in them twice. */
  #some(site: TornSite, feed: Feed, text: string): Buffer {
    const next = this.#next
    const lines = Array.from({ length: between(next, 1, 5) }, () => this.#line(site, feed, text))
    if (next() < 0.2) lines.push(lines[0]!)
    return Buffer.from(lines.join(''))
  }

  #line({ id }: TornSite, feed: Feed, text: string): string {
    const next = this.#next
    this.#lines += 1
    const end = next() < 0.1 ? '\r\n' : '\n'
    if (feed === 'system') {
      const disk = `disk|/data-${this.#lines}|${between(next, 1, 900)}|1000`
      const type = next() < 0.9 ? disk : next() < 0.5 ? `fan|${this.#lines}` : 'cpu|bad'
      return `web-1|10.0.0.1|${id}|${type}|${text}${end}`
    }
    if (feed === 'service') {
      return `${id}|${this.#lines}|1|2|3|4|5|6|${text}${end}`
    }
    return this.#alarmLine(id, text) + end
  }

  /** A new alarm, one that still stands, or one that recovers. */
  #alarmLine(id: string, text: string): string {
    const next = this.#next
    const standing = this.#standing.get(id) ?? []
    this.#standing.set(id, standing)
    const chosen = next() < 0.5 && standing.length > 0 ? oneOf(standing, next) : undefined
    if (!chosen) {
      const name = `X-${String(this.#lines).padStart(7, '0')}`
      standing.push({ name, raised: text })
      return `${id}|${name}|节点-1|线路断 ${this.#lines}|${text}||${text}`
    }
    const recovers = next() < 0.6 || standing.length > 20
    if (recovers) standing.splice(standing.indexOf(chosen), 1)
    const recovered = recovers ? text : ''
    return `${id}|${chosen.name}|节点-1|仍 ${this.#lines}|${chosen.raised}|${recovered}|${text}`
  }
}

function oneOf<T>(all: readonly T[], next: () => number): T {
  return all[between(next, 0, all.length - 1)]!
}
