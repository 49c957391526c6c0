import type { Dice } from './dice.ts'
import type { SiteLines } from './site-lines.ts'
import type { World } from './world.ts'
import { dayAfter, type OwnZone, wallDay } from './zones.ts'

/** How a site writes one feed. */
type Habit = 'appends' | 'ring' | 'regenerates' | 'hostile'

interface File {
  feed: string
  day: string
  content: Buffer | undefined
  /** Up to three states that a stale cache may still hold. */
  older: Buffer[]
  changedMs: number
}

/** The day files of the virtual site: what its portal would show at this moment. */
export class SiteFiles {
  readonly files = new Map<string, File>()
  readonly feeds: readonly string[]
  readonly #world: World
  readonly #dice: Dice
  readonly #zone: OwnZone
  readonly #lines: SiteLines
  readonly #habits: Map<string, Habit>
  /** The portal removes files older than so many days; 0 for never. */
  readonly #portalDays: number

  constructor(world: World, zone: OwnZone, lines: SiteLines, feeds: readonly string[]) {
    this.#world = world
    this.#dice = world.dice.fork()
    this.#zone = zone
    this.#lines = lines
    this.feeds = feeds
    const habit = () =>
      this.#dice.weighted<Habit>([
        [3, 'appends'],
        [1, 'ring'],
        [1, 'regenerates'],
        [3, 'hostile'],
      ])
    this.#habits = new Map(feeds.map((feed) => [feed, habit()]))
    this.#portalDays = this.#dice.weighted([
      [3, 0],
      [1, 2],
      [1, 5],
    ])
  }

  /** One thing happens to one file: mostly today's, now and then one of the days before. */
  happen(): void {
    const dice = this.#dice
    const today = wallDay(this.#zone, this.#world.time.nowMs)
    const back = dice.weighted([
      [20, 0],
      [4, 1],
      [1, dice.between(2, 6)],
    ])
    const feed = dice.chance(0.6) ? 'alarm' : dice.pick(this.feeds)
    this.#change(feed, dayAfter(today, -back))
    if (this.#portalDays > 0) this.#forget(dayAfter(today, -this.#portalDays))
  }

  #change(feed: string, day: string): void {
    const name = `${feed} ${day}`
    const file = this.files.get(name) ?? { feed, day, content: undefined, older: [], changedMs: 0 }
    const before = file.content
    const [what, after] = this.#next(this.#habits.get(feed)!, feed, before)
    if (before !== undefined && (after === undefined || !before.equals(after))) {
      file.older = [before, ...file.older].slice(0, 3)
    }
    file.content = after
    file.changedMs = this.#world.time.nowMs
    this.files.set(name, file)
    this.#world.count(`site ${what}`)
    this.#world.say(() => `site: ${what} ${name}, ${before?.length} to ${after?.length} bytes`)
  }

  #next(habit: Habit, feed: string, before: Buffer | undefined): [string, Buffer | undefined] {
    const dice = this.#dice
    const old = before ?? Buffer.alloc(0)
    const nowMs = this.#world.time.nowMs
    const count = dice.weighted([
      [5, 1],
      [3, dice.between(2, 4)],
      [0.3, dice.between(5, 15)],
    ])
    const fresh = () => this.#lines.some(feed, nowMs, count)
    if (habit === 'ring' && old.length > 600) return ['ring', ringed(old, fresh(), dice)]
    if (habit === 'regenerates' && old.length > 0 && dice.chance(0.6)) {
      return ['regenerate', Buffer.concat([fresh(), kept(old, dice)])]
    }
    // Files that grow for ever would only be slow.
    if (old.length > MOST_BYTES) return ['empty', Buffer.alloc(0)]
    const what = habit === 'hostile' ? dice.weighted(HOSTILE) : dice.weighted(FRIENDLY)
    switch (what) {
      case 'append':
        return [what, Buffer.concat([old, fresh()])]
      case 'partial': {
        const whole = fresh()
        return [
          what,
          Buffer.concat([old, whole.subarray(0, between(whole, dice.below(whole.length)))]),
        ]
      }
      case 'cut':
        return [what, old.subarray(0, between(old, dice.below(old.length + 1)))]
      case 'cut to a line':
        return [what, old.subarray(0, old.lastIndexOf(10, dice.below(old.length + 1)) + 1)]
      case 'rewrite larger':
        return [what, Buffer.concat([this.#ofSize(feed, old.length), fresh()])]
      case 'rewrite same size':
        return [what, this.#ofSize(feed, old.length).subarray(0, old.length)]
      case 'ring':
        return [what, ringed(old, fresh(), dice)]
      case 'shuffle':
        return [what, shuffled(old, dice)]
      case 'hole': {
        const cut = between(old, dice.below(old.length + 1))
        return [
          what,
          Buffer.concat([old.subarray(0, cut), Buffer.alloc(old.length - cut), fresh()]),
        ]
      }
      case 'empty':
        return [what, Buffer.alloc(0)]
      case 'delete':
        return [what, undefined]
      case 'touch':
        return [what, before]
    }
  }

  /** New lines, at least as long as `size` together. */
  #ofSize(feed: string, size: number): Buffer {
    const lines: Buffer[] = []
    for (let length = 0; length < size; length += lines.at(-1)!.length) {
      lines.push(this.#lines.one(feed, this.#world.time.nowMs))
    }
    return Buffer.concat(lines)
  }

  #forget(before: string): void {
    for (const file of this.files.values()) {
      if (file.day >= before || !file.content) continue
      file.content = undefined
      file.older = []
      this.#world.count('site removes an old file')
    }
  }
}

/** Some five markers' length. */
const MOST_BYTES = 20_000

const FRIENDLY = [
  [8, 'append'],
  [2, 'partial'],
  [1, 'touch'],
] as const

const HOSTILE = [
  [8, 'append'],
  [3, 'partial'],
  [2, 'cut'],
  [2, 'cut to a line'],
  [1.5, 'rewrite larger'],
  [1, 'rewrite same size'],
  [2, 'ring'],
  [1, 'shuffle'],
  [1, 'hole'],
  [0.5, 'empty'],
  [1, 'delete'],
  [1, 'touch'],
] as const

/**
 * The place at or before `at` that is not within or behind a character that is not ASCII: a line
 * torn within one would decide the charset of its file.
 */
function between(bytes: Buffer, at: number): number {
  let place = at
  while (place > 0 && bytes[place - 1]! >= 0x80) place -= 1
  return place
}

/** Some lines fall off the front, new ones come behind. */
function ringed(old: Buffer, fresh: Buffer, dice: Dice): Buffer {
  const cut = old.indexOf(10, dice.below(Math.min(old.length, 2 * fresh.length) + 1)) + 1
  return Buffer.concat([old.subarray(cut), fresh])
}

/** A file made anew from a list holds most of what it held. */
function kept(old: Buffer, dice: Dice): Buffer {
  return Buffer.concat(linesOf(old).filter(() => dice.chance(0.95)))
}

function shuffled(old: Buffer, dice: Dice): Buffer {
  const lines = linesOf(old)
  return Buffer.concat(lines.map((_, index) => lines[(index * 7 + dice.below(3)) % lines.length]!))
}

/** Lines with their newline; the last one may have none. */
export function linesOf(bytes: Buffer): Buffer[] {
  const lines: Buffer[] = []
  let start = 0
  while (start < bytes.length) {
    const newline = bytes.indexOf(10, start)
    const end = newline === -1 ? bytes.length : newline + 1
    lines.push(bytes.subarray(start, end))
    start = end
  }
  return lines
}
