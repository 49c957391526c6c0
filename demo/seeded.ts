/**
 * A stream of numbers in [0, 1) that depends on nothing but `name`: the same name gives the same
 * stream on every machine, so the sample sites write the same files for everybody.
 * FNV-1a makes a number of the name, mulberry32 a stream of the number. Never for secrets.
 */
export function seeded(name: string): () => number {
  let state = 0x811c9dc5
  for (const character of name) {
    state = Math.imul(state ^ character.codePointAt(0)!, 0x01000193)
  }
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** A number around 0 from a stream: nearly normal, standard deviation about 1, never beyond 3. */
export function wobble(next: () => number): number {
  return (next() + next() + next() + next() - 2) * 1.5
}

/** The whole number from `least` to `most`, both included, that the stream gives next. */
export function between(next: () => number, least: number, most: number): number {
  return least + Math.floor(next() * (most - least + 1))
}
