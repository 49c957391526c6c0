import type { Clock } from '../time.ts'

/**
 * A clock that shows `atMs` now and goes on from there. Of the machine's clock it takes how long
 * something lasts, never the time of day: a job decides by the time of its schedule.
 */
export function clockFrom(atMs: number, machine: Clock): Clock {
  const begunMs = machine.now()
  return { now: () => atMs + Math.max(0, machine.now() - begunMs) }
}
