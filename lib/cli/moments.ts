import { durationParts } from '../text/units.ts'
import type { Zone } from '../time.ts'

/** Characters of `YYYY-MM-DD` and of `YYYY-MM-DD HH:MM`. */
const DAY_LENGTH = 10
const MINUTE_LENGTH = 16

/** Says moments in a site's time: on the day that is spoken of only `10:05`, else with its date. */
export function momentsOf(zone: Zone, day: string): (ms: number) => string {
  return (ms) => {
    const text = zone.textOf(ms).slice(0, MINUTE_LENGTH)
    return text.startsWith(day) ? text.slice(DAY_LENGTH + 1) : text
  }
}

/** `2 h 30 min`, `3 days 4 h`, `12 min`; under a minute `less than a minute`. */
export function lengthOf(ms: number): string {
  const { days, hours, minutes } = durationParts(ms)
  const parts = [
    days > 0 && `${days} ${days === 1 ? 'day' : 'days'}`,
    hours > 0 && `${hours} h`,
    minutes > 0 && days === 0 && `${minutes} min`,
  ].filter(Boolean)
  return parts.length > 0 ? parts.join(' ') : 'less than a minute'
}

/** `1 line`, `2 lines`: a count with its word. */
export function many(count: number, one: string, more = `${one}s`): string {
  return `${count.toLocaleString('en-US')} ${count === 1 ? one : more}`
}

/** `a`, `a and b`, `a, b and c`. */
export function listed(parts: readonly string[]): string {
  if (parts.length < 2) return parts.join('')
  return `${parts.slice(0, -1).join(', ')} and ${parts.at(-1)}`
}
