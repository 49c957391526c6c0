import type { Command } from 'commander'
import { type Reported, report } from '../pipeline.ts'
import {
  type CommonOptions,
  overState,
  printJson,
  rangeOf,
  sentence,
  stateCommand,
  withDays,
  withSites,
} from './command.ts'
import { withProgress } from './progress.ts'
import { amount } from './table.ts'
import type { Terminal } from './terminal.ts'

/** `siterounds report`: publishes the pages that have changed. */
export function addReport(program: Command, terminal: Terminal): void {
  const command = stateCommand(
    program,
    'report',
    'publish the pages that have changed: of the days kept, or of those given',
  )
  withDays(withSites(command))
    .option('--force', 'build and write every page, changed or not')
    .action((options: CommonOptions & { force?: boolean }) =>
      overState(options, terminal, async (rounds) => {
        const range = rangeOf(options)
        const quiet = options.json ?? false
        const reported = await withProgress(terminal, 'Reporting', quiet, (tell) =>
          report(rounds, {
            ...(options.site && { sites: options.site }),
            ...(range && { range }),
            ...(options.force && { force: true }),
            onSite: tell,
          }),
        )
        if (options.json) printJson(terminal, reportedJson(reported))
        else printReported(reported, terminal)
        if (reported.failures.length > 0) terminal.exitCode = 1
      }),
    )
}

/** What a report run did, as others' scripts get it. */
export function reportedJson({ published, unchanged, failures }: Reported) {
  const failed = failures.map(({ site, error }) => ({
    site,
    error: error.message,
    hint: error.hint,
    code: error.code,
  }))
  return { published, unchanged, ...(failed.length > 0 && { failures: failed }) }
}

function printReported({ published, unchanged, failures }: Reported, terminal: Terminal): void {
  terminal.out(`${amount(published.length, 'page')} published, ${unchanged} unchanged.\n`)
  for (const { site, error } of failures) terminal.err(`${site}: ${sentence(error)}\n`)
}
