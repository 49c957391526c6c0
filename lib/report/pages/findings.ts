import type { Finding } from '../../figures/verdict.ts'
import type { Day } from '../../site.ts'
import type { Measured, Texts } from '../../text/texts.ts'
import { cutText, wholePercent } from '../../text/units.ts'
import { weekday } from '../../time.ts'

/** Names in a clause: more would be a list, and lists stand below. */
const MOST_NAMED = 3

/** Signs of one name in a clause. */
const MOST_NAME_SIGNS = 60

/** Clauses of a sentence: with more, nobody reads to its end. */
const MOST_CLAUSES = 5

/** A clause for each finding, in their order; the least of too many are only counted. */
export function clauses(findings: readonly Finding[], day: Day, texts: Texts): string[] {
  const said = findings.length > MOST_CLAUSES ? findings.slice(0, MOST_CLAUSES - 1) : findings
  const left = findings.length - said.length
  return [
    ...said.map((finding) => clause(finding, day, texts)),
    ...(left > 0 ? [texts.findings.more(left)] : []),
  ]
}

/** The verdict of a day in one sentence. */
export function sentence(
  findings: readonly Finding[],
  day: Day,
  state: { running: boolean; anyLines: boolean },
  texts: Texts,
): string {
  if (findings.length > 0) return texts.findings.sentence(clauses(findings, day, texts))
  if (!state.running) return texts.findings.calm
  return state.anyLines ? texts.findings.calmSoFar : texts.findings.nothingYet
}

function clause(finding: Finding, day: Day, texts: Texts): string {
  const say = texts.findings
  switch (finding.kind) {
    case 'open-alarms': {
      const titles = [...new Set(finding.critical)].slice(0, MOST_NAMED).map(named)
      return say.openAlarms(finding.count, finding.critical.length, titles)
    }
    case 'feeds':
      return say.feeds(
        finding.coverage,
        finding.feeds.map((feed) => texts.words.feed[feed]),
      )
    case 'disk': {
      const disks = finding.disks.map(({ server, mount, percent }) => ({
        name: `${named(server)} ${named(mount)}`,
        percent: wholePercent(percent),
      }))
      return say.disk(...firstOf(disks))
    }
    case 'cpu':
    case 'memory': {
      const servers = finding.servers.map(({ server, percent }) => ({
        name: named(server),
        percent: wholePercent(percent),
      }))
      return say[finding.kind](...firstOf(servers))
    }
    case 'service': {
      const names = finding.counts.map((count) => texts.words.count[count])
      return say.service(finding.direction, names, texts.units.weekday(weekday(day)))
    }
    case 'balance':
      return say.balance(finding.difference)
    case 'rejects':
      return say.rejects(finding.count)
  }
}

function firstOf(all: Measured[]): [Measured[], number] {
  return [all.slice(0, MOST_NAMED), Math.max(0, all.length - MOST_NAMED)]
}

function named(name: string): string {
  return cutText(name, MOST_NAME_SIGNS)
}
