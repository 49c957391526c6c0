import { Dice } from './dice.ts'
import { VirtualTime } from './virtual-time.ts'
import type { Worker } from './worker.ts'

/** How often each fault comes, per operation of a worker unless it says otherwise. */
export interface Rates {
  /** The process ends before or after an operation. */
  kill: number
  /** The process stands still for an hour or for weeks. */
  zombie: number
  /** The operation takes some seconds, so that other workers get in between. */
  slow: number
  /** The store, or the archive, fails before the operation, after it, or denies what it did. */
  store: number
  /** The site's web server does something wrong, per request. */
  web: number
  /** The mail server refuses, or does not answer, per mail. */
  mail: number
  /** A round is started twice, or three times, within a second, per round. */
  doubled: number
  /** A round of the schedule is lost, per round. */
  lost: number
  /** The clock of all workers jumps, per happening at the site. */
  clock: number
}

export const NO_FAULTS: Rates = {
  kill: 0,
  zombie: 0,
  slow: 0,
  store: 0,
  web: 0,
  mail: 0,
  doubled: 0,
  lost: 0,
  clock: 0,
}

/** What all parts of one history share. */
export class World {
  readonly time: VirtualTime
  readonly dice: Dice
  readonly rates: Rates
  /** Once the faults are over: everything works from then on. */
  calm = false
  /** How far the workers' clocks are from the true time, and since when. */
  skews: { fromMs: number; skewMs: number }[] = [{ fromMs: 0, skewMs: 0 }]
  readonly workers = new Set<Worker>()
  /** How often each kind of fault came, and where. */
  readonly fired = new Map<string, number>()
  readonly trace: string[] | undefined

  constructor(seed: number, startMs: number, rates: Rates, traced: boolean) {
    this.time = new VirtualTime(startMs)
    this.dice = new Dice(seed)
    this.rates = rates
    this.trace = traced ? [] : undefined
  }

  /** Rates as they are now. */
  get now(): Rates {
    return this.calm ? NO_FAULTS : this.rates
  }

  get skewMs(): number {
    return this.skews.at(-1)!.skewMs
  }

  /** The latest time that a worker's clock can have shown since a moment. */
  latestClock(sinceMs: number): number {
    const until = (index: number) => this.skews[index + 1]?.fromMs ?? this.time.nowMs
    return Math.max(
      ...this.skews.map(({ skewMs }, index) =>
        until(index) >= sinceMs ? until(index) + skewMs : 0,
      ),
    )
  }

  count(kind: string): void {
    this.fired.set(kind, (this.fired.get(kind) ?? 0) + 1)
  }

  say(text: () => string): void {
    this.trace?.push(`${new Date(this.time.nowMs).toISOString().slice(0, 19)} ${text()}`)
  }
}
