import type { Command } from 'commander'
import type { Stack } from '../backends/stack.ts'
import { settingsChanges } from '../settings-changes.ts'
import type { Site } from '../site.ts'
import { versionsOf } from '../store/settings-versions.ts'
import { isoInstant } from '../time.ts'
import { type BackendOptions, overStack } from './backend.ts'
import { changesJson, changesSummary, changesText } from './changes.ts'
import { guarded, printJson, usage } from './command.ts'
import { offeredJson, offerVersion, standingSettings, type WriteOptions } from './new-version.ts'
import { siteYaml } from './probe-yaml.ts'
import { addRemove } from './sites-remove.ts'
import { amount, counted, shown, textTable } from './table.ts'
import type { Terminal } from './terminal.ts'

interface SitesOptions extends BackendOptions {
  json?: boolean
}

/** Versions that `history` shows when nothing is said. */
const USUAL_VERSIONS = 20

/** `siterounds sites`: the sites of a stack on AWS, and the versions of its settings. */
export function addSites(program: Command, terminal: Terminal): void {
  const sites = program.command('sites').description('the sites of a stack, and their history')
  const command = (name: string, description: string) =>
    sites.command(name).description(description).option('--json', 'print the result as JSON')
  const over = (options: BackendOptions, body: (stack: Stack) => Promise<void>) =>
    guarded(terminal, () => overStack(options, terminal, body))

  command('list', 'AWS: ids and names of all sites').action((options: SitesOptions) =>
    over(options, (stack) => list(stack, options, terminal)),
  )
  command('show', 'AWS: the settings of a site, as the configuration would have them')
    .argument('<id>', 'the id of a site')
    .action((id: string, options: SitesOptions) =>
      over(options, (stack) => show(stack, id, options, terminal)),
    )
  command('history', 'AWS: the versions of the settings, newest first')
    .option('--limit <n>', 'how many', numberOf('a number of versions'), USUAL_VERSIONS)
    .action((options: SitesOptions & { limit: number }) =>
      over(options, (stack) => history(stack, options, terminal)),
    )
  command('diff', 'AWS: what differs between two versions')
    .argument('[a]', 'a version; default: the one before the newest', numberOf('a version'))
    .argument('[b]', 'another one; default: the newest', numberOf('a version'))
    .action((a: number | undefined, b: number | undefined, options: SitesOptions) =>
      over(options, (stack) => diff(stack, [a, b], options, terminal)),
    )
  command('rollback', 'AWS: make what an older version says the newest one')
    .argument('<version>', 'its number, as history shows it', numberOf('a version'))
    .option('--yes', 'do not ask')
    .option('--note <text>', 'why, for siterounds sites history')
    .option('--dry-run', 'show the differences and write nothing')
    .action((version: number, options: SitesOptions & WriteOptions) =>
      over(options, (stack) => rollback(stack, version, options, terminal)),
    )
  addRemove(sites, terminal)
}

function numberOf(what: string) {
  return (text: string): number => {
    if (/^[1-9]\d{0,7}$/.test(text)) return Number(text)
    throw usage(`“${shown(text)}” is no ${what.replace(/^a /, '')}.`, 'Give a whole number from 1.')
  }
}

async function list({ fleet }: Stack, { json }: SitesOptions, terminal: Terminal): Promise<void> {
  const { sites } = await fleet.settingsOf({})
  if (json)
    return printJson(
      terminal,
      sites.map(({ id, name }) => ({ id, name })),
    )
  const rows = sites.map(({ id, name }) => [id, name === id ? '' : name])
  if (rows.length > 0) terminal.out(textTable(['site', 'name'], rows))
  terminal.out(rows.length === 0 ? 'There are no sites.\n' : `${amount(rows.length, 'site')}.\n`)
}

async function show({ fleet }: Stack, id: string, { json }: SitesOptions, terminal: Terminal) {
  const { sites } = await fleet.settingsOf({ sites: [id] })
  const site = sites[0] as Site
  if (json) printJson(terminal, site)
  else terminal.out(siteYaml(site, false, {}).split('\n').map(shown).join('\n'))
}

async function history(
  { ports: { table } }: Stack,
  { json, limit }: SitesOptions & { limit: number },
  terminal: Terminal,
): Promise<void> {
  const versions = await versionsOf(table, limit)
  if (json) {
    const rows = versions.map(({ atMs, ...facts }) => ({ ...facts, at: isoInstant(atMs) }))
    return printJson(terminal, rows)
  }
  if (versions.length === 0) {
    terminal.out('No settings were applied yet.\n')
    return
  }
  const rows = versions.map(({ version, atMs, by, sites, note }) => [
    ...[counted(version), isoInstant(atMs).slice(0, 'YYYY-MM-DDTHH:MM'.length).replace('T', ' ')],
    ...[by, counted(sites), note],
  ])
  const heads = ['version', 'when (UTC)', 'by', 'sites', 'note']
  terminal.out(textTable(heads, rows, ['right', 'left', 'left', 'right', 'left']))
}

async function diff(
  { ports: { table }, fleet }: Stack,
  [a, b]: [a: number | undefined, b: number | undefined],
  { json }: SitesOptions,
  terminal: Terminal,
): Promise<void> {
  const newest = await versionsOf(table, 2)
  const to = b ?? newest[0]?.version ?? 0
  const from = a ?? newest[1]?.version ?? 0
  const after = await fleet.settingsOf({ settings: to })
  const before = from === 0 ? undefined : await fleet.settingsOf({ settings: from })
  const changes = settingsChanges(before, after)
  if (json) return printJson(terminal, { from, to, changes: changesJson(changes) })
  const text = changesText(changes)
  const title = from === 0 ? `Version ${to}, the first` : `Version ${from} to ${to}`
  terminal.out(`${title}: ${changesSummary(changes) || 'nothing is different'}.\n`)
  if (text) terminal.out(`\n${text}`)
}

async function rollback(
  stack: Stack,
  version: number,
  options: SitesOptions & WriteOptions,
  terminal: Terminal,
): Promise<void> {
  const standing = await standingSettings(stack)
  const settings = await stack.fleet.settingsOf({ settings: version })
  const proposal = { settings, note: `rollback to version ${version}` }
  const offered = await offerVersion(stack, standing, proposal, options, terminal)
  if (options.json) printJson(terminal, offeredJson(offered))
}
