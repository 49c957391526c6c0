import { randomUUID } from 'node:crypto'

/** Where chance comes from, so that a test can decide it. */
export interface Chance {
  /** A number in [0, 1), for the jitter of pauses. */
  fraction(): number
  /** A token that no other process will make: names a writer, a claim, a temporary file. */
  token(): string
}

/** The real thing. This file is the only one that may call `Math.random` or `randomUUID`. */
export const systemChance: Chance = {
  fraction: () => Math.random(),
  token: () => randomUUID(),
}
