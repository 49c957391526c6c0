import type { Command } from 'commander'
import type { Finding } from '../upkeep/finding.ts'
import { type Verified, verify } from '../upkeep/verify.ts'
import {
  type CommonOptions,
  failureJson,
  failureLines,
  overState,
  printJson,
  rangeOf,
  stateCommand,
  withDays,
  withFeeds,
  withSites,
} from './command.ts'
import { withProgress } from './progress.ts'
import { amount, counted, textTable } from './table.ts'
import type { Terminal } from './terminal.ts'
import { wrapped } from './wrapped.ts'

interface VerifyOptions extends CommonOptions {
  source?: boolean
  repair?: boolean
}

const HELP = `
Checks every byte of settled days: the close record by its own digest, the
archive by the digest in the close record, the table's records by the archive,
the file's size and SHA-256, all counts, and the Parquet files. Days that are
not settled yet are checked as far as their records tell. Says which record and
line differ, on which side, and which copy is right. Lines are counted from 1
as the ledger holds them; with --source as the file at the site does.
Changes nothing without --repair.
Exit code 1 means that something differs or could not be read.`

/** `siterounds verify`: checks what is kept, to the byte. */
export function addVerify(program: Command, terminal: Terminal): void {
  const command = stateCommand(
    program,
    'verify',
    'check every byte of ledger and archive; say which line differs, and which copy is right',
  )
  withFeeds(withDays(withSites(command)))
    .option('--source', 'read every file at its site again and compare it')
    .option(
      '--repair',
      'put right what another copy proves: archive from table, table from archive',
    )
    .addHelpText('after', HELP)
    .action((options: VerifyOptions) =>
      overState(options, terminal, async (rounds) => {
        const range = rangeOf(options)
        const quiet = options.json ?? false
        const verified = await withProgress(terminal, 'Verifying', quiet, (tell) =>
          verify(rounds, {
            ...(options.site && { sites: options.site }),
            ...(options.feed && { feeds: options.feed }),
            ...(range && { range }),
            source: options.source ?? false,
            repair: options.repair ?? false,
            onDay: tell,
          }),
        )
        if (options.json) printJson(terminal, verifiedJson(verified))
        else printVerified(verified, terminal)
        const all = [...verified.findings, ...verified.notes]
        const wrong = all.some(({ repaired }) => !repaired)
        if (wrong || verified.failures.length > 0) terminal.exitCode = 1
      }),
    )
}

/** What verifying found, as others' scripts get it. */
function verifiedJson({ failures, ...verified }: Verified) {
  return { ...verified, failures: failures.map(failureJson) }
}

function printVerified(verified: Verified, terminal: Terminal): void {
  const { findings, notes, failures } = verified
  if (findings.length > 0) {
    const heads = ['site', 'day', 'feed', 'where', 'record', 'line', 'found']
    terminal.out(`${textTable(heads, findings.map(rowOf))}\n`)
    terminal.out(`${findings.map(told).join('')}\n`)
  }
  for (const { site, what, name, hint, repaired } of notes) {
    const cure = repaired ? 'Repaired: the day is read and settled once more.' : hint
    terminal.out(wrapped(`${site}: what is kept of ${what}, ${name}, is damaged. ${cure}`))
  }
  for (const line of failureLines(failures)) terminal.err(`${line}\n`)
  terminal.out(wrapped(summary(verified)))
}

function summary(verified: Verified): string {
  const { files, settled, records, parquet, gone, failures } = verified
  const all = [...verified.findings, ...verified.notes]
  const left = all.filter(({ repaired }) => !repaired).length
  if (files + left + failures.length === 0) return 'Nothing is kept of these days.'
  const checked = [
    `${amount(files, 'day file')} (${counted(settled)} settled) of ${amount(records, 'record')}`,
    `${amount(parquet, 'Parquet file')} checked`,
  ].join(' and ')
  const away = gone > 0 ? `; ${amount(gone, 'file')} gone from the site` : ''
  if (left > 0) return `${checked}: ${amount(left, 'fault')} found${away}.`
  if (failures.length > 0) return `${checked}; not all could be read${away}.`
  return `${checked}: ${all.length > 0 ? 'all repaired' : 'all right'}${away}.`
}

function rowOf({ site, day, feed, side, record, lines, code, repaired }: Finding) {
  const where = lines ? [...new Set([lines.from, lines.to])].join('-') : ''
  return [site, day, feed, side, record ?? '', where, repaired ? `${code}, repaired` : code]
}

function told({ site, feed, day, message, hint, repaired }: Finding): string {
  return wrapped(`${site} ${feed} ${day}: ${message} ${repaired ? 'Repaired.' : hint}`.trimEnd())
}
