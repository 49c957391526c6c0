import type { DescribedAlarm } from '../alarms/alarm.ts'
import type { Coverage, LineCounts } from '../ledger/coverage.ts'
import type { ServiceCount } from '../parse/feeds.ts'
import { SERVICE_COUNTS } from '../parse/feeds.ts'
import type { Feed, Thresholds } from '../site.ts'
import type { ServiceFigures } from './service.ts'
import type { SystemFigures } from './system.ts'

/** One thing that a reader of a site's day should know. Texts turn it into a clause. */
export type Finding =
  | { kind: 'open-alarms'; count: number; critical: string[] }
  | { kind: 'feeds'; coverage: Exclude<Coverage, 'complete'>; feeds: Feed[] }
  | { kind: 'disk'; disks: { server: string; mount: string; percent: number }[] }
  | { kind: 'cpu'; servers: { server: string; percent: number }[] }
  | { kind: 'memory'; servers: { server: string; percent: number }[] }
  | { kind: 'service'; direction: 'low' | 'high'; counts: ServiceCount[] }
  | { kind: 'balance'; difference: number }
  | { kind: 'rejects'; count: number }

/** How grave a day is, worst first. */
export const LEVELS = ['bad', 'warn', 'note', 'calm'] as const

/** One of the levels: somebody should act, should look, should know, or may sleep. */
export type Level = (typeof LEVELS)[number]

/** What a verdict is made of; a part that the site does not have is absent. */
export interface VerdictParts {
  openAlarms: readonly DescribedAlarm[]
  system?: SystemFigures
  service?: ServiceFigures
  feeds: readonly { feed: Feed; coverage: Coverage; counts: LineCounts }[]
  thresholds: Pick<Thresholds, 'cpuPercent' | 'memoryPercent' | 'diskPercent'>
  /** The day is not over: that its feeds are partial or not yet there is no finding. */
  running: boolean
}

/** The findings of a site's day, worst first; none means that all is calm. */
export function verdict(parts: VerdictParts): Finding[] {
  const alarms = openAlarms(parts.openAlarms)
  const critical = alarms.filter((finding) => levelOf(finding) === 'bad')
  return [
    ...critical,
    ...feedFindings(parts, 'missing'),
    ...alarms.filter((finding) => !critical.includes(finding)),
    ...serverFindings(parts),
    ...serviceFindings(parts.service),
    ...feedFindings(parts, 'partial'),
    ...feedFindings(parts, 'replaced'),
    ...rejectFinding(parts),
    ...feedFindings(parts, 'late'),
  ]
}

/** How grave one finding is. */
export function levelOf(finding: Finding): Level {
  if (finding.kind === 'open-alarms') return finding.critical.length > 0 ? 'bad' : 'warn'
  if (finding.kind === 'feeds') {
    if (finding.coverage === 'missing') return 'bad'
    return finding.coverage === 'late' ? 'note' : 'warn'
  }
  if (finding.kind === 'disk' || finding.kind === 'cpu') return 'bad'
  return finding.kind === 'rejects' ? 'note' : 'warn'
}

/** The level of the gravest finding. */
export function worstLevel(findings: readonly Finding[]): Level {
  const levels = new Set(findings.map(levelOf))
  return LEVELS.find((level) => levels.has(level)) ?? 'calm'
}

function openAlarms(open: readonly DescribedAlarm[]): Finding[] {
  if (open.length === 0) return []
  const critical = open.filter(({ severity }) => severity === 'critical')
  return [{ kind: 'open-alarms', count: open.length, critical: critical.map((a) => a.title) }]
}

function feedFindings(parts: VerdictParts, coverage: Exclude<Coverage, 'complete'>): Finding[] {
  if (parts.running && (coverage === 'partial' || coverage === 'missing')) return []
  const feeds = parts.feeds.filter((part) => part.coverage === coverage).map(({ feed }) => feed)
  return feeds.length > 0 ? [{ kind: 'feeds', coverage, feeds }] : []
}

function serverFindings({ system, thresholds }: VerdictParts): Finding[] {
  const servers = system?.servers ?? []
  const over = (limit: number, percentOf: (server: (typeof servers)[number]) => number) =>
    servers
      .map((server) => ({ server: server.name, percent: percentOf(server) }))
      .filter(({ percent }) => percent >= limit)
      .sort((a, b) => b.percent - a.percent)
  const disks = servers
    .flatMap(({ name, disks }) =>
      disks.map(({ mount, percent }) => ({ server: name, mount, percent })),
    )
    .filter(({ percent }) => percent >= thresholds.diskPercent)
    .sort((a, b) => b.percent - a.percent)
  const cpu = over(thresholds.cpuPercent, (server) => server.cpu?.averagePercent ?? -1)
  const memory = over(thresholds.memoryPercent, (server) => server.memory?.newestPercent ?? -1)
  return [
    ...(disks.length > 0 ? [{ kind: 'disk' as const, disks }] : []),
    ...(cpu.length > 0 ? [{ kind: 'cpu' as const, servers: cpu }] : []),
    ...(memory.length > 0 ? [{ kind: 'memory' as const, servers: memory }] : []),
  ]
}

function serviceFindings(service: ServiceFigures | undefined): Finding[] {
  if (!service) return []
  const findings: Finding[] = []
  for (const direction of ['low', 'high'] as const) {
    const counts = SERVICE_COUNTS.filter((count) => service.counts[count].odd === direction)
    if (counts.length > 0) findings.push({ kind: 'service', direction, counts })
  }
  if (service.balance === 'broken') {
    findings.push({ kind: 'balance', difference: service.balanceDifference })
  }
  return findings
}

function rejectFinding({ feeds }: VerdictParts): Finding[] {
  const count = feeds.reduce((sum, { counts }) => sum + counts.rejects, 0)
  return count > 0 ? [{ kind: 'rejects', count }] : []
}
