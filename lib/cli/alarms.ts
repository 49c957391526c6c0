import { type Command, Option } from 'commander'
import type { DescribedAlarm } from '../alarms/alarm.ts'
import { described, worstFirst } from '../alarms/dictionary.ts'
import { isExpired, observedSpans } from '../alarms/expiry.ts'
import { openAlarm } from '../alarms/occurrence.ts'
import { standingAt } from '../alarms/past.ts'
import { observationsOf } from '../alarms/rows.ts'
import { chosenSites } from '../chosen-sites.ts'
import { placedSite, siteDays } from '../ledger/days.ts'
import { ledgersOf } from '../ledger/ledger.ts'
import { observedDays } from '../ledger/observed.ts'
import { openAlarms, type Rounds } from '../pipeline.ts'
import type { Site } from '../site.ts'
import { addDays, parseInstant, zoneNamed } from '../time.ts'
import {
  type CommonOptions,
  overState,
  printJson,
  stateCommand,
  usage,
  withSites,
} from './command.ts'
import { amount, textTable } from './table.ts'
import type { Terminal } from './terminal.ts'

interface AlarmsOptions extends CommonOptions {
  at?: string
  origin?: string
}

/** `siterounds alarms`: what stands open, now or at an instant of the past. */
export function addAlarms(program: Command, terminal: Terminal): void {
  const command = stateCommand(program, 'alarms', 'open alarms, worst first')
  withSites(command)
    .option('--at <ISO time>', 'as of this instant, such as 2026-11-10T23:59:59+08:00')
    .addOption(
      new Option('--origin <origin>', 'site: what sites report; all: also alarms of Siterounds')
        .choices(['site', 'all'])
        .default('site'),
    )
    .action((options: AlarmsOptions) =>
      overState(options, terminal, async (rounds) => {
        const atMs = options.at === undefined ? undefined : instantOf(options.at)
        const all: { site: Site; alarm: DescribedAlarm }[] = []
        for (const site of chosenSites(rounds.settings, options.site)) {
          const open =
            atMs === undefined
              ? await openAlarms(rounds, site, rounds.clock.now())
              : await pastAlarms(rounds, site, atMs)
          all.push(...open.map((alarm) => ({ site, alarm })))
        }
        all.sort((one, other) => worstFirst(one.alarm, other.alarm))
        if (options.json) printJson(terminal, all.map(alarmJson))
        else printAlarms(all, terminal)
      }),
    )
}

function instantOf(text: string): number {
  const ms = parseInstant(text)
  if (ms !== undefined) return ms
  throw usage(
    `“${text}” is no instant.`,
    'Write it with its offset, such as 2026-11-10T23:59:59+08:00 or 2026-11-10T15:59:59Z.',
  )
}

/** What stood at an instant of the past: the lines recorded up to then, expiry as of then. */
async function pastAlarms(rounds: Rounds, site: Site, atMs: number): Promise<DescribedAlarm[]> {
  const { table, settings, dictionary, clock } = rounds
  const placed = placedSite(site)
  const day = placed.zone.dayOf(atMs)
  const range = { from: addDays(day, -settings.retention.keepDays), to: addDays(day, 1) }
  const days = [...(await siteDays(table, site.id, range)).keys()]
  const spans = observedSpans(await observedDays(table, site.id, clock.now(), range), placed.zone)
  const [standing = []] = standingAt(await observationsOf(ledgersOf(rounds), placed, days), [atMs])
  const { expireAfterDays } = settings.thresholds
  return standing
    .filter((one) => !isExpired(one.changedMs, atMs, spans, expireAfterDays))
    .map((one) => described(openAlarm(site.id, one), dictionary, site.language))
}

function alarmJson({ site, alarm }: { site: Site; alarm: DescribedAlarm }) {
  const zone = zoneNamed(site.timeZone)
  return {
    site: alarm.site,
    name: alarm.name,
    node: alarm.node,
    raisedAt: zone.isoOf(alarm.raisedMs),
    description: alarm.description,
    severity: alarm.severity,
    changedAt: zone.isoOf(alarm.changedMs),
    origin: 'site' as const,
  }
}

function printAlarms(
  all: readonly { site: Site; alarm: DescribedAlarm }[],
  terminal: Terminal,
): void {
  if (all.length === 0) {
    terminal.out('No open alarms.\n')
    return
  }
  const rows = all.map(({ site, alarm }) => [
    alarm.severity,
    alarm.site,
    alarm.name === alarm.title ? alarm.name : `${alarm.title} (${alarm.name})`,
    alarm.node,
    zoneNamed(site.timeZone).textOf(alarm.raisedMs),
  ])
  terminal.out(textTable(['severity', 'site', 'alarm', 'node', 'raised'], rows))
  terminal.out(`${amount(all.length, 'open alarm')}.\n`)
}
