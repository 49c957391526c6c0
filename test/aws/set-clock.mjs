/**
 * Loaded before a function by `node --import`: CLOCK_FILE holds two times in epoch milliseconds,
 * what the clock said when it was set, and what it really was then. It goes on from there, and is
 * the same for all functions.
 */
import { readFileSync } from 'node:fs'

const RealDate = Date

function now() {
  const [setMs, wasMs] = readFileSync(process.env.CLOCK_FILE, 'utf8').split(' ').map(Number)
  return setMs + RealDate.now() - wasMs
}

globalThis.Date = class extends RealDate {
  constructor(...parts) {
    super(...(parts.length === 0 ? [now()] : parts))
  }
  static now() {
    return now()
  }
}
