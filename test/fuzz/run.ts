import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { scriptOptions, wholeNumber } from '../fixtures/script-options.ts'
import { fuzzBatch } from './fuzz.ts'
import { linearity } from './linear.ts'

const HELP = `npm run fuzz -- [--lines N] [--seed S] [--from B] [--batch B]

Random bytes and mutated lines through the parsers and, some of them, through a ledger.

  --lines N   end behind so many lines; 10000000 unless it is said
  --seed S    any text; 1 unless it is said
  --from B    begin with this batch
  --batch B   make this batch alone once more
`

/** A batch takes milliseconds: one that takes so long hangs. */
const HANGS_MS = 60_000

/** Batches between two words of progress. */
const TELL_EACH = 200

interface Work {
  lines: number
  seed: string
  /** The first batch. */
  from: number
  /** Only the first batch. */
  alone: boolean
}

/** What the thread tells after each batch. */
interface Done {
  lines: number
  batch: number
  isLast: boolean
}

if (isMainThread) {
  const values = scriptOptions(HELP, { lines: '10000000', seed: '1', batch: '', from: '1' })
  const numberOf = (name: 'lines' | 'batch' | 'from') => wholeNumber(name, values[name], HELP)
  const alone = values.batch !== ''
  const from = numberOf(alone ? 'batch' : 'from')
  watch({ lines: numberOf('lines'), seed: values.seed, from, alone })
} else {
  await work(workerData)
}

/** The work runs in a thread of its own, so that a hang is seen. */
function watch(asked: Work): void {
  const worker = new Worker(new URL(import.meta.url), { workerData: asked })
  const beganMs = performance.now()
  let under = asked.from
  const hangs = setTimeout(() => {
    console.error(`hangs: npm run fuzz -- --seed ${asked.seed} --batch ${under}`)
    process.exit(1)
  }, HANGS_MS)
  worker.on('message', ({ lines, batch, isLast }: Done) => {
    hangs.refresh()
    under = batch + 1
    if (!isLast && batch % TELL_EACH !== 0) return
    const rate = Math.round(lines / ((performance.now() - beganMs) / 1000))
    console.log(`behind batch ${batch}: ${lines} lines, ${rate} lines/s, no law broken`)
  })
  worker.on('error', (error) => {
    console.error(error.message)
    process.exitCode = 1
  })
  worker.on('exit', (code) => {
    clearTimeout(hangs)
    if (code !== 0 || process.exitCode || asked.alone) return
    console.log('twice the input takes so many times as long:')
    for (const { what, ratio } of linearity()) console.log(`  ${ratio.toFixed(2)}  ${what}`)
  })
}

async function work({ lines: wanted, seed, from, alone }: Work): Promise<void> {
  let lines = 0
  for (let batch = from; ; batch += 1) {
    lines += await fuzzBatch(seed, batch)
    const isLast = alone || lines >= wanted
    parentPort!.postMessage({ lines, batch, isLast } satisfies Done)
    if (isLast) return
  }
}
