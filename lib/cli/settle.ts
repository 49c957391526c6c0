import type { Command } from 'commander'
import { type Settled, settle } from '../pipeline.ts'
import {
  type CommonOptions,
  failureJson,
  failureLines,
  overState,
  printJson,
  rangeOf,
  stateCommand,
  withDays,
  withSites,
} from './command.ts'
import { withProgress } from './progress.ts'
import { amount, counted, textTable } from './table.ts'
import type { Terminal } from './terminal.ts'

/** `siterounds settle`: reads past days once more, whole, archives and closes them. */
export function addSettle(program: Command, terminal: Terminal): void {
  const command = stateCommand(
    program,
    'settle',
    'read past days once more, whole; prove, archive and close them: what is due, or the days given',
  )
  withDays(withSites(command)).action((options: CommonOptions) =>
    overState(options, terminal, async (rounds) => {
      const range = rangeOf(options)
      const settled = await withProgress(terminal, 'Settling', options.json ?? false, (tell) =>
        settle(rounds, {
          ...(options.site && { sites: options.site }),
          ...(range && { range }),
          onSite: tell,
        }),
      )
      if (options.json) printJson(terminal, settledJson(settled))
      else printSettled(settled, terminal)
      if (settled.failures.length > 0 || settled.late.length > 0) terminal.exitCode = 1
    }),
  )
}

/** What a settle run did, as others' scripts get it. */
export function settledJson({ closed, late, failures }: Settled) {
  return {
    closed: closed.map(({ site, feed, day, close, unchanged, added }) => {
      const { proof, archive } = close
      return { site, feed, day, unchanged, added, proof, archive: archive.path }
    }),
    late,
    failures: failures.map(failureJson),
  }
}

function printSettled({ closed, late, failures }: Settled, terminal: Terminal): void {
  if (closed.length > 0) {
    const rows = closed.map(({ site, feed, day, close: { proof }, unchanged, added }) => [
      ...[site, day, feed, counted(proof.lines), counted(added), `${counted(proof.bytes)} B`],
      proof.sha256.slice(0, 12),
      unchanged ? 'as before' : proof.compared ? 'closed' : 'closed, file gone',
    ])
    const heads = ['site', 'day', 'feed', 'lines', 'new', 'bytes', 'sha256', 'outcome']
    const [left, right] = ['left', 'right'] as const
    terminal.out(textTable(heads, rows, [left, left, left, right, right, right, left, left]))
  }
  terminal.out(
    closed.length === 0
      ? 'Nothing to settle.\n'
      : `${amount(closed.length, 'day file')} settled.\n`,
  )
  for (const { site, feed, day } of late) {
    terminal.err(`${site}: ${feed} of ${day} is not archived yet; its expiry was put off.\n`)
  }
  for (const line of failureLines(failures)) terminal.err(`${line}\n`)
}
