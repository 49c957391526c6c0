import { brotliCompressSync, brotliDecompressSync, constants } from 'node:zlib'
import type { AttributeValue } from '@aws-sdk/client-dynamodb'
import { SECOND_MS } from '../time.ts'
import { DamagedItem } from './damaged-item.ts'
import type { Content, Item, Key } from './table.ts'

/**
 * An item of the port is one item of DynamoDB. Names are short, because each byte of them counts
 * towards what is paid for: `p` partition, `s` sort, `v` version, `d` the data as JSON or `z` the
 * same compressed, `b` the bytes, `t` when it may go, in epoch seconds.
 */
export type Row = Record<string, AttributeValue>

/**
 * Data longer than this is compressed if that makes it shorter: DynamoDB counts each write by the
 * KB begun, and a book of alarms with its head is mostly somewhat more than one, if it is not.
 */
const PLAIN_BYTES = 250

/** The key of an item as attributes. */
export function keyOf({ partition, sort }: Key): Row {
  return { p: { S: partition }, s: { S: sort } }
}

/** An item as attributes. */
export function rowOf(key: Key, { data, bytes, expiresAt }: Content, version: string): Row {
  return {
    ...keyOf(key),
    v: { S: version },
    ...dataRow(JSON.stringify(data)),
    ...(bytes && bytes.length > 0 && { b: { B: bytes } }),
    // Up to the next full second: never before its time.
    ...(expiresAt !== undefined && { t: { N: String(Math.ceil(expiresAt / SECOND_MS)) } }),
  }
}

function dataRow(json: string): Row {
  const plain: Row = { d: { S: json } }
  if (json.length <= PLAIN_BYTES) return plain
  const compressed = brotliCompressSync(json, {
    params: {
      [constants.BROTLI_PARAM_MODE]: constants.BROTLI_MODE_TEXT,
      [constants.BROTLI_PARAM_QUALITY]: 5,
    },
  })
  return compressed.length < Buffer.byteLength(json) ? { z: { B: compressed } } : plain
}

/** The item that these attributes are; one that somebody damaged is thrown as `DamagedItem`. */
export function itemOf(row: Row | undefined): Item | undefined {
  if (!row) return undefined
  const { p, s, v, b, t } = row
  const key = { partition: p!.S!, sort: s!.S!, version: v?.S ?? '' }
  return {
    ...key,
    data: dataOf(row, key),
    ...(b?.B && { bytes: b.B }),
    ...(t?.N && { expiresAt: Number(t.N) * SECOND_MS }),
  }
}

/** Somebody may have changed an item by hand. */
function dataOf({ d, z, b }: Row, key: Key & { version: string }): Record<string, unknown> {
  let text = d?.S ?? ''
  try {
    if (z?.B) text = brotliDecompressSync(z.B).toString()
    return JSON.parse(text)
  } catch (thrown) {
    throw new DamagedItem(key, { data: text, bytes: b?.B ?? null }, thrown)
  }
}
