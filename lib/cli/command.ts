import { type Command, Option } from 'commander'
import { asRoundsError, RoundsError } from '../errors.ts'
import type { FileFailure } from '../ledger/collect-day.ts'
import { jsonLog, silentLog } from '../log.ts'
import type { Rounds } from '../pipeline.ts'
import { type Day, FEEDS } from '../site.ts'
import { addDays, parseDay, systemClock } from '../time.ts'
import { type BackendOptions, openRounds } from './backend.ts'
import { CONFIG_FLAGS, CONFIG_HELP } from './configured.ts'
import { shown } from './table.ts'
import type { Terminal } from './terminal.ts'

/** Options that commands over the state share. */
export interface CommonOptions extends BackendOptions {
  config?: string
  json?: boolean
  site?: string[]
  feed?: (typeof FEEDS)[number][]
  day?: Day
  from?: Day
  to?: Day
  logs?: boolean
}

/** A command with the options that all commands over the state take. */
export function stateCommand(program: Command, name: string, description: string): Command {
  return program
    .command(name)
    .description(description)
    .option(CONFIG_FLAGS, CONFIG_HELP)
    .option('--json', 'print the result as JSON')
    .option('--logs', 'write log lines (JSON) to standard error')
}

/** Adds `--site`, which may be given again. */
export function withSites(command: Command): Command {
  return command.option('--site <id>', 'only this site (may be given again)', gathered, [])
}

/** Adds `--day`, or `--from` and `--to`. */
export function withDays(command: Command): Command {
  return command
    .option('--day <YYYY-MM-DD>', 'only this day', dayOption)
    .option('--from <YYYY-MM-DD>', 'from this day on', dayOption)
    .option('--to <YYYY-MM-DD>', 'up to this day', dayOption)
}

/** Adds `--feed`, which may be given again. */
export function withFeeds(command: Command): Command {
  const option = new Option('--feed <feed>', 'only this feed (may be given again)')
  return command.addOption(
    option
      .choices([...FEEDS])
      .argParser(feedOption)
      .default([]),
  )
}

function gathered(value: string, before: string[]): string[] {
  return [...before, value]
}

function feedOption(value: string, before: unknown): string[] {
  if ((FEEDS as readonly string[]).includes(value)) return [...(before as string[]), value]
  throw usage(`“${value}” is no feed.`, `Feeds are ${FEEDS.join(', ')}.`)
}

function dayOption(value: string): Day {
  const day = parseDay(value)
  if (day) return day
  throw usage(`“${value}” is no day.`, 'Write days as YYYY-MM-DD, such as 2026-11-10.')
}

/** Wrong use of a command: exit code 2. */
export function usage(message: string, hint = ''): RoundsError {
  return new RoundsError('usage', 'stop', message, hint)
}

/** Three years and a bit: more days than that are a slip of the keyboard. */
const MOST_DAYS = 1_100

/** The days that `--day`, `--from` and `--to` name; undefined when none of them was given. */
export function rangeOf({ day, from, to }: CommonOptions): { from: Day; to: Day } | undefined {
  if (day && (from || to)) throw usage('Give either --day, or --from and --to.')
  if (day) return { from: day, to: day }
  if (!from && !to) return undefined
  if (!from || !to) throw usage('Give both --from and --to.')
  if (from > to) throw usage(`--from ${from} lies after --to ${to}.`)
  if (addDays(from, MOST_DAYS) <= to) throw usage(`At most ${MOST_DAYS} days can be given.`)
  return { from, to }
}

/**
 * Runs the body of a command over the state that was chosen: the one that the configuration names,
 * or that of a stack on AWS. Closes it behind.
 * Wrong use, wrong configuration and a state that cannot be used end with exit code 2 and one
 * clear sentence.
 */
export async function overState(
  options: CommonOptions,
  terminal: Terminal,
  body: (rounds: Rounds) => Promise<void>,
): Promise<void> {
  await guarded(terminal, async () => {
    const log = options.logs ? jsonLog((line) => terminal.err(line), systemClock.now) : silentLog
    const rounds = await openRounds(options, terminal, log)
    if (!rounds) return
    try {
      await body(rounds)
    } finally {
      await rounds.close()
    }
  })
}

/** Runs a command's body; an error becomes one sentence, its hint, and exit code 2. */
export async function guarded(terminal: Terminal, body: () => Promise<void>): Promise<void> {
  try {
    await body()
  } catch (thrown) {
    printError(thrown, terminal)
  }
}

/** Tells what ended a command, in one sentence with its hint; it may repeat what was typed. */
export function printError(thrown: unknown, terminal: Terminal): void {
  const lines = sentence(asRoundsError(thrown)).split('\n')
  terminal.err(`${lines.map(shown).join('\n')}\n`)
  terminal.exitCode = 2
}

/** An error as people read it: what failed, and what to do. */
export function sentence({ message, hint }: RoundsError): string {
  const ended = /[.!?。：:]$/.test(message) ? message : `${message}.`
  return hint ? `${ended} ${hint}` : ended
}

/** Prints a result as JSON. */
export function printJson(terminal: Terminal, value: unknown): void {
  terminal.out(`${JSON.stringify(value, null, 2)}\n`)
}

/**
 * Failures as people read them: one line for all files of a site that failed in the same way, with
 * the words of the first.
 */
export function failureLines(failures: readonly FileFailure[]): string[] {
  const alike = new Map<string, FileFailure[]>()
  for (const failure of failures) {
    const key = JSON.stringify([failure.site, failure.error.code, failure.error.hint])
    alike.set(key, [...(alike.get(key) ?? []), failure])
  }
  return [...alike.values()].map((all) => {
    const { site, error } = all[0]!
    const feeds = [...new Set(all.map(({ feed }) => feed))].join(', ')
    const days = all.map(({ day }) => day).sort()
    const [first, last] = [days[0], days.at(-1)]
    const when = first === last ? first : `${first} to ${last}`
    return `${site}: ${sentence(error)} (${feeds}; ${when})`
  })
}

/** A failure to read a day file as others' scripts get it. */
export function failureJson({ site, feed, day, error }: FileFailure) {
  return { site, feed, day, error: error.message, hint: error.hint, code: error.code }
}
