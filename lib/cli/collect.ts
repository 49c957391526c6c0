import type { Command } from 'commander'
import type { Via } from '../ledger/record.ts'
import { type Collected, collect, type Rounds } from '../pipeline.ts'
import type { Day } from '../site.ts'
import { addDays, isoInstant } from '../time.ts'
import {
  type CommonOptions,
  failureJson,
  failureLines,
  overState,
  printJson,
  rangeOf,
  stateCommand,
  usage,
  withDays,
  withFeeds,
  withSites,
} from './command.ts'
import { withProgress } from './progress.ts'
import { amount, counted, textTable } from './table.ts'
import type { Terminal } from './terminal.ts'

/** `siterounds collect`: reads what is new; mails nothing. */
export function addCollect(program: Command, terminal: Terminal): void {
  const command = stateCommand(
    program,
    'collect',
    'read what is new at the sites: today and every unsettled day, or the days given',
  )
  withFeeds(withDays(withSites(command))).action((options: CommonOptions) =>
    overState(options, terminal, (rounds) => run(rounds, options, terminal, 'round')),
  )
}

/** `siterounds backfill`: the same over past days, asked for by hand; never mailed. */
export function addBackfill(program: Command, terminal: Terminal): void {
  const command = stateCommand(
    program,
    'backfill',
    'read past days; alarms that it reads first are never mailed',
  )
  withFeeds(withDays(withSites(command))).action((options: CommonOptions) =>
    overState(options, terminal, (rounds) => {
      if (!rangeOf(options)) throw usage('Say which days: --day, or --from and --to.')
      return run(rounds, options, terminal, 'backfill')
    }),
  )
}

async function run(
  rounds: Rounds,
  options: CommonOptions,
  terminal: Terminal,
  via: Via,
): Promise<void> {
  const range = rangeOf(options)
  const title = via === 'round' ? 'Collecting' : 'Backfilling'
  const collected = await withProgress(terminal, title, options.json ?? false, (tell) =>
    collect(rounds, {
      via,
      ...(options.site && { sites: options.site }),
      ...(options.feed && { feeds: options.feed }),
      ...(range && { range }),
      onSite: tell,
    }),
  )
  if (options.json) printJson(terminal, collectedJson(collected))
  else {
    printCollected(collected, terminal)
    if (range && collected.files.length > 0) terminal.err(oldPages(rounds, range))
  }
  if (collected.failures.length > 0) terminal.exitCode = 1
}

/** How the pages of days come about that reports do not look at by themselves any more. */
function oldPages({ settings, clock }: Rounds, { from, to }: { from: Day; to: Day }): string {
  const { keepDays } = settings.retention
  const today = isoInstant(clock.now()).slice(0, 10)
  if (from >= addDays(today, -keepDays)) return ''
  return (
    `Reports look ${amount(keepDays, 'day')} back; the pages of older ones are made by:\n` +
    `  siterounds report --from ${from} --to ${to}\n`
  )
}

/** What a collect run did, as others' scripts get it. */
export function collectedJson({ files, totals, failures }: Collected) {
  return { files, totals, failures: failures.map(failureJson) }
}

/** What a collect run did, as people read it. */
function printCollected({ files, totals, failures }: Collected, terminal: Terminal): void {
  if (files.length > 0) {
    const rows = files.map((one) => [
      one.site,
      one.day,
      one.feed,
      counted(one.lines),
      counted(one.rejects),
      `${counted(one.end - one.start)} B`,
      one.generation,
    ])
    const heads = ['site', 'day', 'feed', 'lines', 'rejects', 'read', 'generation']
    const right = 'right' as const
    terminal.out(textTable(heads, rows, ['left', 'left', 'left', right, right, right, right]))
  }
  terminal.out(
    files.length === 0
      ? 'Nothing new.\n'
      : `${amount(totals.lines, 'line')} from ${amount(files.length, 'file')}.\n`,
  )
  for (const line of failureLines(failures)) terminal.err(`${line}\n`)
}
