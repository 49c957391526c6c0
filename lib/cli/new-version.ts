import type { Stack } from '../backends/stack.ts'
import { isUnchanged, type SettingsChanges, settingsChanges } from '../settings-changes.ts'
import type { Settings } from '../site.ts'
import { newestVersion, writeVersion } from '../store/settings-versions.ts'
import { oneLine } from '../text/one-line.ts'
import { systemClock } from '../time.ts'
import { changesJson, changesSummary, changesText } from './changes.ts'
import { confirmed } from './confirm.ts'
import { amount } from './table.ts'
import type { Terminal } from './terminal.ts'
import { wrapped } from './wrapped.ts'

/** What commands that write settings take. */
export interface WriteOptions {
  yes?: boolean
  json?: boolean
  dryRun?: boolean
  note?: string
}

/** The newest version of a fleet's settings, as it stood when a command looked. */
export interface Standing {
  /** 0 before the first. */
  version: number
  settings?: Settings
}

/** Settings that are to become the newest version. */
export interface Proposal {
  settings: Settings
  /** Why, where the person gives no reason. */
  note?: string
  /** Lines for standard error, behind the differences and before anybody is asked. */
  warnings?: readonly string[]
  /** Puts in its place what the settings refer to, before they count. */
  prepare?(): Promise<void>
}

/** What became of a proposal. */
export interface Offered {
  /** The version that counts now. */
  version: number
  written: boolean
  changes: SettingsChanges
}

/** Characters of a note, and of who wrote it, that are kept. */
const MOST_NOTE = 200

/** The newest settings of a fleet, whole. */
export async function standingSettings({ ports, fleet }: Stack): Promise<Standing> {
  const version = await newestVersion(ports.table)
  if (version === 0) return { version }
  return { version, settings: await fleet.settingsOf({ settings: version }) }
}

/**
 * Shows how a proposal differs from what stands, asks, and writes it as the next version. Nothing
 * is written where nothing differs, with `--dry-run`, and when somebody else was quicker.
 */
export async function offerVersion(
  { ports: { table } }: Stack,
  standing: Standing,
  { settings, note = '', warnings = [], prepare }: Proposal,
  options: WriteOptions,
  terminal: Terminal,
): Promise<Offered> {
  const changes = settingsChanges(standing.settings, settings)
  const { version } = standing
  const say = (text: string) => options.json || terminal.out(text)
  if (version > 0 && isUnchanged(changes)) {
    say(`Nothing is different: version ${version} stands.\n`)
    for (const line of warnings) terminal.err(wrapped(line))
    return { version, written: false, changes }
  }
  say(`${changesText(changes)}\n${capital(changesSummary(changes))}.\n`)
  for (const line of warnings) terminal.err(wrapped(line))
  if (options.dryRun) {
    say('Nothing was written (--dry-run).\n')
    return { version, written: false, changes }
  }
  if (!(await confirmed('Shall this count from now on?', options, terminal))) {
    return { version, written: false, changes }
  }
  await prepare?.()
  const facts = {
    atMs: systemClock.now(),
    by: oneLine(terminal.env.USER || terminal.env.USERNAME || '', MOST_NOTE),
    note: oneLine(options.note ?? note, MOST_NOTE),
  }
  const written = await writeVersion(table, settings, { ...facts, after: version })
  const sites = amount(settings.sites.length, 'site')
  say(`Version ${written} counts from the next round on (${sites}).\n`)
  return { version: written, written: true, changes }
}

/** What became of a proposal, as others' scripts get it. */
export function offeredJson({ version, written, changes }: Offered) {
  return { version, written, changes: changesJson(changes) }
}

function capital(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1)
}
