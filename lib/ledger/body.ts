import { asRoundsError, type RoundsError } from '../errors.ts'
import { wholeLength } from '../parse/lines.ts'

/** About how much raw text one record holds: compressed some 100 KB, which fits into an item. */
const RUN_BYTES = 1024 * 1024

/**
 * Reads bytes that arrive in chunks of any size, without holding much more than is asked for.
 * A fault of the source is kept: what came before it can still be taken.
 */
export class Body {
  readonly #chunks: AsyncIterator<Uint8Array>
  #held: Uint8Array[] = []
  #heldBytes = 0
  #ended = false
  #fault: RoundsError | undefined

  constructor(chunks: AsyncIterable<Uint8Array>) {
    this.#chunks = chunks[Symbol.asyncIterator]()
  }

  /** True once the source said that the body is complete. */
  get ended(): boolean {
    return this.#ended
  }

  /** What broke the body off, if anything did. */
  get fault(): RoundsError | undefined {
    return this.#fault
  }

  /** Reads on until `count` bytes are held, or the body has ended or broken off. */
  async fill(count: number): Promise<void> {
    while (this.#heldBytes < count && !this.#ended && !this.#fault) {
      try {
        const next = await this.#chunks.next()
        if (next.done) this.#ended = true
        else this.#push(next.value)
      } catch (thrown) {
        this.#fault = asRoundsError(thrown)
      }
    }
  }

  /** Reads on until `count` bytes are held or the body has ended; throws if it broke off before. */
  async need(count: number): Promise<void> {
    await this.fill(count)
    if (this.#heldBytes < count && this.#fault) throw this.#fault
  }

  /** Takes up to `count` bytes of what is held. */
  take(count: number): Uint8Array {
    const all = this.peek()
    const taken = all.subarray(0, count)
    this.#held = []
    this.#heldBytes = 0
    if (all.length > taken.length) this.#push(all.subarray(taken.length))
    return taken
  }

  /** All that is held, in one piece. */
  peek(): Uint8Array {
    if (this.#held.length !== 1) this.#held = [Buffer.concat(this.#held)]
    return this.#held[0]!
  }

  /**
   * The next run of whole units, up to 1 MiB of them; fewer before the end or a fault, and an
   * empty one when no unit is whole any more.
   */
  async nextRun(open: boolean): Promise<Uint8Array> {
    await this.fill(RUN_BYTES)
    return this.take(wholeLength(this.peek().subarray(0, RUN_BYTES), open))
  }

  /** All that comes, as it comes; throws what breaks the body off. */
  async *rest(): AsyncGenerator<Uint8Array> {
    for (;;) {
      await this.need(1)
      if (this.#heldBytes === 0) return
      yield this.take(this.#heldBytes)
    }
  }

  /** Ends the reading early and frees what the source holds. */
  async close(): Promise<void> {
    if (!this.#ended && !this.#fault) await this.#chunks.return?.()
  }

  #push(chunk: Uint8Array): void {
    this.#held.push(chunk)
    this.#heldBytes += chunk.length
  }
}
