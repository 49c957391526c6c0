/**
 * PORT: where day files are read from. Stat-less: sizes, dates and ETags are never asked for,
 * because bytes alone prove which file this is (DESIGN section 3, rule 2).
 *
 * Laws, held by test/contracts/source.ts for every driver:
 * 1. `read(path, from)` asks for the bytes from `from` on. The answer may start earlier (a server
 *    that ignores ranges), never later; `start` says where it starts.
 * 2. `shorter` means: the file exists and has no byte at `from` (only for `from` > 0).
 *    `absent` means: the site answers, and has no such file.
 * 3. The body ends without an error only when the file's end, as the source knew it, was reached;
 *    a body cut short throws after giving what had come.
 * 4. Only identity bytes are given: an encoded body is an error, not garbage.
 * 5. Errors are `RoundsError`s of class `skip` (or `retry`, after the driver's own retries) with a
 *    hint; neither message nor hint holds a secret or the user part of a URL.
 * 6. A caller that stops reading a body early frees what it holds by ending the iteration.
 */
export interface Source {
  read(path: string, from: number): Promise<Answer>
  close(): Promise<void>
}

/** What a source said to one request. */
export type Answer =
  | { kind: 'absent' }
  | { kind: 'shorter' }
  | { kind: 'body'; start: number; chunks: AsyncIterable<Uint8Array> }
