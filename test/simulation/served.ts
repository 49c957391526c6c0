import type { Worker } from './worker.ts'

/** One answer with a body, as it reached a reader: all that the oracle knows of the site. */
export interface Served {
  worker: Worker
  /** `<feed> <day>`. */
  file: string
  /** What the reader's clock said when it began to ask. */
  readAtMs: number
  /** What stands in the file before the answer, as the reader takes it: see `believed`. */
  prefix: Buffer
  /** So many bytes of the answer are before that place too. */
  skipped: number
  parts: Uint8Array[]
  /** `broken` off with an error, `ended` well, or still `open`. */
  state: 'open' | 'ended' | 'broken'
  /**
   * A range that did not fit: the reader threw it away for the whole file. Or a glance at a file
   * that differed: the reader then asks for it once more.
   */
  givenUp: boolean
  /** Asked for before the reader knew what the ledger holds. */
  glance: boolean
  /** The true time at which it began. */
  atMs: number
}

const known = new WeakMap<Served, string[]>()

/**
 * Lines of what came, without their newline, as Latin-1; an unfinished last line is none. To be
 * asked for when the answer is over.
 */
export function linesOf(served: Served): string[] {
  let lines = known.get(served)
  if (!lines) {
    lines = wholeLines(contentOf(served))
    known.set(served, lines)
  }
  return lines
}

/** The unfinished last line, or nothing. */
export function tailOf(served: Served): string {
  return contentOf(served).toString('latin1').split('\n').at(-1)!
}

export function wholeLines(content: Buffer): string[] {
  return content.toString('latin1').split('\n').slice(0, -1)
}

/** The file as the reader came to know it. */
export function contentOf(served: Served): Buffer {
  return Buffer.concat([served.prefix, Buffer.concat(served.parts).subarray(served.skipped)])
}
