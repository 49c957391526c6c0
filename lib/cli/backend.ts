import type { Command } from 'commander'
import type { AccessPlaces } from '../backends/access.ts'
import { openEmbedded } from '../backends/embedded.ts'
import type { Stack } from '../backends/stack.ts'
import { RoundsError } from '../errors.ts'
import type { Log } from '../log.ts'
import type { Rounds } from '../pipeline.ts'
import { settingsFor } from './configured.ts'
import type { Terminal } from './terminal.ts'

/** What the global options give; the environment speaks where they are silent. */
export interface BackendOptions {
  backend?: string
  stack?: string
}

/** Where the state is: on this machine, or in the stacks of a fleet on AWS. */
export type Backend = { kind: 'embedded' } | { kind: 'aws'; prefix: string }

const BACKENDS = ['embedded', 'aws']

/** The variable of the environment that says which stacks. */
const STACK_PREFIX = 'SITEROUNDS_STACK_PREFIX'

/** What `npx cdk deploy` calls the stacks when nothing else is said. */
const DEFAULT_PREFIX = 'siterounds'

/** Names of stacks that the settings of a deployment allow (infra/settings.ts). */
const PREFIX = /^[a-z][a-z0-9-]{0,30}$/

/** Commands that make sense on one machine only: why, and what to do instead. */
const HERE_ONLY: Readonly<Record<string, readonly [why: string, instead: string]>> = {
  init: ['init writes a configuration for this machine.', ''],
  check: [
    'check reads the configuration of this machine.',
    'For a stack: siterounds --backend aws apply siterounds.yaml --dry-run',
  ],
  probe: ['probe looks at sites from this machine, by its configuration.', ''],
  run: [
    'On AWS the schedules of the stack make the rounds.',
    'siterounds --backend aws status says what came.',
  ],
  serve: [
    'On AWS CloudFront serves the report site.',
    'siterounds access link prints a link that opens it.',
  ],
}

/** Commands that make sense for a stack only. */
const STACK_ONLY: Readonly<Record<string, string>> = {
  apply: 'apply brings settings into a stack on AWS; one machine reads them from its file.',
  'sites list': 'The sites of one machine stand in its configuration.',
  'sites show': 'The sites of one machine stand in its configuration.',
  'sites history': 'One machine keeps no versions of its settings.',
  'sites diff': 'One machine keeps no versions of its settings.',
  'sites rollback': 'One machine keeps no versions of its settings.',
}

/**
 * Adds the global options, before or behind the name of a command, and hands them to each command
 * with its own. A command that cannot work with the back end that was chosen ends there.
 */
export function withBackends(program: Command, terminal: Terminal): void {
  program
    .option('--backend <name>', 'embedded, or aws (default: $SITEROUNDS_BACKEND, embedded)')
    .option('--stack <prefix>', `of stacks on AWS (default: $${STACK_PREFIX}, ${DEFAULT_PREFIX})`)
    .configureHelp({ showGlobalOptions: true })
    .hook('preAction', (_, command) => {
      const { backend, stack } = program.opts<BackendOptions>()
      if (backend !== undefined) command.setOptionValue('backend', backend)
      if (stack !== undefined) command.setOptionValue('stack', stack)
      refuseOthers(nameOf(command, program), { backend, stack }, terminal)
    })
}

function nameOf(command: Command, program: Command): string {
  const { parent } = command
  return parent && parent !== program ? `${parent.name()} ${command.name()}` : command.name()
}

function refuseOthers(name: string, options: BackendOptions, terminal: Terminal): void {
  // The keys of links exist on AWS only: whoever asks for them need not say so.
  if (name.startsWith('access ')) return
  const { kind } = backendOf(options, terminal)
  const here = Object.hasOwn(HERE_ONLY, name) ? HERE_ONLY[name] : undefined
  if (kind === 'aws' && here) {
    const [why, instead] = here
    throw refusal(why, instead || 'Leave out --backend aws, or write --backend embedded.')
  }
  const there = Object.hasOwn(STACK_ONLY, name) ? STACK_ONLY[name] : undefined
  if (kind === 'embedded' && there) throw refusal(there, 'For a stack write --backend aws.')
}

/** The back end that was chosen. Throws for one that there is not. */
export function backendOf({ backend, stack }: BackendOptions, { env }: Terminal): Backend {
  const kind = backend ?? (env.SITEROUNDS_BACKEND || 'embedded')
  if (!BACKENDS.includes(kind)) {
    const where = backend === undefined ? ' (SITEROUNDS_BACKEND)' : ''
    throw refusal(`“${kind}” is no back end${where}.`, `Write ${BACKENDS.join(' or ')}.`)
  }
  if (kind === 'aws') return { kind, prefix: prefixOf({ stack }, env) }
  if (stack === undefined) return { kind: 'embedded' }
  throw refusal('--stack names stacks on AWS.', 'Write --backend aws as well, or leave it out.')
}

function prefixOf({ stack }: BackendOptions, env: Terminal['env']): string {
  const prefix = stack ?? (env[STACK_PREFIX] || DEFAULT_PREFIX)
  if (PREFIX.test(prefix)) return prefix
  throw refusal(
    `“${prefix}” cannot begin the names of stacks.`,
    'It is the prefix of the deployment: a-z, 0-9 and -, at most 31 of them.',
  )
}

function refusal(message: string, hint: string): RoundsError {
  return new RoundsError('usage', 'stop', message, hint)
}

/** Rounds that somebody must close. */
export type OpenRounds = Rounds & { close(): Promise<void> }

/**
 * Opens the rounds of the back end that was chosen; undefined after problems of the configuration
 * were printed. On AWS the settings are the newest version in the table.
 */
export async function openRounds(
  options: BackendOptions & { config?: string },
  terminal: Terminal,
  log: Log,
): Promise<OpenRounds | undefined> {
  const backend = backendOf(options, terminal)
  if (backend.kind === 'aws') {
    if (options.config !== undefined) throw noFile()
    const { openStackRounds } = await import('../backends/stack.ts')
    return openStackRounds(backend.prefix, log)
  }
  const settings = settingsFor(options, terminal)
  return settings && openEmbedded(settings, log)
}

function noFile(): RoundsError {
  return refusal(
    'On AWS the settings are the newest version that was applied, and no file.',
    'Leave out --config; siterounds --backend aws apply FILE brings a file there.',
  )
}

/** Opens the stacks that were named, runs `body`, and closes them. */
export async function overStack(
  options: BackendOptions,
  terminal: Terminal,
  body: (stack: Stack) => Promise<void>,
): Promise<void> {
  const { openStack } = await import('../backends/stack.ts')
  const stack = await openStack(prefixOf(options, terminal.env))
  try {
    await body(stack)
  } finally {
    await stack.close()
  }
}

/** Where the report site of the stacks that were named is, and the keys of its links. */
export async function accessPlacesOf(
  options: BackendOptions,
  { env }: Terminal,
): Promise<AccessPlaces> {
  const { accessPlaces } = await import('../backends/stack-outputs.ts')
  return accessPlaces(prefixOf(options, env))
}
