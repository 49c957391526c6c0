import type { Command } from 'commander'
import { settingsSchema } from '../config-schema.ts'
import type { Terminal } from './terminal.ts'

/** The JSON Schema as it is printed and written to a file. */
export function schemaText(): string {
  return `${JSON.stringify(settingsSchema(), null, 2)}\n`
}

/** Adds `schema`: prints the JSON Schema of the configuration. */
export function addSchema(program: Command, terminal: Terminal): void {
  program
    .command('schema')
    .description('print the JSON Schema of the configuration, for editors')
    .action(() => terminal.out(schemaText()))
}
