import { Command, CommanderError } from 'commander'
import { addAccess } from './access.ts'
import { addAlarms } from './alarms.ts'
import { addApply } from './apply.ts'
import { accessPlacesOf, withBackends } from './backend.ts'
import { addCheck } from './check.ts'
import { addBackfill, addCollect } from './collect.ts'
import { printError } from './command.ts'
import { addExplain } from './explain.ts'
import { addInit } from './init.ts'
import { addMail } from './mail.ts'
import { addNotify } from './notify.ts'
import { addProbe } from './probe.ts'
import { addRebuild } from './rebuild.ts'
import { addReport } from './report.ts'
import { addRun } from './run.ts'
import { addSchema } from './schema.ts'
import { addServe } from './serve.ts'
import { addSettle } from './settle.ts'
import { addSites } from './sites.ts'
import { addStatus } from './status.ts'
import type { Terminal } from './terminal.ts'
import { addVerify } from './verify.ts'

/** The command line, whole; `version` is that of the package. */
export function siteroundsProgram(terminal: Terminal, version: string): Command {
  const program = new Command('siterounds')
    .description('Makes the daily rounds of many sites.')
    .version(version)
    .showHelpAfterError('(siterounds --help lists the commands)')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => terminal.out(text),
      writeErr: (text) => terminal.err(text),
    })
    .addHelpText(
      'after',
      '\nExit codes: 0 all well, 1 some site failed, 2 wrong use or configuration.',
    )
  const adders = [
    addInit,
    addCheck,
    addProbe,
    addSchema,
    addCollect,
    addBackfill,
    addSettle,
    addNotify,
    addReport,
    addRun,
    addServe,
    addStatus,
    addAlarms,
    addExplain,
    addVerify,
    addRebuild,
    addMail,
    addApply,
    addSites,
  ]
  withBackends(program, terminal)
  for (const add of adders) add(program, terminal)
  addAccess(program, terminal, (options) => accessPlacesOf(options, terminal))
  for (const command of program.commands) inherit(command, program)
  return program
}

/** Subcommands behave like the program: no error ends the process, output goes to the terminal. */
function inherit(command: Command, parent: Command): void {
  command.copyInheritedSettings(parent)
  for (const child of command.commands) inherit(child, command)
}

/** Runs one command line; the exit code stands in `terminal` afterwards. Throws nothing. */
export async function runCommand(
  args: readonly string[],
  terminal: Terminal,
  version: string,
): Promise<void> {
  try {
    await siteroundsProgram(terminal, version).parseAsync([...args], { from: 'user' })
  } catch (thrown) {
    if (thrown instanceof CommanderError) {
      if (thrown.exitCode !== 0) terminal.exitCode = 2
      return
    }
    printError(thrown, terminal)
  }
}
