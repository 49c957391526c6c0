import type { Occurrence } from './occurrence.ts'
import { addObservation, type Occurrences } from './occurrence.ts'

/**
 * What stood at each of several instants: of all observations, those recorded up to then. `times`
 * are epoch milliseconds in rising order; the answer has the occurrences that stood at each.
 * The slow and plain way, from every row there is; the book (book.ts) must agree with it.
 */
export function standingAt(
  observations: readonly Occurrence[],
  times: readonly number[],
): Occurrence[][] {
  const inOrder = [...observations].sort((one, other) => one.changedMs - other.changedMs)
  const known: Occurrences = new Map()
  let next = 0
  return times.map((atMs) => {
    while (next < inOrder.length && inOrder[next]!.changedMs <= atMs) {
      addObservation(known, inOrder[next]!)
      next += 1
    }
    return [...known.values()].filter((occurrence) => !occurrence.recovered)
  })
}
