import { scriptOptions, wholeNumber } from '../fixtures/script-options.ts'
import { torture } from './torture.ts'

const HELP = `npm run torture -- [--cycles N] [--seed S] [--keep FOLDER]

Kills the real program again and again while real files change, and counts everything exactly.
The same seed makes the same plans; where the kills fall depends on the machine.

  --cycles N      how many; 1000 unless it is said, of which some two take a second
  --seed S        any text; 1 unless it is said
  --keep FOLDER   when something is wrong, copies files, configuration and state there
`

const values = scriptOptions(HELP, { cycles: '1000', seed: '1', keep: '' })
const cycles = wholeNumber('cycles', values.cycles, HELP)

const beganMs = performance.now()
try {
  const sums = await torture({ cycles, seed: values.seed, keep: values.keep }, console.log)
  const seconds = (performance.now() - beganMs) / 1000
  console.log(JSON.stringify(sums, null, 2))
  console.log(`${seconds.toFixed(0)} s, ${(cycles / seconds).toFixed(1)} cycles/s`)
} catch (thrown) {
  console.error(thrown instanceof Error ? thrown.message : thrown)
  if (values.keep) console.error(`kept: ${values.keep}`)
  console.error(`again: npm run torture -- --cycles ${cycles} --seed ${values.seed}`)
  process.exitCode = 1
}
