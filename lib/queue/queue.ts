/**
 * PORT: work for others. Messages come at least once, in any order, some late; so each names what
 * is to be looked at, never what is to be done to it.
 *
 * Laws, held by test/queue for every driver:
 * 1. `send` resolves when every message is taken; else it throws a `RoundsError`, and some may be
 *    taken all the same.
 * 2. No message is left out because of their number.
 */
export interface Queue {
  send(messages: readonly Message[]): Promise<void>
}

/** A piece of work. */
export interface Message {
  /** JSON. */
  text: string
  /** Messages of one group do not keep those of others waiting: see lib/work/queues.ts. */
  group: string
  /** From 0 to 900; until then nobody gets it. */
  delaySeconds?: number
  /** Why it could not be worked off: of dead letters. */
  reason?: string
}
