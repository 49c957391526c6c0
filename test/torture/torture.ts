import { cp } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { between, seeded } from '../../demo/seeded.ts'
import { HOUR_MS, MINUTE_MS } from '../../lib/time.ts'
import { startProgram } from '../fixtures/cli-process.ts'
import { type Portal, portalServer } from '../fixtures/portal-server.ts'
import { folderSite, httpSite, newWorld, type World } from '../fixtures/rounds-world.ts'
import { Checks } from './checks.ts'
import { endingOf } from './endings.ts'
import { MAIL_FAULTS, type MailServer, mailServer } from './mail-server.ts'
import { MOST_AHEAD_MS, Producer } from './producer.ts'
import { type Room, roomFor } from './room.ts'
import {
  type BuiltProgram,
  buildProgram,
  type Command,
  type KillPlan,
  type Run,
  randomKill,
  runAndKill,
} from './runs.ts'

/** What a torture has come to so far. */
export interface Sums {
  cycles: number
  /** Kills that found a living process, and those of them while it talked to the mail server. */
  kills: number
  killsInSends: number
  pairs: number
  fullDisks: number
  /** Runs that said that the disk was full. */
  fullDisksTold: number
  clocksSet: number
  unknownAnswers: number
  checks: number
  rows: number
  lost: number
  doubled: number
  mails: number
  extras: number
}

/** Cycles between two countings. */
const GROUP = 20

/** The instant at which the sites begin: in the evening, so that midnight comes soon. */
const BEGIN_MS = Date.parse('2026-11-10T19:00:00+08:00')

/** Minutes between two cycles at most, on the sites' clocks: some sixty cycles make a day. */
const MOST_STEP_MINUTES = 40

/** Who is mailed about which site; `replace` sites count only the newest file. */
const SITES = [
  { id: 'north', onlyGrows: true, kind: 'http', recipients: ['a@example.com', 'b@example.com'] },
  { id: 'east', onlyGrows: false, kind: 'http', recipients: ['a@example.com'] },
  { id: 'south', onlyGrows: true, kind: 'folder', recipients: ['b@example.com'] },
  { id: 'west', onlyGrows: false, kind: 'folder', recipients: ['a@example.com'], replaces: true },
] as const

/** How long the commands take, in milliseconds; each kill that comes too late lets it grow. */
const USUAL_MS: Record<Command, number> = {
  collect: 260,
  notify: 230,
  report: 900,
  run: 500,
  settle: 400,
  status: 0,
  alarms: 0,
}

/**
 * Kills the real program `cycles` times while real files grow and change, over one state, and
 * counts everything again and again. Throws an error that says all that is wrong; with `keep` the
 * sites' files, configuration and state are then copied into that folder, to be looked at.
 */
export async function torture(
  { cycles, seed, keep }: { cycles: number; seed: string; keep?: string | undefined },
  tell: (line: string) => void,
): Promise<Sums> {
  const world = await newWorld()
  const portal = await portalServer(world.portals)
  const mail = await mailServer()
  const room = roomFor(join(world.folder, 'var'))
  tell(`seed ${seed}; a full disk is ${room.how}`)
  try {
    await configure(world, portal, mail)
    const program = await buildProgram(world.folder)
    return await new Torture({ world, portal, mail, room, program }, seed).run(cycles, tell)
  } catch (thrown) {
    if (keep) await cp(world.folder, keep, { recursive: true })
    throw thrown
  } finally {
    room.remove()
    await mail.close()
    await portal.close()
    await world.remove()
  }
}

async function configure(world: World, portal: Portal, mail: MailServer): Promise<void> {
  const sites = SITES.map((site) => {
    const { id, kind, recipients } = site
    const more = { recipients, ...('replaces' in site && { onRewrite: 'replace' }) }
    return kind === 'http' ? httpSite(id, portal.url, more) : folderSite(id, more)
  })
  await world.configure({
    sites,
    mail: { kind: 'smtp', from: 'rounds@example.com', host: '127.0.0.1', port: mail.port },
    // Alarms are due at once, and none expires: what is due can then be told without a clock.
    thresholds: { standsForMinutes: 0, expireAfterDays: 3_000 },
  })
}

