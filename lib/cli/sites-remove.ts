import type { Command } from 'commander'
import type { Stack } from '../backends/stack.ts'
import { RoundsError } from '../errors.ts'
import { silentLog } from '../log.ts'
import type { Rounds } from '../pipeline.ts'
import {
  keptOf,
  notArchived,
  refuseConfigured,
  removeSite,
  type SiteRemoved,
} from '../upkeep/remove-site.ts'
import { backendOf, overStack } from './backend.ts'
import { type CommonOptions, guarded, overState, printJson, sentence, usage } from './command.ts'
import { CONFIG_FLAGS, CONFIG_HELP } from './configured.ts'
import { confirmed } from './confirm.ts'
import {
  type Offered,
  offeredJson,
  offerVersion,
  standingSettings,
  type WriteOptions,
} from './new-version.ts'
import { withProgress } from './progress.ts'
import { amount, shown } from './table.ts'
import type { Terminal } from './terminal.ts'
import { wrapped } from './wrapped.ts'

interface RemoveOptions extends CommonOptions, WriteOptions {
  purge?: boolean
}

const HELP = `
On AWS the site is taken out of the settings, as a new version of them. What is
kept of it stays, and so do its pages, until --purge: that deletes its pages,
records, archives, figures and alarms, and makes the Parquet files that held it
again without it. What was mailed about it stays noted. On one machine take the
site out of siterounds.yaml first; there is --purge only.
It may be stopped and run again at any moment.`

/** `siterounds sites remove ID`: takes a site out of a stack; `--purge` deletes what is kept. */
export function addRemove(sites: Command, terminal: Terminal): void {
  sites
    .command('remove')
    .description('take a site out of the settings; --purge deletes what is kept of it')
    .argument('<id>', 'the id of a site')
    .option(CONFIG_FLAGS, CONFIG_HELP)
    .option('--purge', 'delete all that is kept of it')
    .option('--yes', 'do not ask')
    .option('--note <text>', 'why, for siterounds sites history')
    .option('--dry-run', 'say what would be done')
    .option('--json', 'print the result as JSON; needs --yes or --dry-run')
    .addHelpText('after', HELP)
    .action((id: string, options: RemoveOptions) => {
      if (backendOf(options, terminal).kind === 'aws') {
        return guarded(terminal, () =>
          overStack(options, terminal, (stack) => removeFrom(stack, id, options, terminal)),
        )
      }
      return overState(options, terminal, async (rounds) => {
        if (!options.purge) {
          throw usage(
            'The sites of one machine stand in its configuration.',
            `Take “${shown(id)}” out of it; --purge then deletes what is kept of it.`,
          )
        }
        const purged = await purge(rounds, id, options, terminal)
        if (options.json) printJson(terminal, { purged: purged ?? null })
      })
    })
}

async function removeFrom(
  stack: Stack,
  id: string,
  options: RemoveOptions,
  terminal: Terminal,
): Promise<void> {
  const offered = await takenOut(stack, id, options, terminal)
  let purged: ReturnType<typeof purgedJson> | undefined
  if (options.purge && (offered === undefined || offered.written || options.dryRun)) {
    const { stackRounds } = await import('../backends/stack.ts')
    purged = await purge(await stackRounds(stack, silentLog), id, options, terminal)
    if (purged && purged.items > 0 && !options.json) terminal.err(wrapped(UNDER_WAY))
  }
  if (options.json)
    printJson(terminal, { ...(offered && offeredJson(offered)), purged: purged ?? null })
}

const UNDER_WAY =
  'The archive bucket keeps what was deleted for 90 days, as older versions. A round that was ' +
  'under way may have written once more: run this again in half an hour to be sure.'

