/** Words of at least so many letters may be the beginning of the word that was meant. */
const SHORTEST_PREFIX = 3

/**
 * The one of `candidates` that `word` most likely meant, or undefined when none is near: the same
 * but for case, one that begins with it (`cpu` for `cpuPercent`), or one within a third of its
 * letters mistyped.
 */
export function didYouMean(word: string, candidates: readonly string[]): string | undefined {
  const wanted = word.toLowerCase()
  const most = Math.max(1, Math.floor(wanted.length / 3))
  let best: string | undefined
  let bestDistance = most + 1
  for (const candidate of candidates) {
    const offered = candidate.toLowerCase()
    if (offered === wanted) return candidate
    if (Math.abs(offered.length - wanted.length) > most) continue
    const distance = typingDistance(wanted, offered)
    if (distance < bestDistance) {
      best = candidate
      bestDistance = distance
    }
  }
  if (best !== undefined || wanted.length < SHORTEST_PREFIX) return best
  return candidates.find((candidate) => candidate.toLowerCase().startsWith(wanted))
}

/** How many letters were left out, added, replaced or swapped with their neighbour. */
function typingDistance(from: string, to: string): number {
  let beforeLast: number[] = []
  let last = Array.from({ length: to.length + 1 }, (_, column) => column)
  for (let row = 1; row <= from.length; row++) {
    const now = [row]
    for (let column = 1; column <= to.length; column++) {
      const same = from[row - 1] === to[column - 1]
      let least = Math.min(
        last[column]! + 1,
        now[column - 1]! + 1,
        last[column - 1]! + (same ? 0 : 1),
      )
      const swapped =
        row > 1 &&
        column > 1 &&
        from[row - 1] === to[column - 2] &&
        from[row - 2] === to[column - 1]
      if (swapped) least = Math.min(least, beforeLast[column - 2]! + 1)
      now.push(least)
    }
    beforeLast = last
    last = now
  }
  return last[to.length]!
}
