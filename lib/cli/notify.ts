import type { Command } from 'commander'
import { type Notified, notify } from '../pipeline.ts'
import {
  type CommonOptions,
  overState,
  printJson,
  sentence,
  stateCommand,
  withSites,
} from './command.ts'
import { amount } from './table.ts'
import type { Terminal } from './terminal.ts'

/** `siterounds notify`: mails what stands and was not mailed yet. */
export function addNotify(program: Command, terminal: Terminal): void {
  const command = stateCommand(program, 'notify', 'mail the alarms that stand and were not mailed')
  withSites(command).action((options: CommonOptions) =>
    overState(options, terminal, async (rounds) => {
      const notified = await notify(rounds, { sites: options.site })
      if (options.json) printJson(terminal, notifiedJson(notified))
      else printNotified(notified, terminal)
      if (notified.failures.length > 0) terminal.exitCode = 1
    }),
  )
}

/** What a notify run did, as others' scripts get it. */
export function notifiedJson({ sent, waiting, failures }: Notified) {
  const failed = failures.map(({ site, error }) => ({
    site,
    error: error.message,
    hint: error.hint,
    code: error.code,
  }))
  return { sent, waiting, ...(failed.length > 0 && { failures: failed }) }
}

function printNotified({ sent, waiting, failures }: Notified, terminal: Terminal): void {
  for (const mail of sent) {
    terminal.out(
      `mailed ${mail.to} about ${amount(mail.alarms, 'alarm')} of ${mail.group} (${mail.reason})\n`,
    )
  }
  if (sent.length === 0 && waiting === 0 && failures.length === 0) {
    terminal.out('No mail was due.\n')
  }
  if (waiting > 0) terminal.out(`Waiting to be mailed: ${amount(waiting, 'open alarm')}.\n`)
  for (const { site, error } of failures) terminal.err(`${site}: ${sentence(error)}\n`)
}
