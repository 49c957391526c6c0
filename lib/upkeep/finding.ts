import type { DayFile } from '../ledger/record.ts'

/** Where something is not as it should be: in the table, the archive, the figures, or the site. */
export type Side = 'table' | 'archive' | 'figures' | 'site'

/** Lines of a day file, counted from 1 in the order in which the ledger holds them. */
export interface Lines {
  from: number
  to: number
}

/** Something that verifying found. */
export interface Finding extends DayFile {
  /** Stable token for scripts, such as `record-differs`. */
  code: string
  side: Side
  /** The object of the archive that it concerns. */
  path?: string
  /** The record, counted from 1; absent when it concerns the day file as a whole. */
  record?: number
  /** The line that differs, or the lines among which it is. */
  lines?: Lines
  /** The line as it stands there, and as it should be: short, and safe to show. */
  text?: string
  expected?: string
  message: string
  /** The next step for the operator, and which copy is right. */
  hint: string
  /** Set by a repair: it is as it should be now. */
  repaired?: true
}

/** What is wrong, before it is known of which day file. */
export type Fault = Omit<Finding, keyof DayFile>

/** What can be done about a finding when nothing else holds what is lost. */
export const FROM_A_COPY = 'Nothing else holds it: restore the state folder from a copy.'

/** `line 7`, or `lines 7 to 9`. */
export function linesText({ from, to }: Lines): string {
  return from >= to ? `line ${from}` : `lines ${from} to ${to}`
}
