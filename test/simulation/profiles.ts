import type { Dice } from './dice.ts'
import { NO_FAULTS, type Rates } from './world.ts'
import { dayAfter, type OwnZone, ZONES } from './zones.ts'

/** What kind of history it is. */
export interface Profile {
  name: string
  rates: Rates
  zone: OwnZone
  firstDay: string
  hours: number
  /** Mean hours between things that happen at the site, and between rounds. */
  happeningHours: number
  roundHours: number
  settleHours: number
  keepDays: number
  feeds: string[]
  onRewrite: 'merge' | 'replace'
  recipients: string[]
}

const SLOW = { slow: 0.25, doubled: 0.4 }

/** Which faults come together, and how often each sort of history is lived. */
const KINDS: readonly (readonly [number, string, Partial<Rates>])[] = [
  [2, 'no faults', {}],
  [3, 'bad web server', { web: 0.3, lost: 0.2 }],
  [2, 'bad store', { store: 0.015 }],
  [2, 'bad mail server', { mail: 0.4 }],
  [4, 'races', SLOW],
  [2, 'kills', { kill: 0.008, lost: 0.1 }],
  [2, 'zombies', { zombie: 0.006, slow: 0.02, doubled: 0.2 }],
  [1, 'wrong clocks', { clock: 0.15 }],
  [2, 'races and kills', { ...SLOW, kill: 0.005 }],
  [2, 'races on a bad web server', { ...SLOW, web: 0.2 }],
  [2, 'races of zombies', { ...SLOW, zombie: 0.005 }],
  [
    3,
    'everything',
    {
      slow: 0.15,
      doubled: 0.4,
      web: 0.15,
      store: 0.005,
      mail: 0.2,
      kill: 0.002,
      zombie: 0.002,
      lost: 0.2,
      clock: 0.03,
    },
  ],
]

export function profileOf(dice: Dice): Profile {
  const [name, rates] = dice.weighted(KINDS.map(([weight, ...kind]) => [weight, kind] as const))
  const long = dice.chance(0.05)
  const { zone, days } = dice.pick(ZONES)
  return {
    name,
    rates: long ? seldom({ ...NO_FAULTS, ...rates }) : { ...NO_FAULTS, ...rates },
    zone,
    firstDay: dayAfter(dice.pick(days), long ? -dice.below(20) : 0),
    hours: long ? dice.between(30, 40) * 24 : dice.between(3 * 24, 5 * 24),
    happeningHours: long ? 24 : dice.pick([3, 5, 8]),
    roundHours: long ? 36 : dice.pick([9, 13, 18]),
    settleHours: long ? 22 : 26,
    keepDays: long ? dice.between(9, 14) : 35,
    feeds: dice.pick([['alarm'], ['alarm'], ['alarm'], ['alarm', 'service'], ['system', 'alarm']]),
    onRewrite: dice.chance(0.8) ? 'merge' : 'replace',
    recipients: dice.pick([['a@example.org'], ['a@example.org', 'b@example.org']]),
  }
}

/** In a history of many days each process does more; it must come to an end now and then. */
function seldom(rates: Rates): Rates {
  return { ...rates, kill: rates.kill / 4, zombie: rates.zombie / 4, store: rates.store / 3 }
}
