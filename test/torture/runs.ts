import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { build } from 'esbuild'
import { between } from '../../demo/seeded.ts'
import { oneFile } from '../../functions/build.ts'
import { type Ended, startProgram } from '../fixtures/cli-process.ts'

/** Commands that are started and killed. `run` makes one round at once, and then waits. */
export type Command = 'collect' | 'notify' | 'report' | 'run' | 'settle' | 'status' | 'alarms'

/** A process of the real program, with how it was when it was killed. */
export interface Run extends Ended {
  command: Command
  /** True when the kill found it alive. */
  killed: boolean
  /** True when a connection to the mail server was open at the kill. */
  sending: boolean
  /** True when all that the command does was done. */
  completed: boolean
}

/** What a run depends on. */
export interface RunWorld {
  folder: string
  program: BuiltProgram
  /** Words before the program, such as a shell that limits it. */
  before: readonly string[]
  /** What the machine's clock says, in epoch milliseconds. */
  clockMs: number
  /** How many requests the web server has had. */
  requests(): number
  /** True while somebody talks to the mail server. */
  mailing(): boolean
}

/** When a run is killed. */
export type KillPlan =
  | { at: 'never' }
  | { at: 'time'; afterMs: number }
  | { at: 'request' | 'mail'; afterMs: number; count: number }

/** How long a process may take: the mailer gives a silent server up after 45 seconds. */
const MOST_MS = 100_000

const ROUND_DONE = /^\d\d:\d\d:\d\d .*(nothing new|new line).*\n/m

/** The program as it is released, in one file: it starts in a fraction of the time. */
export interface BuiltProgram {
  path: string
  /** Options of Node that set the machine's clock; see machine-clock.ts. */
  options: string[]
  environment: Record<string, string>
}

/** Builds it into a folder. */
export async function buildProgram(folder: string): Promise<BuiltProgram> {
  const entry = (path: string) => new URL(path, import.meta.url).pathname
  const path = join(folder, 'siterounds.mjs')
  const clock = join(folder, 'machine-clock.mjs')
  await build(oneFile(entry('../../functions/cli.ts'), path))
  await build(oneFile(entry('machine-clock.ts'), clock))
  // What a killed process has compiled is lost; one that ends leaves it for the others.
  const environment = { NODE_COMPILE_CACHE: join(folder, 'compiled') }
  return { path, options: ['--import', clock], environment }
}

/** Starts a command and kills it as planned; a `run` that has made its round is always ended. */
export async function runAndKill(
  world: RunWorld,
  command: Command,
  plan: KillPlan,
  more: readonly string[] = [],
): Promise<Run> {
  const words = command === 'run' ? [command] : [command, '--json', ...more]
  const { program, before } = world
  const environment = { ...program.environment, TORTURE_CLOCK_MS: String(world.clockMs) }
  const around = { environment, before, options: program.options, program: program.path }
  const started = startProgram(world.folder, words, around)
  let over = false
  const ended = started.ended.finally(() => {
    over = true
  })
  const until = async (met: () => boolean, mostMs: number) => {
    for (let waitedMs = 0; !over && !met() && waitedMs < mostMs; waitedMs += 2) await sleep(2)
  }
  const roundDone = () => command === 'run' && ROUND_DONE.test(started.soFar().stderr)
  if (plan.at === 'request') {
    const wanted = world.requests() + plan.count
    await until(() => world.requests() >= wanted || roundDone(), MOST_MS)
  } else if (plan.at === 'mail') {
    await until(() => world.mailing() || roundDone(), MOST_MS)
  }
  if (plan.at !== 'never') await until(() => false, plan.afterMs)
  else await until(roundDone, MOST_MS)
  const sending = world.mailing()
  const made = roundDone()
  const alive = !over && started.process.kill('SIGKILL')
  const { exitCode, signal, stdout, stderr } = await ended
  const killed = alive && signal === 'SIGKILL'
  const completed = command === 'run' ? made : !killed && exitCode === 0
  return { command, exitCode, signal, stdout, stderr, killed, sending, completed }
}

/** A plan for a kill at a random moment; `usualMs` is how long the command usually takes. */
export function randomKill(command: Command, usualMs: number, next: () => number): KillPlan {
  const kind = next()
  if (kind < 0.3) {
    const count = between(next, 1, 12)
    return { at: 'request', count, afterMs: between(next, 0, 12) }
  }
  if (kind < 0.6 && (command === 'notify' || command === 'run')) {
    return { at: 'mail', count: 1, afterMs: between(next, 0, 40) }
  }
  return { at: 'time', afterMs: between(next, 40, Math.round(usualMs * 1.2)) }
}
