import type { Clock } from '../../lib/time.ts'
import type { Dice } from './dice.ts'
import type { Served } from './served.ts'
import { NEVER } from './virtual-time.ts'
import type { World } from './world.ts'

const HOUR_MS = 3_600_000
const SECOND_MS = 1_000

/** What a process is for: settling takes over whether rounds or backfills follow a day. */
export type Purpose = 'round' | 'backfill' | 'settle'

/** How an operation of a store fails. */
type Failure = 'before' | 'after' | 'refused'

/** One process: everything it does outside of itself is a step, at which all faults come. */
export class Worker {
  readonly name: string
  readonly purpose: Purpose
  readonly world: World
  readonly dice: Dice
  /** What it has asked the site for since it read the ledger of a file last, by `<feed> <day>`. */
  readonly attempts = new Map<string, { readAtMs: number; ranged?: Served; from?: number }>()
  /** Files whose ledgers it has looked at; before that it can only glance at a file. */
  readonly ledgersSeen = new Set<string>()
  readonly glances = new Map<string, Served>()
  /** When its clock said that it claims a notice. */
  claimClockMs = 0
  claimTrueMs = 0
  killed = false
  /** Counts the faults that it met: a run without any can be judged more sharply. */
  faults = 0
  #asleep: { until: Promise<void>; wake: () => void } | undefined

  constructor(world: World, name: string, purpose: Purpose) {
    this.world = world
    this.name = name
    this.purpose = purpose
    this.dice = world.dice.fork()
  }

  readonly clock: Clock = {
    now: () => this.world.time.nowMs + this.world.skewMs,
  }

  /** One operation outside of the process; `denied` turns what was done into a refusal. */
  async step<T>(
    kind: string,
    act: () => T | Promise<T>,
    fails?: { error: () => Error; denied?: (result: T) => T },
  ): Promise<T> {
    const { world, dice } = this
    const paused = this.#pause(kind)
    if (paused !== undefined) await paused
    let failure: Failure | undefined
    if (fails && dice.chance(world.now.store)) {
      failure = dice.pick(fails.denied ? ['before', 'after', 'refused'] : ['before', 'after'])
      this.met(`${kind} failed ${failure}`)
    }
    if (failure === 'before') throw fails!.error()
    const result = await act()
    const pausedAfter = this.#pause(kind)
    if (pausedAfter !== undefined) await pausedAfter
    if (failure === 'after') throw fails!.error()
    if (failure === 'refused') return fails!.denied!(result)
    return result
  }

  /** Notes a fault that this worker met. */
  met(kind: string): void {
    this.faults += 1
    this.world.count(kind)
    this.world.say(() => `  ${this.name}: ${kind}`)
  }

  kill(): void {
    this.killed = true
    this.world.workers.delete(this)
  }

  get asleep(): boolean {
    return this.#asleep !== undefined
  }

  /** Ends a long sleep at once. */
  wake(): void {
    this.#asleep?.wake()
  }

  /** What comes between two things that a process does; mostly nothing. */
  #pause(kind: string): Promise<void> | undefined {
    if (this.killed) return NEVER
    const { kill, zombie, slow } = this.world.now
    const throwOf = kill + zombie + slow > 0 ? this.dice.fraction() : 1
    if (throwOf < kill) {
      this.met(`killed at ${kind}`)
      this.kill()
      return NEVER
    }
    if (throwOf < kill + zombie) this.#sleep(kind)
    else if (throwOf < kill + zombie + slow) {
      return this.world.time.sleep(this.dice.between(1, 3 * SECOND_MS)).then(() => this.#awake())
    }
    return this.#asleep ? this.#awake() : undefined
  }

  /** Every part of a sleeping process waits until it wakes. */
  async #awake(): Promise<void> {
    while (this.#asleep) await this.#asleep.until
    if (this.killed) await NEVER
  }

  #sleep(kind: string): void {
    const ms = this.dice.weighted([
      [5, this.dice.between(60 * SECOND_MS, 2 * HOUR_MS)],
      [3, this.dice.between(2 * HOUR_MS, 60 * HOUR_MS)],
      [1, this.dice.between(60 * HOUR_MS, 150 * HOUR_MS)],
    ])
    this.met(`zombie at ${kind}`)
    let wake = () => {}
    const until = new Promise<void>((resolve) => {
      wake = () => {
        this.#asleep = undefined
        resolve()
      }
    })
    this.#asleep = { until, wake }
    this.world.time.at(this.world.time.nowMs + ms, wake)
  }
}
