import { type Facts, noFacts } from './check.ts'
import type { Outcome } from './live.ts'

/** What many histories came to together. It is plain data, so processes can hand it on. */
export interface Summary {
  histories: number
  profiles: Record<string, number>
  facts: Facts
  fired: Record<string, number>
  failures: { seed: number; profile: string; wrong: string }[]
  /** Of all digests, in whatever order they came. */
  digest: string
}

export function emptySummary(): Summary {
  return {
    histories: 0,
    profiles: {},
    facts: noFacts(),
    fired: {},
    failures: [],
    digest: '0'.repeat(64),
  }
}

export function summaryOf({ seed, profile, wrong, digest, facts, fired }: Outcome): Summary {
  return {
    histories: 1,
    profiles: { [profile]: 1 },
    facts,
    fired: Object.fromEntries(fired),
    failures: wrong === undefined ? [] : [{ seed, profile, wrong }],
    digest,
  }
}

/** Adds the second summary to the first. */
export function addTo(all: Summary, more: Summary): void {
  all.histories += more.histories
  addCounts(all.profiles, more.profiles)
  addCounts(all.facts as unknown as Record<string, number>, { ...more.facts })
  addCounts(all.fired, more.fired)
  all.failures.push(...more.failures)
  // Exclusive or: the same digests in another order give the same.
  const sum = BigInt(`0x${all.digest}`) ^ BigInt(`0x${more.digest}`)
  all.digest = sum.toString(16).padStart(64, '0')
}

function addCounts(all: Record<string, number>, more: Record<string, number>): void {
  for (const [name, count] of Object.entries(more)) all[name] = (all[name] ?? 0) + count
}

/** What was compared and how often each fault came, for people. */
export function shownSummary(all: Summary): string {
  const { facts, fired } = all
  const group = (names: string[]) =>
    names
      .sort()
      .map((name) => `  ${String(fired[name]).padStart(9)}  ${name}`)
      .join('\n')
  const atSite = Object.keys(fired).filter((name) => name.startsWith('site '))
  const faults = Object.keys(fired).filter((name) => !name.startsWith('site '))
  return [
    `compared exactly: ${facts.rows} rows of ${facts.files} day files, ${facts.open} open alarms ` +
      `with all fields, ${facts.mails} mails`,
    `  of ${facts.inOrder} files one by one, in order and with the time and manner of reading`,
    `  of ${facts.uncertain} files with answers of which it is not known whether they were taken`,
    `by a bound only: the end of ${facts.unclearExpiry} alarms near the moment of expiry`,
    'what the site did:',
    group(atSite),
    'faults:',
    group(faults),
    `digest ${all.digest}`,
  ].join('\n')
}
