import { resolve } from 'node:path'
import { DEFAULT_CONFIG_FILE, readSettings } from '../config.ts'
import { formatProblem, type Problem } from '../config-problems.ts'
import type { Settings } from '../site.ts'
import type { Terminal } from './terminal.ts'

/** The option that every command with a configuration takes, and its help. */
export const CONFIG_FLAGS = '--config <file>'
export const CONFIG_HELP = `default: $SITEROUNDS_CONFIG, else ./${DEFAULT_CONFIG_FILE}`

/** What the option gives. */
export interface ConfigOption {
  config?: string
}

/** The configuration's path as people named it: the option, the environment, or the default. */
export function configFile(options: ConfigOption, terminal: Terminal): string {
  return options.config || terminal.env.SITEROUNDS_CONFIG || DEFAULT_CONFIG_FILE
}

/** Reads the configuration; problems name the file as people did. */
export function readConfigured(
  options: ConfigOption,
  terminal: Terminal,
): { settings: Settings } | { problems: Problem[] } {
  const file = configFile(options, terminal)
  const read = readSettings(resolve(terminal.cwd, file), terminal.env)
  if ('settings' in read) return read
  return { problems: read.problems.map((problem) => ({ ...problem, file })) }
}

/** The settings; or undefined after every problem was printed and the exit code set to 2. */
export function settingsFor(options: ConfigOption, terminal: Terminal): Settings | undefined {
  const read = readConfigured(options, terminal)
  if ('settings' in read) return read.settings
  for (const problem of read.problems) terminal.err(`${formatProblem(problem)}\n`)
  terminal.exitCode = 2
  return undefined
}
