/** What two names must share of their pairs of letters, from 0 to 1, so that one may be meant. */
const NEAR_ENOUGH = 0.5

/** What is said of a setting that there is not, with the one of `known` that may be meant. */
export function unknownSetting(key: string, known: readonly string[]): string {
  const name = key.slice(key.lastIndexOf('.') + 1)
  const [nearest] = known
    .map((meant) => ({ meant, share: sharedPairs(name, meant) }))
    .filter(({ share }) => share >= NEAR_ENOUGH)
    .sort((one, other) => other.share - one.share)
  return `there is no setting ${key}${nearest ? ` (did you mean ${nearest.meant}?)` : ''}`
}

/** The share of their pairs of neighbouring letters that two names have in common. */
function sharedPairs(one: string, other: string): number {
  const [left, right] = [pairsOf(one), pairsOf(other)]
  const count = left.length + right.length
  const common = left.filter((pair) => {
    const at = right.indexOf(pair)
    return at >= 0 && right.splice(at, 1).length > 0
  })
  return (2 * common.length) / count
}

function pairsOf(name: string): string[] {
  const letters = name.toLowerCase().replace(/[^a-z]/g, '')
  return Array.from({ length: Math.max(0, letters.length - 1) }, (_, at) =>
    letters.slice(at, at + 2),
  )
}
