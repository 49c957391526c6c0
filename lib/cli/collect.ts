import type { Command } from 'commander'
import type { Via } from '../ledger/record.ts'
import { type Collected, collect, type Rounds } from '../pipeline.ts'
import type { Day } from '../site.ts'
import { addDays, isoInstant } from '../time.ts'
import { backendOf, overStack } from './backend.ts'
import {
  type CommonOptions,
  failureJson,
  failureLines,
  guarded,
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

const BACKFILL_HELP = `
On AWS the functions of the stack read the days, a message a site and month; the
answer says how many were sent. With --here this machine reads them.`

/** `siterounds backfill`: the same over past days, asked for by hand; never mailed. */
export function addBackfill(program: Command, terminal: Terminal): void {
  const command = stateCommand(
    program,
    'backfill',
    'read past days; alarms that it reads first are never mailed',
  )
  withFeeds(withDays(withSites(command)))
    .option('--here', 'AWS: read them from this machine')
    .addHelpText('after', BACKFILL_HELP)
    .action((options: CommonOptions & { here?: boolean }) => {
      if (backendOf(options, terminal).kind === 'aws' && !options.here) {
        return guarded(terminal, () => sendBackfill(options, terminal))
      }
      return overState(options, terminal, (rounds) => {
        daysAsked(options)
        return run(rounds, options, terminal, 'backfill')
      })
    })
}

function daysAsked(options: CommonOptions) {
  const range = rangeOf(options)
  if (range) return range
  throw usage('Say which days: --day, or --from and --to.')
}

/** Lets the functions of a stack do it: they work on many sites at the same time. */
async function sendBackfill(options: CommonOptions, terminal: Terminal): Promise<void> {
  const { json, site: sites = [], feed: feeds = [], day } = options
  const { from, to } = daysAsked(options)
  await overStack(options, terminal, async (stack) => {
    const { askDispatch } = await import('../backends/dispatch-function.ts')
    const answer = await askDispatch(await stack.outputs.one('pipeline', 'DispatchFunction'), {
      ...{ job: 'backfill', from, to },
      ...(sites.length > 0 && { sites }),
      ...(feeds.length > 0 && { feeds }),
    })
    if (json) return printJson(terminal, answer)
    terminal.out(`${amount(answer.messages, 'message')} sent, as job ${answer.id}.\n`)
    const days = day ? `--day ${day}` : `--from ${from} --to ${to}`
    terminal.err(`Follow: siterounds --backend aws status ${days}\n`)
  })
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
      counted(one.rejects ?? 0),
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
