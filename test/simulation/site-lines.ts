import type { Dice } from './dice.ts'
import { type OwnZone, wallText } from './zones.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS

/** An alarm as the site knows it. */
interface Raised {
  name: string
  node: string
  text: string
  raised: string
  recovered: string
  recordedMs: number
}

/** Not ASCII in UTF-8 and in GB18030; the same two characters. */
const CHINESE = { utf8: Buffer.from('告警'), gb18030: Buffer.from('b8e6beaf', 'hex') }

/** Writes the lines of one site: mostly as its platform should, now and then as real ones do. */
export class SiteLines {
  readonly #dice: Dice
  readonly #zone: OwnZone
  /** Pads descriptions, so that some histories have files far longer than a marker. */
  readonly #padding: number
  readonly #charset: keyof typeof CHINESE
  readonly #odd: number
  readonly #alarms: Raised[] = []
  #names = 0
  #last: Buffer = Buffer.from('\n')

  constructor(dice: Dice, zone: OwnZone) {
    this.#dice = dice
    this.#zone = zone
    this.#padding = dice.weighted([
      [3, 10],
      [2, 200],
      [3, 900],
    ])
    this.#charset = dice.chance(0.5) ? 'utf8' : 'gb18030'
    this.#odd = dice.pick([0, 0.05, 0.25])
  }

  /** Some lines of a feed, as they are written at an instant. */
  some(feed: string, nowMs: number, count: number): Buffer {
    return Buffer.concat(Array.from({ length: count }, () => this.one(feed, nowMs)))
  }

  one(feed: string, nowMs: number): Buffer {
    const dice = this.#dice
    const odd = dice.chance(this.#odd)
    const line = odd ? this.#oddLine(feed, nowMs) : this.#line(feed, nowMs)
    this.#last = line
    return line
  }

  #line(feed: string, nowMs: number): Buffer {
    if (feed === 'alarm') return this.#alarm(nowMs)
    const time = wallText(this.#zone, nowMs)
    const dice = this.#dice
    if (feed === 'service') return Buffer.from(`s1|1|0|${dice.below(1e6)}|5|6|7|8|${time}\n`)
    const value = dice.below(1e6)
    const rest = dice.pick([`cpu|1|2|3|${value % 100}`, `mem|1|2|3|${value}`, `uptime|${value}`])
    return Buffer.from(`srv|10.0.0.1|s1|${rest}|${time}\n`)
  }

  #alarm(nowMs: number): Buffer {
    const dice = this.#dice
    const alarms = this.#alarms
    let what = alarms.length === 0 ? 'raise' : dice.weighted(ALARM_CHOICES)
    // A mail lists so many alarms at most; all must fit into one, because mails are read here.
    if (what === 'raise' && alarms.length >= MOST_ALARMS) what = 'recover'
    const known =
      alarms[alarms.length - 1 - Math.floor(dice.below(alarms.length) * dice.fraction())]
    let alarm: Raised
    if (what === 'raise' || !known) {
      alarm = this.#raise(nowMs, dice.chance(0.15) ? known : undefined)
    } else if (what === 'late') {
      // The raise line comes once more, or only now, as it was recorded then.
      return alarmLine(this.#zone, { ...known, recovered: '' }, known.recordedMs, this.#text(known))
    } else {
      alarm = known
      const earlier = dice.chance(0.1) ? -2 * HOUR_MS : 0
      if (what === 'recover') alarm.recovered = wallText(this.#zone, nowMs + earlier)
      // At a tie of record times the recovered one counts.
      if (!dice.chance(0.1)) alarm.recordedMs = Math.floor(nowMs / 1000) * 1000
    }
    const aheadMs = dice.chance(0.05) ? dice.pick([5 * MINUTE_MS, 3 * HOUR_MS, 3 * DAY_MS]) : 0
    return alarmLine(this.#zone, alarm, alarm.recordedMs + aheadMs, this.#text(alarm))
  }

  #raise(nowMs: number, again: Raised | undefined): Raised {
    const dice = this.#dice
    const delayMs = dice.weighted([
      [6, 0],
      [2, dice.below(30) * MINUTE_MS],
      [1, dice.below(40) * HOUR_MS],
      [0.3, -10 * MINUTE_MS],
    ])
    this.#names += again ? 0 : 1
    const name = again?.name ?? `A${this.#names}`
    const alarm = {
      name,
      node: again?.node ?? `ne${dice.below(3)}`,
      text: `${dice.below(100)}${'~'.repeat(dice.below(this.#padding))}`,
      raised: wallText(this.#zone, nowMs - delayMs),
      recovered: '',
      recordedMs: Math.floor(nowMs / 1000) * 1000,
    }
    this.#alarms.push(alarm)
    return alarm
  }

  #text(alarm: Raised): Buffer {
    const text = Buffer.from(alarm.text)
    return alarm.name.endsWith('3') ? Buffer.concat([CHINESE[this.#charset], text]) : text
  }

  #oddLine(feed: string, nowMs: number): Buffer {
    const dice = this.#dice
    const good = this.#line(feed, nowMs)
    switch (dice.below(8)) {
      case 0:
        return this.#last
      case 1:
        return Buffer.from(dice.pick(['\n', '  \n', '\r\n']))
      case 2:
        return Buffer.concat([good.subarray(0, -1), Buffer.from('\r\n')])
      case 3:
        // Before GB18030 a BOM would be two other characters.
        return this.#charset === 'utf8' ? Buffer.concat([Buffer.from('\uFEFF'), good]) : good
      case 4:
        return Buffer.concat([Buffer.alloc(dice.between(1, 300)), good])
      case 5:
        return Buffer.from(good.toString('latin1').replace('s1|', 's9|'), 'latin1')
      case 6:
        return Buffer.from(good.toString('latin1').replace(/-\d\d /, '-99 '), 'latin1')
      default:
        return Buffer.from(`s1|${dice.below(50)}|only|${dice.below(4)}\n`)
    }
  }
}

/** How many occurrences one site has in one history. */
const MOST_ALARMS = 80

const ALARM_CHOICES = [
  [5, 'raise'],
  [4, 'recover'],
  [2, 'observe'],
  [1.5, 'late'],
] as const

function alarmLine(zone: OwnZone, alarm: Raised, recordedMs: number, text: Buffer): Buffer {
  const { name, node, raised, recovered } = alarm
  return Buffer.concat([
    Buffer.from(`s1|${name}|${node}|`),
    text,
    Buffer.from(`|${raised}|${recovered}|${wallText(zone, recordedMs)}\n`),
  ])
}
