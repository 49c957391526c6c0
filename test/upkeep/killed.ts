import type { Rounds } from '../../lib/pipeline.ts'

/**
 * Lets `work` use table, archive and pages so many times, and then no more: of what it does after
 * that nothing is left, as of a process that is killed. True when it was killed, false when it
 * ended before.
 */
export async function killedAt(
  rounds: Rounds,
  operations: number,
  work: (rounds: Rounds) => Promise<unknown>,
): Promise<boolean> {
  let count = 0
  const step = () => {
    count += 1
    if (count > operations) throw new Error('killed')
  }
  const mortal = {
    ...rounds,
    table: stepping(rounds.table, step),
    archive: stepping(rounds.archive, step),
    pages: stepping(rounds.pages, step),
  }
  const [ended] = await Promise.allSettled([work(mortal)])
  if (count > operations) return true
  if (ended.status === 'rejected') throw ended.reason
  return false
}

/** A port that calls `step` before each of its operations. */
function stepping<T extends object>(port: T, step: () => void): T {
  const operations = Object.entries(port).map(([name, operation]) => {
    const stepped = async (...given: unknown[]) => {
      step()
      return operation(...given)
    }
    return [name, stepped]
  })
  return Object.fromEntries(operations) as T
}
