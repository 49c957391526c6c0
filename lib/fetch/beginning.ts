import type { Source } from './source.ts'

/** The beginning of a day file. */
export interface Beginning {
  bytes: Uint8Array
  /** True when the file is not longer than this. */
  whole: boolean
}

/**
 * Reads at most `mostBytes` from the beginning of a file, and no more than the source sends with
 * them; undefined when the file is absent.
 */
export async function beginningOf(
  source: Source,
  path: string,
  mostBytes: number,
): Promise<Beginning | undefined> {
  const answer = await source.read(path, 0)
  if (answer.kind !== 'body') return undefined
  const bytes = await firstBytes(answer.chunks, mostBytes + 1)
  return { bytes: bytes.subarray(0, mostBytes), whole: bytes.length <= mostBytes }
}

/** The end of a day file. */
export interface Ending {
  bytes: Uint8Array
  sizeBytes: number
}

/** Whoever says that a day file is longer than this (1 TiB) is not believed any further. */
const MOST_SIZE_BYTES = 2 ** 40

/**
 * Reads at most `mostBytes` from the end of a file that is longer than `fromBytes`. Sources tell no
 * sizes, so the end is looked for by asking from ever later places, a few bytes each; undefined for
 * a server that ignores where it was asked to begin.
 */
export async function endingOf(
  source: Source,
  path: string,
  fromBytes: number,
  mostBytes: number,
): Promise<Ending | undefined> {
  let known = fromBytes
  let behind: number | undefined
  for (let step = fromBytes; behind === undefined || behind - known > mostBytes; step *= 2) {
    const at = behind === undefined ? known + step : Math.floor((known + behind) / 2)
    const answer = await source.read(path, at)
    if (answer.kind === 'absent' || at > MOST_SIZE_BYTES) return undefined
    if (answer.kind === 'shorter') {
      behind = at
    } else {
      const isThere = answer.start === at && (await firstBytes(answer.chunks, 1)).length > 0
      if (!isThere) return undefined
      known = at
    }
  }
  const answer = await source.read(path, known)
  if (answer.kind !== 'body' || answer.start !== known) return undefined
  // The file may have grown meanwhile; a little more is read then, and no endless stream.
  const bytes = await firstBytes(answer.chunks, 2 * mostBytes)
  return { bytes, sizeBytes: known + bytes.length }
}

async function firstBytes(chunks: AsyncIterable<Uint8Array>, most: number): Promise<Uint8Array> {
  const held: Uint8Array[] = []
  let count = 0
  for await (const chunk of chunks) {
    held.push(chunk)
    count += chunk.length
    if (count >= most) break
  }
  return Buffer.concat(held).subarray(0, most)
}