/** All that stands around the program. */
interface Parts {
  world: World
  portal: Portal
  mail: MailServer
  room: Room
  program: BuiltProgram
}

class Torture {
  readonly #parts: Parts
  readonly #next: () => number
  readonly #producer: Producer
  readonly #checks: Checks
  readonly #usualMs = { ...USUAL_MS }
  #commands: Command[] = []
  /** The sites' clocks, and the latest instant that any process took for the present. */
  #nowMs = BEGIN_MS
  #latestMs = BEGIN_MS
  readonly #sums: Sums = {
    ...{ cycles: 0, kills: 0, killsInSends: 0, pairs: 0, fullDisks: 0, fullDisksTold: 0 },
    ...{ clocksSet: 0, unknownAnswers: 0, checks: 0, rows: 0, lost: 0, doubled: 0 },
    ...{ mails: 0, extras: 0 },
  }

  constructor(parts: Parts, seed: string) {
    this.#parts = parts
    this.#next = seeded(`torture ${seed}`)
    this.#producer = new Producer(parts.world.portals, SITES, seeded(`files ${seed}`))
    this.#checks = new Checks(parts, this.#producer, SITES)
  }

  async run(cycles: number, tell: (line: string) => void): Promise<Sums> {
    this.#commands = await knownCommands(this.#parts)
    // Every site has files from the beginning: one that has none at all is told as a failure.
    for (const { id } of SITES) this.#producer.addTo(id, this.#nowMs)
    for (let cycle = 1; cycle <= cycles; cycle += 1) {
      this.#sums.cycles = cycle
      await this.#cycle(cycle)
      if (cycle % GROUP !== 0 && cycle !== cycles) continue
      await this.#check(cycle === cycles)
      tell(this.#line())
    }
    return this.#sums
  }

  async #cycle(cycle: number): Promise<void> {
    const next = this.#next
    this.#nowMs += between(next, 2, MOST_STEP_MINUTES) * MINUTE_MS
    this.#parts.mail.cycle = cycle
    this.#parts.mail.fault = next() < 0.35 ? oneOf(MAIL_FAULTS, next) : 'none'
    const kind = next()
    const isFull = kind >= 0.2 && kind < 0.28
    const isPair = kind < 0.2
    this.#producer.work(this.#nowMs, between(next, 2, 12))
    const before = isFull ? this.#parts.room.shrink(next) : []
    const setMs = kind >= 0.28 && kind < 0.36 ? clockError(next) : 0
    const clockMs = this.#nowMs + setMs
    this.#latestMs = Math.max(this.#latestMs, this.#nowMs, clockMs)
    const unknownBefore = this.#parts.mail.unknownAnswers

    this.#producer.runBegins()
    const neverShare = isFull || isPair ? 0.5 : 0.12
    const runs = Array.from({ length: isPair ? 2 : 1 }, () => {
      return this.#start(before, clockMs, neverShare)
    })
    const all = Promise.all(runs)
    await this.#workDuring(all)
    const ended = await all
    if (isFull) this.#parts.room.restore()
    this.#parts.mail.dropAll()
    const collected = ended.some(({ command, completed }) => command === 'collect' && completed)
    this.#producer.runEnded(collected && setMs === 0, this.#nowMs)

    const sums = this.#sums
    for (const run of ended) this.#judge(run, isFull)
    const unknown = this.#parts.mail.unknownAnswers - unknownBefore
    const unsure = ended.filter(({ killed }) => killed || isFull).length
    this.#checks.unknownSends.set(cycle, unknown + unsure)
    sums.unknownAnswers += unknown
    sums.pairs += isPair ? 1 : 0
    sums.fullDisks += isFull ? 1 : 0
    sums.clocksSet += setMs === 0 ? 0 : 1
  }

  /** `neverShare` is how many of such processes are let live to their end. */
  async #start(before: readonly string[], clockMs: number, neverShare: number): Promise<Run> {
    const next = this.#next
    const command = oneOf(this.#commands, next)
    const { fault } = this.#parts.mail
    // A process that waits for a silent server is killed while it waits.
    const hangs = fault.startsWith('hangs') && (command === 'notify' || command === 'run')
    const plan: KillPlan = hangs
      ? { at: 'mail', count: 1, afterMs: between(next, 5, 60) }
      : next() < neverShare
        ? { at: 'never' }
        : randomKill(command, this.#usualMs[command], next)
    const { world, portal, mail, program } = this.#parts
    const around = {
      ...{ folder: world.folder, program, before, clockMs },
      requests: () => portal.requests.length,
      mailing: () => mail.busy(),
    }
    const run = await runAndKill(around, command, plan)
    const usual = this.#usualMs[command]
    if (plan.at === 'time') this.#usualMs[command] = usual * (run.killed ? 1.003 : 0.99)
    return run
  }

  /** The files go on while the processes live. */
  async #workDuring(all: Promise<unknown>): Promise<void> {
    let over = false
    const ended = all.finally(() => {
      over = true
    })
    while (!over) {
      await Promise.race([ended, sleep(between(this.#next, 5, 40))])
      if (!over) this.#producer.work(this.#nowMs, between(this.#next, 0, 2))
    }
  }

  #judge(run: Run, isFull: boolean): void {
    const ending = endingOf(run, isFull)
    if (ending === 'killed') this.#sums.kills += 1
    if (ending === 'killed' && run.sending) this.#sums.killsInSends += 1
    if (ending === 'disk-full') this.#sums.fullDisksTold += 1
    if (ending !== 'wrong') return
    const { command, exitCode, signal, stdout, stderr } = run
    const { cycles } = this.#sums
    throw new Error(
      `cycle ${cycles}: ${command} ended with ${exitCode ?? signal}\n${stdout}\n${stderr}`,
    )
  }

  async #check(isLast: boolean): Promise<void> {
    // Leases of sends that ended in nothing are over then, whatever clock they were taken by.
    this.#nowMs = this.#latestMs + 3 * MINUTE_MS
    this.#latestMs = this.#nowMs
    this.#parts.mail.fault = 'none'
    this.#parts.mail.cycle = 0
    const settles = this.#commands.includes('settle')
    const counted = await this.#checks.all(this.#nowMs, { isLast, settles })
    Object.assign(this.#sums, counted)
    this.#sums.checks += 1
  }

  #line(): string {
    const { cycles, kills, killsInSends, rows, mails, extras } = this.#sums
    return (
      `${cycles} cycles: ${kills} kills (${killsInSends} in a send), ${rows} rows, ` +
      `${mails} mails (${extras} extra), clock ${this.#producer.zone.textOf(this.#nowMs)}`
    )
  }
}

/** Set back by up to a day, or ahead by some hours, in milliseconds. */
function clockError(next: () => number): number {
  return next() < 0.6
    ? -between(next, MINUTE_MS, 26 * HOUR_MS)
    : between(next, MINUTE_MS, MOST_AHEAD_MS)
}

/** The commands to be killed, as often as they are to be chosen. */
async function knownCommands({ world, program }: Parts): Promise<Command[]> {
  const { stdout } = await startProgram(world.folder, ['--help'], { program: program.path }).ended
  const times = { collect: 6, notify: 4, run: 5, report: 1 } as const
  const often = Object.entries(times).flatMap(([command, count]) =>
    Array.from({ length: count }, () => command as Command),
  )
  return [...often, ...(/^ {2}settle /m.test(stdout) ? (['settle'] as const) : [])]
}

function oneOf<T>(all: readonly T[], next: () => number): T {
  return all[between(next, 0, all.length - 1)]!
}
