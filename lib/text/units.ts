import { DAY_MS, HOUR_MS, MINUTE_MS } from '../time.ts'

/** Numbers as both languages write them alike; words for them stand in the catalogues. */

const GROUPED = new Intl.NumberFormat('en-US')

/** `1,283,720`; fractions are kept to three digits. */
export function groupedNumber(value: number): string {
  return GROUPED.format(value)
}

/** A share without decimals, `95%`. What is not quite all is never shown as 100 %. */
export function wholePercent(percent: number): string {
  const rounded = Math.round(percent)
  return `${rounded === 100 && percent < 100 ? 99 : rounded}%`
}

/** A change with its sign, `+0.1%`, `−36.7%`; from 1,000 % on without decimals. */
export function signedPercent(percent: number): string {
  const size = Math.abs(percent)
  const digits = size >= 1000 ? groupedNumber(Math.round(size)) : size.toFixed(1)
  return `${percent < 0 && Number(size.toFixed(1)) > 0 ? '\u2212' : '+'}${digits}%`
}

const SIZES = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB']

/** `15.3 GiB`: in powers of 1,024, one decimal below 100. */
export function byteSize(bytes: number): string {
  let size = bytes
  let unit = 0
  while (size >= 1024 && unit < SIZES.length - 1) {
    size /= 1024
    unit += 1
  }
  return `${unit > 0 && size < 100 ? size.toFixed(1) : Math.round(size)} ${SIZES[unit]}`
}

/** A part and its whole in the whole's unit: `8.2 / 15.3 GiB`. */
export function byteShare(usedBytes: number, totalBytes: number): string {
  const whole = byteSize(totalBytes)
  const unit = SIZES.indexOf(whole.slice(whole.lastIndexOf(' ') + 1))
  const used = usedBytes / 1024 ** unit
  return `${unit > 0 && used < 100 ? used.toFixed(1) : Math.round(used)} / ${whole}`
}

/** Whole days, hours and minutes of a duration, rounded down; a negative one is none. */
export function durationParts(ms: number): { days: number; hours: number; minutes: number } {
  const length = Math.max(0, ms)
  return {
    days: Math.floor(length / DAY_MS),
    hours: Math.floor((length % DAY_MS) / HOUR_MS),
    minutes: Math.floor((length % HOUR_MS) / MINUTE_MS),
  }
}

/** Two digits: 9 becomes `09`. */
export function twoDigits(value: number): string {
  return String(value).padStart(2, '0')
}

/** At most `most` signs of a text; what is cut off shows as `…`. */
export function cutText(text: string, most: number): string {
  if (text.length <= most) return text
  return `${Array.from(text.slice(0, most * 2))
    .slice(0, most - 1)
    .join('')}…`
}
