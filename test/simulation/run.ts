import { fork } from 'node:child_process'
import { parseArgs } from 'node:util'
import { liveOne } from './live.ts'
import { recordRun } from './recorded.ts'
import { addTo, emptySummary, type Summary, shownSummary, summaryOf } from './summary.ts'

/*
 * `npm run sim -- --histories N --seed S`: lives the histories with the seeds S to S + N - 1 and
 * compares each with the oracle. See history.ts for what one is.
 *
 *   --workers W   processes, 2 unless it is said
 *   --trace       tell one history step by step
 *   --record      add the run to record.json
 */

const { values } = parseArgs({
  options: {
    histories: { type: 'string', default: '1000' },
    seed: { type: 'string', default: '1' },
    workers: { type: 'string', default: '2' },
    trace: { type: 'boolean', default: false },
    record: { type: 'boolean', default: false },
    'stop-at-failure': { type: 'boolean', default: false },
  },
})
const [histories, seed, workers] = [values.histories, values.seed, values.workers].map(wholeNumber)
const summary = values.trace ? await traced() : await inProcesses()
process.stdout.write(`${shownSummary(summary)}\n`)
for (const failure of summary.failures.slice(0, 20)) tell(failure)
process.stdout.write(`${summary.histories} histories, ${summary.failures.length} failures\n`)
if (values.record) await recordRun({ seed: seed!, summary })
process.exitCode = summary.failures.length > 0 ? 1 : 0

function wholeNumber(text: string): number {
  if (!/^\d{1,15}$/.test(text) || Number(text) < 1) throw new Error(`${text} is no whole number`)
  return Number(text)
}

function tell({ seed, profile, wrong }: Summary['failures'][number]): void {
  process.stdout.write(
    `\nFAILED: seed ${seed} (${profile}): ${wrong}\n` +
      `  replay: npm run sim -- --histories 1 --seed ${seed} --trace\n`,
  )
}

async function traced(): Promise<Summary> {
  const all = emptySummary()
  for (let index = 0; index < histories!; index += 1) {
    const outcome = await liveOne(seed! + index, true)
    process.stdout.write(`${outcome.trace.join('\n')}\n`)
    addTo(all, summaryOf(outcome))
  }
  return all
}

async function inProcesses(): Promise<Summary> {
  const all = emptySummary()
  const started = process.hrtime.bigint()
  let shownAt = 0
  const seconds = () => Number(process.hrtime.bigint() - started) / 1e9
  const parts = Array.from({ length: workers! }, (_, index) => {
    const args = [seed! + index, histories! - index, workers!].map(String)
    return fork(new URL('part.ts', import.meta.url), args, {
      execArgv: ['--max-semi-space-size=64'],
    })
  })
  await Promise.all(
    parts.map(
      (part) =>
        new Promise<void>((resolve, reject) => {
          part.on('message', (told: Summary) => {
            addTo(all, told)
            for (const failure of told.failures) tell(failure)
            const enough = values['stop-at-failure'] && all.failures.length > 0
            if (enough) for (const one of parts) one.kill()
            if (seconds() - shownAt < 10) return
            shownAt = seconds()
            const rate = (all.histories / shownAt).toFixed(1)
            process.stdout.write(`${all.histories} histories, ${rate}/s\n`)
          })
          part.on('exit', (code, signal) => {
            if (code === 0 || (signal && values['stop-at-failure'])) resolve()
            else reject(new Error(`a process of the simulation ended with ${code ?? signal}`))
          })
        }),
    ),
  )
  process.stdout.write(`${(all.histories / seconds()).toFixed(1)} histories/s\n`)
  return all
}
