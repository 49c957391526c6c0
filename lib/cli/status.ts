import type { Command } from 'commander'
import { chosenSites } from '../chosen-sites.ts'
import { siteDays } from '../ledger/days.ts'
import { lastArchivedDay } from '../ledger/put-off.ts'
import type { DayFile } from '../ledger/record.ts'
import type { Rounds } from '../pipeline.ts'
import { coverage, feedsOf, siteFacts } from '../publish/site-facts.ts'
import { computedNow } from '../rounds/running-day.ts'
import type { Day, Feed } from '../site.ts'
import { addDays, daysFromTo, zoneNamed } from '../time.ts'
import {
  type CommonOptions,
  overState,
  printJson,
  rangeOf,
  stateCommand,
  withDays,
  withSites,
} from './command.ts'
import { lateLines, proofJson } from './settle.ts'
import { counted, textTable } from './table.ts'
import type { Terminal } from './terminal.ts'

/** `siterounds status`: what of which day arrived, and what became of its lines. */
export function addStatus(program: Command, terminal: Terminal): void {
  const command = stateCommand(program, 'status', 'what arrived: the last two days, or those given')
  withDays(withSites(command)).action((options: CommonOptions) =>
    overState(options, terminal, async (rounds) => {
      const rows = await statusRows(rounds, options)
      if (options.json) printJson(terminal, rows)
      else printRows(rows, terminal)
      for (const line of lateLines(await lateFiles(rounds, options))) terminal.err(`${line}\n`)
    }),
  )
}

/** The rows of every site, day and feed, as they count now: older generations merged in. */
async function statusRows(rounds: Rounds, options: CommonOptions) {
  const given = rangeOf(options)
  const rows = []
  for (const site of chosenSites(rounds.settings, options.site)) {
    const zone = zoneNamed(site.timeZone)
    const nowMs = rounds.clock.now()
    const today = zone.dayOf(nowMs)
    const range: { from: Day; to: Day } = given ?? { from: addDays(today, -1), to: today }
    await computedNow(rounds, site)
    const facts = await siteFacts(rounds, { site, zone }, range, nowMs)
    for (const day of daysFromTo(range.from, range.to)) {
      for (const feed of feedsOf(facts)) {
        const tally = facts.days.get(day)?.feeds[feed]
        const proof = tally?.proof
        rows.push({
          site: site.id,
          day,
          feed,
          coverage: coverage(facts, feed, day, rounds.settings.thresholds.gapMinutes),
          generation: tally?.generation ?? 0,
          bytes: tally?.bytes ?? 0,
          lines: tally?.lines ?? 0,
          readings: tally?.readings ?? 0,
          rejects: tally?.rejects ?? 0,
          unknown: tally?.unknown ?? 0,
          blank: tally?.blank ?? 0,
          settled: proof ? zone.isoOf(proof.readAtMs) : null,
          proof: proof ? proofJson(proof) : null,
        })
      }
    }
  }
  return rows
}

/** Day files that should be archived by now, whatever days are asked for: somebody must look. */
async function lateFiles(rounds: Rounds, { site: only }: CommonOptions): Promise<DayFile[]> {
  const { settings, table, clock } = rounds
  const late: DayFile[] = []
  for (const { id, timeZone } of chosenSites(settings, only)) {
    const to = lastArchivedDay(zoneNamed(timeZone), settings.retention.keepDays, clock.now())
    for (const [day, { feeds }] of await siteDays(table, id, { to })) {
      for (const [feed, tally] of Object.entries(feeds)) {
        if (!tally.proof) late.push({ site: id, feed: feed as Feed, day })
      }
    }
  }
  return late
}

function printRows(rows: Awaited<ReturnType<typeof statusRows>>, terminal: Terminal): void {
  const heads = ['site', 'day', 'feed', 'coverage', 'generation', 'bytes', 'lines']
  const more = ['readings', 'rejects', 'unknown', 'blank', 'settled']
  const left = ['left', 'left', 'left', 'left'] as const
  const right = Array.from({ length: 7 }, () => 'right' as const)
  const cells = rows.map((row) => [
    row.site,
    row.day,
    row.feed,
    row.coverage,
    row.generation,
    ...[row.bytes, row.lines, row.readings, row.rejects, row.unknown, row.blank].map(counted),
    row.settled?.slice(0, 'YYYY-MM-DDTHH:MM'.length).replace('T', ' ') ?? '',
  ])
  terminal.out(textTable([...heads, ...more], cells, [...left, ...right]))
}
