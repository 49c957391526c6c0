import type { History } from './history.ts'
import { rebuildRun, verifyRun } from './product.ts'
import { Worker } from './worker.ts'

/** One history of so many is rebuilt at its end: that also makes all of its pages. */
const REBUILT_EACH = 8

/** Partitions of what a rebuild computes; the simulation itself publishes no pages. */
const COMPUTED = ['days#', 'alarms#', 'parquet#']

/** What was lived through is in order by the product's own check, and comes out of a rebuild. */
export async function checkUpkeep(history: History, seed: number): Promise<string | undefined> {
  const { shared, world } = history
  const [finding] = await verifyRun(shared, new Worker(world, 'verifier', 'round'))
  if (finding) return `verify finds ${JSON.stringify(finding)}`
  if (seed % REBUILT_EACH !== 0) return undefined
  const before = await computed(history)
  const mails = shared.mails.mails.length
  const failures = await rebuildRun(shared, new Worker(world, 'rebuilder', 'round'))
  if (failures.length > 0) return `a rebuild fails: ${JSON.stringify(failures)}`
  if (shared.mails.mails.length !== mails) return 'a rebuild mailed'
  const after = await computed(history)
  const [name] = [...new Set([...before.keys(), ...after.keys()])].filter(
    (one) => before.get(one) !== after.get(one),
  )
  return name && `a rebuild makes ${name} ${after.get(name)}, it was ${before.get(name)}`
}

async function computed({ shared }: History): Promise<Map<string, string>> {
  const items = await shared.stores.items()
  const own = items.filter(({ partition }) => COMPUTED.some((one) => partition.startsWith(one)))
  return new Map(
    own.map(({ partition, sort, data, bytes }) => {
      const content = [JSON.stringify(data), bytes && Buffer.from(bytes).toString('base64')]
      return [`${partition} ${sort}`, content.join(' ')]
    }),
  )
}
