import { parseArgs } from 'node:util'
import { torture } from './torture.ts'

/** `npm run torture -- --cycles N --seed S`: see torture.ts. The same seed makes the same plans. */
const { values } = parseArgs({
  options: {
    cycles: { type: 'string', default: '1000' },
    seed: { type: 'string', default: '1' },
  },
})
const cycles = Number(values.cycles)
if (!Number.isInteger(cycles) || cycles < 1) throw new Error('--cycles is a whole number from 1 on')

const beganMs = performance.now()
try {
  const sums = await torture({ cycles, seed: values.seed }, console.log)
  const seconds = (performance.now() - beganMs) / 1000
  console.log(JSON.stringify(sums, null, 2))
  console.log(`${seconds.toFixed(0)} s, ${(cycles / seconds).toFixed(1)} cycles/s`)
} catch (thrown) {
  console.error(thrown instanceof Error ? thrown.message : thrown)
  console.error(`again: npm run torture -- --cycles ${cycles} --seed ${values.seed}`)
  process.exitCode = 1
}
