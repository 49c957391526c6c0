import { fork } from 'node:child_process'
import { scriptOptions, wholeNumber } from '../fixtures/script-options.ts'
import { liveOne } from './live.ts'
import { recordRun } from './recorded.ts'
import { addTo, emptySummary, type Summary, shownSummary, summaryOf } from './summary.ts'

const HELP = `npm run sim -- [--histories N] [--seed S] [--workers W] [--trace] [--record]

Lives the histories with the seeds S to S + N - 1 and compares each with the oracle.

  --histories N       how many; 1000 unless it is said
  --seed S            the first seed; 1 unless it is said
  --workers W         processes; 2 unless it is said
  --trace             tell the histories step by step, in one process
  --record            add the run to test/simulation/record.json; all must be committed
  --stop-at-failure   end with the first difference
`

const values = scriptOptions(HELP, {
  ...{ histories: '1000', seed: '1', workers: '2' },
  ...{ trace: false, record: false, 'stop-at-failure': false },
})
const numberOf = (name: 'histories' | 'seed' | 'workers') => wholeNumber(name, values[name], HELP)
const [histories, seed, workers] = [numberOf('histories'), numberOf('seed'), numberOf('workers')]
const summary = values.trace ? await traced() : await inProcesses()
process.stdout.write(`${shownSummary(summary)}\n`)
for (const failure of summary.failures.slice(0, 20)) tell(failure)
process.stdout.write(`${summary.histories} histories, ${summary.failures.length} failures\n`)
if (values.record) await recordRun({ seed, summary })
process.exitCode = summary.failures.length > 0 ? 1 : 0

function tell({ seed, profile, wrong }: Summary['failures'][number]): void {
  process.stdout.write(
    `\nFAILED: seed ${seed} (${profile}): ${wrong}\n` +
      `  replay: npm run sim -- --histories 1 --seed ${seed} --trace\n`,
  )
}

async function traced(): Promise<Summary> {
  const all = emptySummary()
  for (let index = 0; index < histories; index += 1) {
    const outcome = await liveOne(seed + index, true)
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
  const parts = Array.from({ length: workers }, (_, index) => {
    const args = [seed + index, histories - index, workers].map(String)
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
