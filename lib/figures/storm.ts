import type { Severity } from '../alarms/alarm.ts'
import { SEVERITIES } from '../alarms/alarm.ts'
import { HOUR_MS } from '../time.ts'
import type { Window } from './system.ts'

/** An alarm that was raised: when, in epoch milliseconds, and how grave. */
export interface Raised {
  ms: number
  severity: Severity
}

/** The alarms of a day by hour and severity. */
export interface StormFigures {
  /** One entry an hour from the window's start (23 to 25 of them): how many of each severity. */
  hours: Record<Severity, number>[]
  /** Alarms raised within the window, and how many recoveries were seen in it. */
  raised: number
  recovered: number
}

/** Counts `raised` by hour and severity; what was raised outside the window does not count. */
export function stormFigures(
  raised: Iterable<Raised>,
  recovered: number,
  window: Window,
): StormFigures {
  const hours = Array.from(
    { length: Math.ceil((window.endMs - window.startMs) / HOUR_MS) },
    noneOfEach,
  )
  let count = 0
  for (const { ms, severity } of raised) {
    const hour = ms < window.endMs ? hours[Math.floor((ms - window.startMs) / HOUR_MS)] : undefined
    if (!hour) continue
    hour[severity] += 1
    count += 1
  }
  return { hours, raised: count, recovered }
}

/** A count of zero for every severity. */
export function noneOfEach(): Record<Severity, number> {
  return Object.fromEntries(SEVERITIES.map((severity) => [severity, 0])) as Record<Severity, number>
}
