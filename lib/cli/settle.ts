import type { Command } from 'commander'
import { chosenSites } from '../chosen-sites.ts'
import type { DayFile, Proof } from '../ledger/record.ts'
import { type Rounds, type Settled, settle } from '../pipeline.ts'
import type { Day } from '../site.ts'
import { isoInstant, zoneNamed } from '../time.ts'
import {
  type CommonOptions,
  failureJson,
  failureLines,
  overState,
  printJson,
  rangeOf,
  stateCommand,
  usage,
  withDays,
  withSites,
} from './command.ts'
import { withProgress } from './progress.ts'
import { amount, counted, textTable } from './table.ts'
import type { Terminal } from './terminal.ts'

/** `siterounds settle`: reads past days once more, whole, archives and closes them. */
export function addSettle(program: Command, terminal: Terminal): void {
  const command = stateCommand(
    program,
    'settle',
    'read past days once more, whole; prove, archive and close what is due, or the days given',
  )
  withDays(withSites(command)).action((options: CommonOptions) =>
    overState(options, terminal, async (rounds) => {
      const range = rangeOf(options)
      for (const line of range ? leftOut(rounds, options.site, range) : []) {
        terminal.err(`${line}\n`)
      }
      const settled = await withProgress(terminal, 'Settling', options.json ?? false, (tell) =>
        settle(rounds, {
          ...(options.site && { sites: options.site }),
          ...(range && { range }),
          onSite: tell,
        }),
      )
      if (options.json) printJson(terminal, settledJson(settled))
      else printSettled(settled, range !== undefined, terminal)
      if (settled.failures.length > 0 || settled.late.length > 0) terminal.exitCode = 1
    }),
  )
}

/**
 * What of the days asked for cannot be settled yet, a line for all sites of one time zone. When
 * that is all of them, asking was a mistake, and this throws.
 */
function leftOut(
  rounds: Rounds,
  sites: readonly string[] | undefined,
  { from, to }: { from: Day; to: Day },
): string[] {
  const nowMs = rounds.clock.now()
  const lines = new Map<string, string>()
  let over = false
  for (const { timeZone } of chosenSites(rounds.settings, sites)) {
    const zone = zoneNamed(timeZone)
    if (zone.endOf(from) <= nowMs) over = true
    const today = zone.dayOf(nowMs)
    if (to < today) continue
    const day = from > today ? from : today
    const runs = day === today ? 'still runs' : 'has not begun'
    const end = zone.textOf(zone.endOf(day)).slice(0, 'YYYY-MM-DD HH:MM'.length)
    lines.set(timeZone, `${day} ${runs}; it can be settled from ${end} on (${timeZone}).`)
  }
  const told = [...lines.values()]
  if (!over) throw usage(told[0]!, 'Without days, settle takes what is due.')
  return told
}

/** What a settle run did, as others' scripts get it. */
export function settledJson({ closed, late, failures }: Settled) {
  return {
    closed: closed.map(({ site, feed, day, close, unchanged, added }) => {
      const { proof, archive } = close
      return { site, feed, day, unchanged, added, proof: proofJson(proof), archive: archive.path }
    }),
    late,
    failures: failures.map(failureJson),
  }
}

/** A proof as others' scripts get it. */
export function proofJson({ readAtMs, ...proof }: Proof) {
  return { readAt: isoInstant(readAtMs), ...proof }
}

/** Day files that are not archived although it is high time: a line a site. */
export function lateLines(late: readonly DayFile[]): string[] {
  const bySite = Map.groupBy(late, ({ site }) => site)
  return [...bySite].map(([site, files]) => {
    const days = files.map(({ day }) => day).sort()
    const [first, last] = [days[0], days.at(-1)]
    const feeds = [...new Set(files.map(({ feed }) => feed))].join(', ')
    return (
      `${site}: ${amount(files.length, 'day file')} not archived in time (${feeds}; ` +
      `${first === last ? first : `${first} to ${last}`}). What came is kept until that is done; ` +
      'siterounds settle says what keeps it from being done.'
    )
  })
}

function printSettled(settled: Settled, asked: boolean, terminal: Terminal) {
  const { closed, late, failures } = settled
  if (closed.length > 0) {
    const rows = closed.map(({ site, feed, day, close: { proof }, unchanged, added }) => [
      ...[site, day, feed, counted(proof.lines), counted(added), counted(proof.bytes)],
      proof.sha256.slice(0, 12),
      unchanged ? 'as before' : proof.compared ? 'closed' : 'file gone',
    ])
    const heads = ['site', 'day', 'feed', 'lines', 'new', 'bytes', 'sha256', 'outcome']
    const [left, right] = ['left', 'right'] as const
    terminal.out(textTable(heads, rows, [left, left, left, right, right, right, left, left]))
  }
  terminal.out(`${summary(settled, asked)}\n`)
  for (const line of [...lateLines(late), ...failureLines(failures)]) terminal.err(`${line}\n`)
}

function summary({ closed, failures }: Settled, asked: boolean): string {
  const before = closed.filter(({ unchanged }) => unchanged).length
  const fresh = closed.length - before
  const gone = closed.filter(({ close, unchanged }) => !unchanged && !close.proof.compared).length
  if (closed.length === 0) {
    if (failures.length > 0) return 'No day file was settled.'
    return asked
      ? 'Nothing to settle: neither the sites nor the ledger have day files of these days.'
      : 'Nothing is due.'
  }
  const parts = [
    fresh > 0 && `${amount(fresh, 'day file')} settled`,
    gone > 0 && `${counted(gone)} of them by what was received, because the site’s file is gone`,
    before > 0 && `${amount(before, 'day file')} as settled before`,
  ]
  return `${parts.filter((part) => part !== false).join('; ')}.`
}
