import { Dice } from './dice.ts'
import { MailBox } from './mail-box.ts'
import { collectRun, notifyRun, type Ran, type Shared, settingsOf, settleRun } from './product.ts'
import { type Profile, profileOf } from './profiles.ts'
import { SiteFiles } from './site-files.ts'
import { SiteLines } from './site-lines.ts'
import { newStores } from './stores.ts'
import { type Purpose, Worker } from './worker.ts'
import { World } from './world.ts'
import { dayAfter, dayStart, type OwnZone, wallDay } from './zones.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS

/** One run of a process: a round, a backfill, a settling. */
export interface Run {
  worker: Worker
  purpose: Purpose
  /** Places in the order of all beginnings and ends of runs; never ended for a killed one. */
  began: number
  ended: number
  beganMs: number
  /** What its collect said; undefined when it was killed or threw. */
  ran: Ran | undefined
  notified: number | undefined
}

/** One life of one site, and all that is known of it. */
export class History {
  readonly profile: Profile
  readonly world: World
  readonly zone: OwnZone
  readonly shared: Shared
  readonly runs: Run[] = []
  /** `<name> <raise time>` of what stands at the end. */
  openAtLast: ReadonlySet<string> = new Set()
  readonly #dice: Dice
  readonly #endMs: number
  #order = 0

  constructor(seed: number, traced: boolean) {
    const dice = new Dice(seed)
    this.#dice = dice
    const profile = profileOf(dice)
    this.profile = profile
    this.zone = profile.zone
    const startMs = dayStart(profile.zone, profile.firstDay) + dice.between(0, 24 * 60) * MINUTE_MS
    const world = new World(dice.fork().below(2 ** 32), startMs, profile.rates, traced)
    this.world = world
    this.#endMs = startMs + profile.hours * HOUR_MS
    const lines = new SiteLines(dice.fork(), profile.zone)
    this.shared = {
      settings: settingsOf(
        profile.zone.name,
        profile.feeds,
        profile.keepDays,
        profile.onRewrite,
        profile.recipients,
      ),
      stores: newStores(),
      files: new SiteFiles(world, profile.zone, lines, profile.feeds),
      log: { served: [], readings: [] },
      mails: new MailBox(),
      foldLater: seed % 2 === 1,
    }
    world.say(() => `seed ${seed}: ${JSON.stringify({ ...profile, zone: profile.zone.name })}`)
  }

  get today(): string {
    return wallDay(this.zone, this.world.time.nowMs)
  }

  /** Lives the history through, up to the moment at which all faults end. */
  async live(): Promise<void> {
    const { profile } = this
    this.#repeat(profile.happeningHours, () => this.#happen())
    this.#repeat(profile.roundHours, () => this.#schedule('round'))
    this.#repeat(profile.roundHours * 5, () => {
      if (this.#dice.chance(0.5)) this.#backfill()
    })
    this.#repeat(profile.settleHours, () => this.#schedule('settling'))
    this.#repeat(12, () => this.#sweep())
    await this.world.time.run(this.#endMs)
  }

  /** Starts a run, which goes on by itself. */
  start(purpose: Purpose, act: (worker: Worker, run: Run) => Promise<void>): Run {
    const { world } = this
    const worker = new Worker(world, `${purpose}-${this.runs.length}`, purpose)
    world.workers.add(worker)
    const run: Run = {
      worker,
      purpose,
      began: this.#next(),
      ended: Number.POSITIVE_INFINITY,
      beganMs: world.time.nowMs,
      ran: undefined,
      notified: undefined,
    }
    this.runs.push(run)
    world.say(() => `${worker.name} begins`)
    const end = (how: string) => {
      run.ended = this.#next()
      world.workers.delete(worker)
      world.say(() => `${worker.name} ${how}`)
    }
    act(worker, run).then(
      () => end('ends'),
      (thrown: Error) => end(`fails: ${thrown.message}`),
    )
    return run
  }

  /** A round: collect, then notify, as the program does it. */
  round(paced: boolean): Run {
    return this.start('round', async (worker, run) => {
      const ran = await collectRun(this.shared, worker, { paced })
      run.ran = ran
      this.#tell(run)
      run.notified = await notifyRun(this.shared, worker, ran)
    })
  }

  settle(paced: boolean): Run {
    return this.start('settle', async (worker, run) => {
      run.ran = await settleRun(this.shared, worker, paced)
      this.#tell(run)
    })
  }

  #next(): number {
    this.#order += 1
    return this.#order
  }

  #tell({ worker, ran }: Run): void {
    this.world.say(() => {
      const failures = ran!.failures.map(({ file, code }) => `${file} ${code}`)
      return `  ${worker.name}: ${ran!.added} files added; ${failures.join(', ')}`
    })
  }

  #repeat(meanHours: number, act: () => void): void {
    const { time } = this.world
    const next = () => {
      const gapMs = -Math.log(1 - this.#dice.fraction()) * meanHours * HOUR_MS
      const atMs = time.nowMs + Math.min(gapMs, 4 * meanHours * HOUR_MS)
      if (atMs >= this.#endMs) return
      time.at(Math.floor(atMs), () => {
        act()
        next()
      })
    }
    next()
  }

  #happen(): void {
    const { world } = this
    this.shared.files.happen()
    while (this.#dice.chance(0.3)) this.shared.files.happen()
    if (!this.#dice.chance(world.now.clock)) return
    const skewMs = this.#dice.weighted([
      [3, 0],
      [2, this.#dice.between(-90, 90) * MINUTE_MS],
      [1, this.#dice.between(-30, 30) * HOUR_MS],
    ])
    world.skews.push({ fromMs: world.time.nowMs, skewMs })
    world.count(skewMs < 0 ? 'clock set back' : 'clock set ahead')
    world.say(() => `clocks are now wrong by ${skewMs / MINUTE_MS} minutes`)
  }

  /** An event of the schedule: it may be lost, or come twice or three times. */
  #schedule(what: 'round' | 'settling'): void {
    const { world } = this
    const dice = this.#dice
    // Records of many days leave the table in time: without any settling for so long they are lost.
    const isNeeded = what === 'settling' && this.profile.hours > 10 * 24
    if (dice.chance(world.now.lost) && !isNeeded) {
      world.count(`${what} lost`)
      return
    }
    // Settlings are few, and what they can do to one another is much.
    const doubled = world.now.doubled * (what === 'settling' ? 2 : 1)
    const workers = dice.chance(doubled) ? dice.between(2, 3) : 1
    for (let index = 0; index < workers; index += 1) {
      const paced = dice.chance(0.7)
      world.time.at(world.time.nowMs + dice.below(1000) * index, () => {
        if (what === 'round') this.round(paced)
        else this.settle(paced)
      })
    }
    if (workers > 1) world.count(`${what} ${workers === 2 ? 'doubled' : 'tripled'}`)
    if (world.rates.slow === 0) return
    for (let count = dice.below(5); count > 0; count -= 1) {
      world.time.at(world.time.nowMs + dice.below(40_000), () => this.shared.files.happen())
    }
  }

  #backfill(): void {
    const to = dayAfter(this.today, -this.#dice.below(4))
    const range = { from: dayAfter(to, -this.#dice.below(3)), to }
    this.world.count('backfill')
    this.start('backfill', async (worker, run) => {
      run.ran = await collectRun(this.shared, worker, { range })
      this.#tell(run)
    })
  }

  #sweep(): void {
    const dropped = this.shared.stores.sweep(this.world.time.nowMs, this.#dice)
    if (dropped > 0) this.world.count('items expired')
  }
}
