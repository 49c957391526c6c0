import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { type DayAsked, type DayUsage, dayUsage, type Usage } from './usage.ts'

/*
 * Writes what was counted at each pace into infra/cost/usage.json: `node test/aws/record-usage.ts`,
 * some four minutes. What the processor takes is measured by test/aws/cpu.ts, and left.
 */

/** The paces of the table of costs. At 5 minutes system and service files are read hourly. */
export const PACES: Record<string, Omit<DayAsked, 'weeksBefore'>> = {
  5: { everyMinutes: 5, samplesEveryMinutes: 60, hours: 2 },
  60: { everyMinutes: 60, hours: 6 },
  1440: { everyMinutes: 1_440, hours: 1 },
}

const WEEKS_BEFORE = 4
const MINUTES_A_DAY = 1_440

/** A day's counts in the form of infra/cost/usage.json: rounded to hundredths. */
export function recorded({ round, mail, report, settling, idleSettling }: DayUsage) {
  const all = { round, mail, report, settling, idleSettle: idleSettling }
  return Object.fromEntries(
    Object.entries(all).map(([name, { ledgerBytes: _, ...usage }]) => [name, rounded(usage)]),
  )
}

function rounded(usage: Omit<Usage, 'ledgerBytes'>) {
  return Object.fromEntries(
    Object.entries(usage).map(([name, count]) => [name, Math.round(count * 100) / 100]),
  )
}

/** What a day leaves in the table: its segments, its closes, and some small items beside. */
function tableBytes({ round, settling }: DayUsage, everyMinutes: number): number {
  const rounds = Math.max(1, MINUTES_A_DAY / everyMinutes)
  return Math.round(rounds * round.ledgerBytes + settling.ledgerBytes + BESIDE_BYTES)
}

/** Tallies, readings and what is noted of pages, of one day. */
const BESIDE_BYTES = 4_000

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const file = new URL('../../infra/cost/usage.json', import.meta.url)
  const usage = JSON.parse(readFileSync(file, 'utf8'))
  for (const [pace, asked] of Object.entries(PACES)) {
    const day = await dayUsage({ ...asked, weeksBefore: WEEKS_BEFORE })
    usage.paces[pace] = recorded(day)
    usage.tableBytes[pace] = tableBytes(day, asked.everyMinutes)
    console.log(pace, JSON.stringify(usage.paces[pace]), usage.tableBytes[pace])
  }
  writeFileSync(file, `${JSON.stringify(usage, null, 2)}\n`)
}
