import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { readDictionary } from '../alarms/dictionary.ts'
import type { Stack } from '../backends/stack.ts'
import { readFleetSettings } from '../config-fleet.ts'
import { formatProblem } from '../config-problems.ts'
import { asRoundsError, RoundsError } from '../errors.ts'
import type { Settings } from '../site.ts'
import { secretNames } from '../site-secrets.ts'
import { type BackendOptions, overStack } from './backend.ts'
import { guarded, printJson, sentence } from './command.ts'
import { configFile } from './configured.ts'
import { offeredJson, offerVersion, standingSettings, type WriteOptions } from './new-version.ts'
import type { Terminal } from './terminal.ts'

interface ApplyOptions extends BackendOptions, WriteOptions {}

const HELP = `
Shows what is different from the settings that count, asks, and makes the file
the next version of them; the functions work by it from the next round on. The
file is checked as siterounds check does. Passwords stay where they are: \${NAME}
in the file refers to NAME in the secret of the stack (output SiteSecretArn).
Sites that are no longer in the file are not read any more; all that is kept of
them stays.`

/** `siterounds --backend aws apply FILE`: makes a configuration the settings of a stack. */
export function addApply(program: Command, terminal: Terminal): void {
  program
    .command('apply')
    .description('AWS: make a configuration file the settings of the stack')
    .argument('[file]', 'default: $SITEROUNDS_CONFIG, else ./siterounds.yaml')
    .option('--yes', 'do not ask')
    .option('--note <text>', 'why, for siterounds sites history')
    .option('--dry-run', 'show the differences and write nothing')
    .option('--json', 'print the result as JSON; needs --yes or --dry-run')
    .addHelpText('after', HELP)
    .action((file: string | undefined, options: ApplyOptions) =>
      guarded(terminal, () => apply(configFile({ config: file }, terminal), options, terminal)),
    )
}

async function apply(file: string, options: ApplyOptions, terminal: Terminal): Promise<void> {
  const read = readFleetSettings(resolve(terminal.cwd, file))
  if ('problems' in read) {
    for (const problem of read.problems) terminal.err(`${formatProblem({ ...problem, file })}\n`)
    terminal.exitCode = 2
    return
  }
  const dictionary = dictionaryOf(read.settings)
  const settings = dictionary
    ? { ...read.settings, alarmDictionary: dictionary.path }
    : read.settings
  await overStack(options, terminal, async (stack) => {
    const { archive } = stack.ports
    const standing = await standingSettings(stack)
    const missing = await missingSecrets(stack, settings)
    const proposal = {
      settings,
      warnings: [...missing.warnings, ...(await mailWarnings(stack, settings))],
      async prepare() {
        if (!dictionary || (await archive.get(dictionary.path))) return
        await archive.put(dictionary.path, dictionary.bytes, { contentType: 'text/csv' })
      },
    }
    const offered = await offerVersion(stack, standing, proposal, options, terminal)
    if (options.json) {
      printJson(terminal, { ...offeredJson(offered), missingSecrets: missing.names })
    }
  })
}

/** The alarm dictionary of this machine, and where it is to lie: its content decides. */
function dictionaryOf({ alarmDictionary: file }: Settings) {
  if (file === undefined) return undefined
  let bytes: Buffer
  try {
    bytes = readFileSync(file)
  } catch (cause) {
    throw new RoundsError(
      'dictionary',
      'stop',
      `The alarm dictionary ${file} cannot be read (${(cause as NodeJS.ErrnoException).code}).`,
      'Mend alarmDictionary in the configuration, or leave it out.',
      { cause },
    )
  }
  readDictionary(file, bytes.toString())
  const digest = createHash('sha256').update(bytes).digest('hex')
  return { path: `dictionary/${digest}.csv`, bytes }
}

/** The names that the settings refer to and that the secret of the stack does not hold. */
async function missingSecrets({ ports }: Stack, settings: Settings) {
  const needed = secretNames(settings)
  if (needed.size === 0) return { names: [], warnings: [] }
  try {
    const secrets = await ports.secrets()
    const missing = [...needed].filter(([name]) => !(Object.hasOwn(secrets, name) && secrets[name]))
    const names = missing.map(([name]) => name).sort()
    return { names, warnings: missing.length > 0 ? [missingText(missing)] : [] }
  } catch (thrown) {
    const why = sentence(asRoundsError(thrown))
    return { names: [], warnings: [`Whether every password is there is not known: ${why}`] }
  }
}

/** So many names, and of each so many sites, are told; the others are counted. */
const TOLD = 5

function missingText(missing: readonly (readonly [string, readonly string[]])[]): string {
  const told = missing.slice(0, TOLD).map(([name, who]) => {
    const more = who.length > TOLD ? ` and ${who.length - TOLD} more` : ''
    return `${name} (${who.slice(0, TOLD).join(', ')}${more})`
  })
  const others = missing.length > TOLD ? ` and ${missing.length - TOLD} more` : ''
  return (
    `The secret of the stack lacks ${told.join(', ')}${others}. What needs them fails until they ` +
    'are there: aws secretsmanager put-secret-value (infra/README.md).'
  )
}

/** A stack that was deployed without a domain for mail cannot send by SES. */
async function mailWarnings({ prefix, outputs, ports }: Stack, { mail }: Settings) {
  if (mail.kind !== 'ses' || ports.places.configurationSet) return []
  const isThere = await outputs.all('pipeline').then(
    () => true,
    () => false,
  )
  if (!isThere) return []
  return [
    `${prefix}-pipeline was deployed without mailDomain, so it cannot send by SES. Give ` +
      'mailDomain in cdk.json (infra/README.md) and deploy it, or set mail.kind: smtp.',
  ]
}
