import type { Severity } from '../../alarms/alarm.ts'

/**
 * Colours of charts, as names of the style sheet's variables: one drawing serves the light page,
 * the dark page and paper. Charts take their colours from here alone (see echarts.ts).
 */

/** The parts of the processor. */
export const CPU_COLOURS = {
  user: 'var(--user)',
  system: 'var(--system)',
  io: 'var(--io)',
} as const

/** Used memory. */
export const MEMORY_COLOUR = 'var(--memory)'

/** The line of a count's last month. */
export const TREND_COLOUR = 'var(--accent)'

/** A threshold's line. */
export const LIMIT_COLOUR = 'var(--bad)'

/** Lines that help the eye. */
export const GRID_COLOUR = 'var(--grid)'

/** One colour a severity, as on the marks beside the words. */
export const SEVERITY_COLOURS: Readonly<Record<Severity, string>> = {
  critical: 'var(--critical)',
  major: 'var(--major)',
  minor: 'var(--minor)',
  warning: 'var(--warning)',
  unknown: 'var(--unknown)',
}
