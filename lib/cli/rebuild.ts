import type { Command } from 'commander'
import { rebuild } from '../upkeep/rebuild.ts'
import type { Changed, Rebuilt } from '../upkeep/rebuilt.ts'
import {
  type CommonOptions,
  overState,
  printJson,
  sentence,
  stateCommand,
  withSites,
} from './command.ts'
import { withProgress } from './progress.ts'
import { amount, counted } from './table.ts'
import type { Terminal } from './terminal.ts'
import { KEPT_SPACE, wrapped } from './wrapped.ts'

const HELP = `
Computes the figures of days, the alarm books, the Parquet files and the pages
again from ledger and archive, and puts what comes out otherwise in the place
of what stood there. What was read, when it was read, and what was mailed stay;
nothing is mailed. It may be stopped and run again at any moment, and rounds
may go on beside it.
Exit code 1 means that something could not be computed; it stands as before.`

/** `siterounds rebuild`: computes again all that is computed. */
export function addRebuild(program: Command, terminal: Terminal): void {
  const command = stateCommand(
    program,
    'rebuild',
    'compute everything again from ledger and archive; mails nothing',
  )
  withSites(command)
    .addHelpText('after', HELP)
    .action((options: CommonOptions) =>
      overState(options, terminal, async (rounds) => {
        const quiet = options.json ?? false
        const rebuilt = await withProgress(terminal, 'Rebuilding', quiet, (tell) =>
          rebuild(rounds, { ...(options.site && { sites: options.site }), onStep: tell }),
        )
        if (options.json) printJson(terminal, rebuiltJson(rebuilt))
        else printRebuilt(rebuilt, terminal)
        if (rebuilt.failures.length > 0) terminal.exitCode = 1
      }),
    )
}

/** What a rebuild did, as others' scripts get it. */
function rebuiltJson({ failures, ...rebuilt }: Rebuilt) {
  const failed = failures.map(({ error, ...of }) => {
    return { ...of, error: error.message, hint: error.hint, code: error.code }
  })
  return { ...rebuilt, failures: failed }
}

function printRebuilt(rebuilt: Rebuilt, terminal: Terminal): void {
  const { sites, days, parquet, pages, changed, failures } = rebuilt
  const files = `${amount(parquet, 'Parquet file')} and ${amount(pages, 'page')} written anew`
  terminal.out(`${amount(days, 'day')} of ${amount(sites, 'site')} computed; ${files}.\n`)
  terminal.out(
    changed.length === 0 ? 'Everything came out as it stood.\n' : 'Came out otherwise:\n',
  )
  for (const [what, all] of Map.groupBy(changed, (one) => one.what)) {
    const left = all.length - SHOWN
    const more = left > 0 ? ` and ${counted(left)} more` : ''
    terminal.out(wrapped(`${all.slice(0, SHOWN).map(nameOf).join(', ')}${more}`, LEADS[what]))
  }
  for (const { site, day, error } of failures) {
    terminal.err(`${site}${day ? ` ${day}` : ''}: ${sentence(error)}\n`)
  }
}

/** So many of a kind are named; the others are counted. */
const SHOWN = 5

const LEADS: Readonly<Record<Changed['what'], string>> = {
  figures: '  figures  ',
  alarms: '  alarms   ',
  parquet: '  Parquet  ',
  pages: '  pages    ',
}

function nameOf({ what, site, feed, day }: Changed): string {
  if (what !== 'pages') return [site, feed, day].filter(Boolean).join(KEPT_SPACE)
  if (!site) return `all${KEPT_SPACE}sites`
  return `${site}${KEPT_SPACE}${day ?? 'calendar'}`
}