/** Writes settings without the site; undefined when there is nothing to take out any more. */
async function takenOut(
  stack: Stack,
  id: string,
  options: RemoveOptions,
  terminal: Terminal,
): Promise<Offered | undefined> {
  const standing = await standingSettings(stack)
  const { settings } = standing
  const sites = settings?.sites.filter((site) => site.id !== id) ?? []
  if (!settings || sites.length === settings.sites.length) {
    if (options.purge && settings) return undefined
    throw new RoundsError(
      'unknown-site',
      'stop',
      `There is no site “${shown(id)}” in the settings.`,
      'siterounds --backend aws sites list names those that there are.',
    )
  }
  const warnings = options.purge ? [] : await staying(stack, id, settings.retention.keepDays)
  const proposal = { settings: { ...settings, sites }, note: `remove ${id}`, warnings }
  return offerVersion(stack, standing, proposal, options, terminal)
}

/** What stays of a site that is only taken out, and for how long. */
async function staying(stack: Stack, id: string, keepDays: number): Promise<string[]> {
  const { stackRounds } = await import('../backends/stack.ts')
  const rounds = await stackRounds(stack, silentLog)
  const { days, pages } = await keptOf(rounds, id)
  if (days.length + pages.length === 0) return []
  const told = [
    `What is kept of ${id} stays: ${amount(days.length, 'day')}, archive, and ` +
      `${amount(pages.length, 'page')}; --purge deletes it.`,
  ]
  const count = await notArchived(rounds, id)
  if (count === 0) return told
  return [
    ...told,
    `${amount(count, 'day file')} of it ${count === 1 ? 'is' : 'are'} not archived yet: their ` +
      `records leave the table after ${keepDays} days. To keep them, run ` +
      `siterounds --backend aws settle --site ${id} before this.`,
  ]
}

/** Deletes what is kept of a site, after a question; undefined when somebody said no. */
async function purge(rounds: Rounds, id: string, options: RemoveOptions, terminal: Terminal) {
  const { json, dryRun } = options
  if (!dryRun) refuseConfigured(rounds, id)
  const { days, pages } = await keptOf(rounds, id)
  const [first, last] = [days[0], days.at(-1)]
  const span = first === undefined ? '' : first === last ? ` (${first})` : ` (${first} to ${last})`
  const what = `${amount(days.length, 'day')}${span} and ${amount(pages.length, 'page')} of ${id}`
  if (dryRun) {
    if (!json) terminal.out(`${what} would be deleted (--dry-run).\n`)
    return undefined
  }
  const isKept = days.length + pages.length > 0
  if (isKept && !(await confirmed(`Delete ${what} for good?`, options, terminal))) return undefined
  const removed = await withProgress(terminal, 'Removing', json ?? false, (tell) =>
    removeSite(rounds, id, tell),
  )
  if (!json) printRemoved(id, removed, terminal)
  if (removed.failures.length > 0) terminal.exitCode = 1
  return purgedJson(removed)
}

function purgedJson({ failures, ...removed }: SiteRemoved) {
  const failed = failures.map(({ day, error }) => {
    return { day: day ?? null, error: error.message, hint: error.hint, code: error.code }
  })
  return { ...removed, failures: failed }
}

function printRemoved(id: string, removed: SiteRemoved, terminal: Terminal): void {
  const { days, items, archives, pages, parquet, failures } = removed
  const isEmpty = items + archives + pages + parquet === 0 && failures.length === 0
  const what = [
    amount(days, 'day'),
    amount(items, 'item'),
    amount(archives, 'archive'),
    amount(pages, 'page'),
  ]
  const anew = parquet > 0 ? ` ${amount(parquet, 'Parquet file')} made again without it.` : ''
  terminal.out(
    wrapped(isEmpty ? `Nothing is kept of ${id}.` : `${id}: ${what.join(', ')} deleted.${anew}`),
  )
  for (const { day, error } of failures) terminal.err(wrapped(`${id} ${day}: ${sentence(error)}`))
  if (failures.length > 0) terminal.err('The rest of these days stands; run this again.\n')
}
