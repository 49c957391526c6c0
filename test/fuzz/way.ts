import { isDeepStrictEqual } from 'node:util'
import { RoundsError } from '../../lib/errors.ts'
import { pull } from '../../lib/ledger/pull.ts'
import type { DayFile } from '../../lib/ledger/record.ts'
import { mergedRows } from '../../lib/ledger/rows.ts'
import type { Parsed } from '../../lib/parse/feeds.ts'
import { wholeLength } from '../../lib/parse/lines.ts'
import { refusalOf } from '../../lib/parse/no-day-file.ts'
import type { Reader } from '../../lib/parse/readings.ts'
import type { Feed } from '../../lib/site.ts'
import { ledgersIn } from '../fixtures/ledgers.ts'
import { joined } from './laws.ts'

/**
 * The whole way of some bytes: a source that gives them in chunks, pulled into a ledger, first up
 * to the middle cut and then all of it, and read from there. What comes out must be what parsing
 * the bytes gave. Answers that are refused as no day file must leave the ledger empty.
 */
export async function wayLaw(
  feed: Feed,
  bytes: Uint8Array,
  cuts: readonly number[],
  reader: Reader,
  parsed: Parsed<Feed>,
): Promise<void> {
  const store = ledgersIn()
  const file = { site: 's1', feed, day: '2026-11-10' } satisfies DayFile
  const pulled = async (content: Uint8Array) => {
    const source = sourceOf(content, cuts)
    try {
      return await pull({ store, source, clock: { now: () => 0 } }, file, 'path', 'round')
    } catch (thrown) {
      if (thrown instanceof RoundsError && thrown.code === 'not-a-data-file') return undefined
      throw thrown
    }
  }
  if (refusalOf(bytes)) {
    if (await pulled(bytes)) throw new Error('broken: what is no day file is refused')
    return
  }
  await pulled(bytes.subarray(0, cuts[Math.floor(cuts.length / 2)] ?? 0))
  const last = await pulled(bytes)
  if (last?.place.end !== wholeLength(bytes, false)) {
    throw new Error('broken: the offset in the ledger is the bytes of all whole units')
  }
  const rows: Parsed<Feed>[] = []
  for await (const one of mergedRows(store, file, reader, 0)) rows.push(one.parsed)
  if (!isDeepStrictEqual(joined(rows), parsed)) {
    throw new Error('broken: the rows of the ledger are those of the file')
  }
}

/** A source of one file, whose answers come in chunks that end at `cuts`. */
function sourceOf(content: Uint8Array, cuts: readonly number[]) {
  return {
    async read(_path: string, from: number) {
      if (from > 0 && from >= content.length) return { kind: 'shorter' as const }
      return { kind: 'body' as const, start: from, chunks: chunksOf(content, from, cuts) }
    },
    async close() {},
  }
}

async function* chunksOf(content: Uint8Array, from: number, cuts: readonly number[]) {
  for (const to of [...cuts, content.length]) {
    if (to > from) yield content.subarray(from, to)
    from = Math.max(from, to)
  }
}
