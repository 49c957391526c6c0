import type { Occurrence } from './occurrence.ts'

/** How grave an alarm is, worst first; `unknown` when the dictionary does not know its name. */
export const SEVERITIES = ['critical', 'major', 'minor', 'warning', 'unknown'] as const

/** One of the severities. */
export type Severity = (typeof SEVERITIES)[number]

/** An open alarm of a site, as the site reports it. */
export interface OpenAlarm
  extends Omit<Occurrence, 'recovered' | 'firstReadMs' | 'firstDay' | 'lastDay'> {
  site: string
}

/** An alarm with the words and the severity of the dictionary. */
export interface DescribedAlarm extends OpenAlarm {
  severity: Severity
  /** The dictionary's words for `name` in the language asked for, or `name` itself. */
  title: string
}
