import { liveOne } from './live.ts'
import { addTo, emptySummary, summaryOf } from './summary.ts'

/*
 * One of the processes of run.ts: lives every `step`-th history from `seed` on, and tells its
 * parent what they came to, some at a time.
 */

const [first, count, step] = process.argv.slice(2).map(Number) as [number, number, number]

/** So many histories are told of at once. */
const TOLD_AT_ONCE = 25

let told = emptySummary()
for (let index = 0; index < count; index += step) {
  addTo(told, summaryOf(await liveOne(first + index)))
  if (told.histories < TOLD_AT_ONCE && index + step < count) continue
  await new Promise((resolve) => process.send!(told, resolve))
  told = emptySummary()
}
process.disconnect()
