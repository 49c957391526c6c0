import { setTimeout as sleep } from 'node:timers/promises'
import type { Command } from 'commander'
import { asRoundsError } from '../errors.ts'
import type { FileFailure } from '../ledger/collect-day.ts'
import type { Rounds } from '../pipeline.ts'
import { isoInstant, MINUTE_MS } from '../time.ts'
import { type CommonOptions, failureLines, overState, sentence, stateCommand } from './command.ts'
import { makeRound, type Round, type RoundTimes, roundJson, roundLine } from './round.ts'
import { servePages } from './serve.ts'
import { lateLines } from './settle.ts'
import { untilStopped } from './stop.ts'
import type { Terminal } from './terminal.ts'

interface RunOptions extends CommonOptions {
  serve?: boolean
}

/** `siterounds run`: keeps the schedule until it is stopped. */
export function addRun(program: Command, terminal: Terminal): void {
  stateCommand(program, 'run', 'keep the schedule: collect, notify, settle, report, until Ctrl-C')
    .option('--serve', 'also show the report site on this machine')
    .action((options: RunOptions) =>
      overState(options, terminal, async (rounds) => {
        const served = options.serve ? await servePages(rounds.settings) : undefined
        const every = rounds.settings.schedule.everyMinutes
        terminal.err(`A round every ${every} minutes. Ctrl-C ends this.\n`)
        if (served) terminal.err(`The report site: ${served.url}\n`)
        const print = (made: Round, atMs: number) => {
          terminal.out(`${JSON.stringify({ at: isoInstant(atMs), ...roundJson(made) })}\n`)
        }
        const around = { tell: terminal.err, ...(options.json && { onRound: print }) }
        await keepRounds(rounds, around, every * MINUTE_MS, untilStopped())
        await served?.close()
      }),
    )
}

/** What is done around every round. */
export interface AroundRounds {
  /** Gets a line about each round, and why sites fail. */
  tell(line: string): void
  before?(): Promise<void>
  onRound?(made: Round, startedMs: number): void
}

/**
 * Makes a round at once and then one every `everyMs`, never two at a time, until `stopped`. A round
 * that takes longer than the pause makes the next one start late, not twice. A failed round is told
 * and the next one tries again; an error of class `stop` ends it.
 */
export async function keepRounds(
  rounds: Rounds,
  { tell, before, onRound }: AroundRounds,
  everyMs: number,
  stopped: Promise<void>,
): Promise<void> {
  const times: RoundTimes = { startedMs: 0, nextMs: 0 }
  const failing = tellsFailures(tell)
  let broken: unknown
  const round = async () => {
    times.startedMs = rounds.clock.now()
    times.nextMs = times.startedMs + everyMs
    try {
      await before?.()
      const made = await makeRound(rounds, times)
      tell(`${clockTime(times.startedMs)}  ${roundLine(made)}\n`)
      failing(made)
      onRound?.(made, times.startedMs)
    } catch (thrown) {
      const error = asRoundsError(thrown)
      rounds.log('error', 'round:failed', { code: error.code, message: error.message })
      if (error.class === 'stop') broken = error
      else tell(`${clockTime(times.startedMs)}  ${sentence(error)}\n`)
    }
  }
  const stop = new AbortController()
  let underWay = false
  void stopped.then(() => {
    if (underWay) tell('Finishing the round that is under way; Ctrl-C again ends at once.\n')
    stop.abort()
  })
  while (!stop.signal.aborted && !broken) {
    // No time of day: a clock that is set back would make rounds stand still until it comes again.
    const pause = sleep(everyMs, undefined, { signal: stop.signal }).catch(() => {})
    underWay = true
    await round()
    underWay = false
    if (broken) stop.abort()
    await pause
  }
  if (broken) throw broken
}

/**
 * Tells, round by round, why sites fail: once for each reason, and again when it has changed.
 * Settling is tried less often than collecting: what kept it holds until it is tried again.
 */
export function tellsFailures(tell: (line: string) => void): (round: Round) => void {
  let told = new Set<string>()
  let unsettled: FileFailure[] = []
  return ({ collected: { failures }, settled }) => {
    if (settled) unsettled = settled.failures
    // A site that is down fails in the same way for the days that are to be settled.
    const known = new Set(failures.map(sameReason))
    const all = [...failures, ...unsettled.filter((one) => !known.has(sameReason(one)))]
    const lines = failureLines(all)
    for (const line of lines) if (!told.has(line)) tell(`          ${line}\n`)
    for (const line of lateLines(settled?.late ?? [])) tell(`          ${line}\n`)
    told = new Set(lines)
  }
}

function sameReason({ site, error }: FileFailure): string {
  return `${site} ${error.code}`
}

/** The time of day on this machine, for lines on a terminal. */
function clockTime(ms: number): string {
  return new Date(ms).toLocaleTimeString('en-GB')
}
