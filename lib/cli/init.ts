import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import type { Command } from 'commander'
import { SCHEMA_FILE, sampleSettings } from '../config-sample.ts'
import { CONFIG_FLAGS, CONFIG_HELP, type ConfigOption, configFile } from './configured.ts'
import { schemaText } from './schema.ts'
import type { Terminal } from './terminal.ts'

/** Adds `init`: writes a sample configuration, and beside it the schema for editors. */
export function addInit(program: Command, terminal: Terminal): void {
  program
    .command('init')
    .description('write a commented sample configuration, and its schema for editors')
    .option(CONFIG_FLAGS, CONFIG_HELP)
    .option('--force', 'overwrite what is there')
    .action((options: ConfigOption & { force?: boolean }) => {
      const file = configFile(options, terminal)
      const path = resolve(terminal.cwd, file)
      try {
        writeSample(path, options.force === true, terminal)
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException
        terminal.err(`${file} cannot be written (${code}) — choose another place with --config\n`)
        terminal.exitCode = 2
      }
    })
}

function writeSample(path: string, force: boolean, terminal: Terminal): void {
  const shown = (file: string) => relative(terminal.cwd, file)
  const files = new Map([
    [path, sampleSettings()],
    [join(dirname(path), SCHEMA_FILE), schemaText()],
  ])
  const inTheWay = [...files].filter(([file, text]) => existsSync(file) && !holds(file, text))
  if (inTheWay.length && !force) {
    for (const [file] of inTheWay) terminal.err(`${shown(file)} exists already\n`)
    terminal.err('nothing was written — use --force to overwrite, or --config for another file\n')
    terminal.exitCode = 2
    return
  }
  mkdirSync(dirname(path), { recursive: true })
  for (const [file, text] of files) {
    // Without --force a file that came into being meanwhile is an error, not overwritten.
    if (!existsSync(file) || force) writeFileSync(file, text, { flag: force ? 'w' : 'wx' })
    terminal.out(`wrote ${shown(file)}\n`)
  }
  const option = shown(path) === 'siterounds.yaml' ? '' : ` --config ${shown(path)}`
  terminal.out(`next: put your sites into ${shown(path)}, then run siterounds check${option}\n`)
}

function holds(file: string, text: string): boolean {
  return readFileSync(file, 'utf8') === text
}
