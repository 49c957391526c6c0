import type { Command } from 'commander'
import type { Settings } from '../site.ts'
import {
  CONFIG_FLAGS,
  CONFIG_HELP,
  type ConfigOption,
  configFile,
  readConfigured,
  settingsFor,
} from './configured.ts'
import type { Terminal } from './terminal.ts'

/** Adds `check`: says whether the configuration is sound, and if not, all that is wrong. */
export function addCheck(program: Command, terminal: Terminal): void {
  program
    .command('check')
    .description('check the configuration: every problem at once, with its place and its cure')
    .option(CONFIG_FLAGS, CONFIG_HELP)
    .option('--json', 'print one JSON object')
    .action((options: ConfigOption & { json?: boolean }) => {
      if (options.json) return printJson(options, terminal)
      const settings = settingsFor(options, terminal)
      if (settings) printSound(settings, terminal)
    })
}

function printSound(settings: Settings, terminal: Terminal): void {
  const count = settings.sites.length
  const { mail } = settings
  const ways = { outbox: 'the outbox folder', ses: 'SES' }
  const way = mail.kind === 'smtp' ? `SMTP ${mail.host}:${mail.port}` : ways[mail.kind]
  const sites = `${count} ${count === 1 ? 'site' : 'sites'}`
  terminal.out(`ok: ${sites}, state in ${settings.state}, mail to ${way}\n`)
}

/** `{ok, file, problems: [...]}`, and `sites: [ids]` when all is well; never a secret. */
function printJson(options: ConfigOption, terminal: Terminal): void {
  const file = configFile(options, terminal)
  const read = readConfigured(options, terminal)
  const result =
    'settings' in read
      ? { ok: true, file, problems: [], sites: read.settings.sites.map(({ id }) => id) }
      : { ok: false, file, problems: read.problems }
  if (!result.ok) terminal.exitCode = 2
  terminal.out(`${JSON.stringify(result, null, 2)}\n`)
}
