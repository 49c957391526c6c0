interface Moment {
  atMs: number
  order: number
  act: () => void
}

/** A promise that is never settled: what a killed process would have awaited. */
export const NEVER = new Promise<never>(() => {})

/**
 * Time that only the simulation moves. What waits for a moment is woken in the order of the
 * moments; before the next one is woken, all that can happen without time passing has happened:
 * Node runs a tick only when no promise is left to go on, and nothing here waits for a real event.
 */
export class VirtualTime {
  nowMs: number
  #order = 0
  /** A binary heap: the earliest moment is first. */
  readonly #heap: Moment[] = []

  constructor(startMs: number) {
    this.nowMs = startMs
  }

  /** Calls `act` at a moment, or as soon as possible if that is past. */
  at(atMs: number, act: () => void): void {
    const heap = this.#heap
    let index = heap.length
    const moment = { atMs, order: this.#order++, act }
    while (index > 0) {
      const parent = (index - 1) >> 1
      if (!earlier(moment, heap[parent]!)) break
      heap[index] = heap[parent]!
      index = parent
    }
    heap[index] = moment
  }

  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => this.at(this.nowMs + ms, resolve))
  }

  /** Lets everything happen up to a moment; `done` ends it earlier. */
  async run(untilMs: number, done: () => boolean = () => false): Promise<void> {
    await quiet()
    while (!done() && this.#heap.length > 0 && this.#heap[0]!.atMs <= untilMs) {
      const { atMs, act } = this.#pop()
      this.nowMs = Math.max(this.nowMs, atMs)
      act()
      await quiet()
    }
    if (!done() && untilMs !== Number.POSITIVE_INFINITY) this.nowMs = Math.max(this.nowMs, untilMs)
  }

  #pop(): Moment {
    const heap = this.#heap
    const first = heap[0]!
    const last = heap.pop()!
    let index = 0
    for (;;) {
      let child = 2 * index + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && earlier(heap[child + 1]!, heap[child]!)) child += 1
      if (!earlier(heap[child]!, last)) break
      heap[index] = heap[child]!
      index = child
    }
    if (heap.length > 0) heap[index] = last
    return first
  }
}

function earlier(one: Moment, other: Moment): boolean {
  return one.atMs < other.atMs || (one.atMs === other.atMs && one.order < other.order)
}

/** Resolves when no promise is left that could go on by itself. */
function quiet(): Promise<void> {
  return new Promise((resolve) => process.nextTick(resolve))
}
