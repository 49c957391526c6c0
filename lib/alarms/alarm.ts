/** How grave an alarm is, worst first; `unknown` when the dictionary does not know its name. */
export const SEVERITIES = ['critical', 'major', 'minor', 'warning', 'unknown'] as const

/** One of the severities. */
export type Severity = (typeof SEVERITIES)[number]

/**
 * An open alarm as the site reports it. Its occurrence is (site, name, node, `raisedText`):
 * identities use the raw text, so that no time zone rule can change them.
 */
export interface OpenAlarm {
  site: string
  name: string
  node: string
  /** `alarm_time` as the site wrote it, site-local. */
  raisedText: string
  /** Epoch milliseconds of `raisedText`. */
  raisedMs: number
  /** The newest description the site gave. */
  description: string
  /** Epoch milliseconds of the newest record_time seen of it. */
  changedMs: number
  /** A backfill read it first: nobody is ever mailed about it (DESIGN section 6). */
  backfilled: boolean
}

/** An alarm with the words and the severity of the dictionary. */
export interface DescribedAlarm extends OpenAlarm {
  severity: Severity
  /** The dictionary's words for `name` in the language asked for, or `name` itself. */
  title: string
}
