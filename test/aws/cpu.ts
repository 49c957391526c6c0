import { REAL_SITES } from '../fixtures/real-week.ts'
import { scriptOptions } from '../fixtures/script-options.ts'
import { type DayTaken, dayTaken, meanOfSite, type Taken } from './cpu-day.ts'

const HELP = `node test/aws/cpu.ts [--pace MINUTES] [--json]

Milliseconds of processor time that a site takes: a round, a mail, a report, a settling, over the
real week's sites, against services in another process. Of a function with 1,769 MB Lambda gives one
processor: 1,000 ms come to 1.73 GB-seconds, whatever its memory, as long as it computes. While it
waits, its memory is billed for that time as well.

  --pace MINUTES  rounds of this pace alone: 5, 60 or 1440
  --json          figures for infra/cost/usage.json
`

/** Rounds that go before, so that the code runs as in a warm function, and those that count. */
const PACES: Record<string, { warmUp: number; count: number }> = {
  '5': { warmUp: 12, count: 36 },
  '60': { warmUp: 3, count: 9 },
  '1440': { warmUp: 1, count: 3 },
}

const { pace, json } = scriptOptions(HELP, { pace: '', json: false })
if (pace !== '' && !Object.hasOwn(PACES, pace)) {
  process.stderr.write(`--pace is one of ${Object.keys(PACES).join(', ')}, not “${pace}”.\n`)
  process.exit(2)
}
const cpuMs: Record<string, Record<string, number>> = {}
for (const [minutes, rounds] of Object.entries(PACES)) {
  if (pace !== '' && pace !== minutes) continue
  const taken = await dayTaken(Number(minutes), rounds)
  cpuMs[minutes] = figures(taken)
  if (json) continue
  process.stdout.write(`\nrounds every ${minutes} minutes, ms of a site\n`)
  for (const [name, ms] of Object.entries(cpuMs[minutes])) {
    process.stdout.write(`  ${name.padEnd(12)} ${String(ms).padStart(7)}\n`)
  }
  process.stdout.write(
    `  ${asked('a round', taken.rounds)}, ${asked('a quiet one', taken.quiet)}\n`,
  )
  process.stdout.write(`  ${asked('a settling', taken.settlings)}\n`)
}
if (json) process.stdout.write(`${JSON.stringify(cpuMs, null, 2)}\n`)

function figures({ rounds, quiet, mails, reports, settlings, idle, cold }: DayTaken) {
  const mean = (all: readonly Taken[]) => tenth(meanOfSite(all.map((one) => one.cpuMs)))
  const sent = mails.reduce((sum, one) => sum + one.sent, 0)
  const mailsMs = mails.reduce((sum, one) => sum + one.cpuMs, 0)
  return {
    round: mean(rounds),
    quietRound: mean(quiet),
    mail: tenth(sent === 0 ? 0 : mailsMs / sent),
    report: mean(reports),
    settling: mean(settlings),
    idleSettle: mean(idle),
    coldStart: tenth(REAL_SITES.length * (meanOfSite(cold.map((one) => one.cpuMs)) - mean(rounds))),
  }
}

function tenth(value: number): number {
  return Math.round(10 * value) / 10
}

function asked(what: string, all: readonly Taken[]): string {
  const requests = meanOfSite(all.map((one) => one.requests))
  const connections = meanOfSite(all.map((one) => one.connections))
  const lines = meanOfSite(all.map((one) => one.lines))
  const parts = [`${tenth(requests)} requests`, `${tenth(connections)} connections`]
  return `${what}: ${[...parts, ...(lines > 0 ? [`${Math.round(lines)} lines`] : [])].join(', ')}`
}
