import { isDeepStrictEqual } from 'node:util'
import type { History } from './history.ts'
import { ledgerOf } from './product.ts'
import { Worker } from './worker.ts'

const DAY_MS = 86_400_000

/** Long after everything has expired that ever will. */
const LATER_DAYS = 60

/**
 * Lets time pass until every record has left the table that may: what was settled must read the
 * same from the archive, record by record.
 */
export async function checkArchives(history: History): Promise<string | undefined> {
  const { shared, world, profile } = history
  const reader = new Worker(world, 'reader of archives', 'round')
  const files = [...new Set(shared.log.served.map(({ file }) => file))].sort()
  const before = new Map<string, Awaited<ReturnType<typeof ledgerOf>>>()
  for (const file of files) before.set(file, await ledgerOf(shared, reader, file))
  await world.time.run(world.time.nowMs + (profile.keepDays + LATER_DAYS) * DAY_MS)
  shared.stores.sweep(world.time.nowMs)
  await world.time.run(world.time.nowMs + 1)
  for (const [file, ledger] of before) {
    if (!ledger.close) continue
    if (!isDeepStrictEqual(await ledgerOf(shared, reader, file), ledger)) {
      return `${file}: the archive holds other records than the table did`
    }
  }
  return undefined
}
