import { RoundsError } from '../errors.ts'
import { badRange, cutBody, statusFault } from './http-faults.ts'
import type { Fields, Reply } from './http-wire.ts'

/** What an answer holds of the file. */
export type Held =
  | { kind: 'absent' | 'shorter' | 'empty' }
  /** `sizeBytes` must come, when the head said it; `rest` bytes of the file are kept back. */
  | { kind: 'bytes'; start: number; sizeBytes?: number; rest: number }

interface ContentRange {
  start: number
  sizeBytes: number
  /** Bytes of the file behind this slice; 0 also when the file's size was not told. */
  rest: number
}

/**
 * Judges the head of an answer to "the bytes from `from` on", and throws what is an error.
 * `name` is the address in messages; `moved` is true when a redirect left the site's origin.
 */
export function heldBy(reply: Reply, from: number, name: string, moved: boolean): Held {
  if (reply.status === 404 || reply.status === 410) return { kind: 'absent' }
  if (reply.status === 416) return unsatisfied(reply.fields, from, name)
  if (reply.status !== 200 && reply.status !== 206) throw statusFault(reply.status, name, moved)
  refuseEncoded(reply.fields, name)
  const lengthBytes = whole(one(reply.fields, 'content-length'))
  const told = one(reply.fields, 'content-range')
  const range = parseContentRange(told)
  const agrees = range && (lengthBytes === undefined || lengthBytes === range.sizeBytes)
  // Content-Range means nothing in a 200, yet caches send slices so; it is believed if it can be.
  if (reply.status === 200 && !agrees) {
    // No bytes, and a place that cannot be: the range lies behind the end, or so the server thinks.
    if (from > 0 && told !== undefined && lengthBytes === 0) return { kind: 'shorter' }
    return { kind: 'bytes', start: 0, sizeBytes: lengthBytes, rest: 0 }
  }
  if (!range) throw badRange(name, `a part came without saying where it is (${shown(told)})`)
  if (!agrees) throw badRange(name, `${lengthBytes} bytes came for the range ${shown(told)}`)
  if (range.start > from) {
    throw badRange(name, `byte ${from} was asked and byte ${range.start} came first`)
  }
  return { kind: 'bytes', ...range }
}

/**
 * The body's bytes, counted: whatever the head promised must come, no more is given, and no more
 * than `maxBytes` is read. Each fault is thrown after the good bytes before it were given.
 */
export async function* counted(
  chunks: AsyncIterable<Uint8Array>,
  held: { sizeBytes?: number; rest: number },
  maxBytes: number,
  name: string,
): AsyncGenerator<Uint8Array> {
  const promisedBytes = held.sizeBytes ?? Number.POSITIVE_INFINITY
  const mostBytes = Math.min(promisedBytes, maxBytes)
  let count = 0
  for await (const chunk of chunks) {
    const good = chunk.subarray(0, mostBytes - count)
    count += good.length
    if (good.length > 0) yield good
    if (good.length === chunk.length) continue
    if (count < promisedBytes) throw tooLarge(name, maxBytes)
    throw badRange(name, `more came than the ${promisedBytes} bytes that were promised`)
  }
  if (count < promisedBytes && held.sizeBytes !== undefined) {
    throw cutBody(name, `${count} of ${promisedBytes} bytes came`)
  }
  if (held.rest > 0) throw cutBody(name, `the server kept back the last ${held.rest} bytes`)
}

function unsatisfied(fields: Fields, from: number, name: string): Held {
  const size = whole(/^bytes \*\/(\d+)$/i.exec(one(fields, 'content-range') ?? '')?.[1])
  // Some servers answer 416 to any request for an empty file.
  if (from === 0 && !size) return { kind: 'empty' }
  if (size === undefined || size <= from) return { kind: 'shorter' }
  throw badRange(name, `byte ${from} of ${size} was refused as behind the end`)
}

function refuseEncoded(fields: Fields, name: string): void {
  const encoding = one(fields, 'content-encoding')?.trim().toLowerCase()
  if (!encoding || encoding === 'identity') return
  throw new RoundsError(
    'encoded-body',
    'skip',
    `${name} came encoded (${shown(encoding)}) although only identity was asked`,
    'Switch compression of .txt files off on the web server or the proxy in between.',
  )
}

function parseContentRange(text: string | undefined): ContentRange | undefined {
  const found = /^bytes (\d{1,15})-(\d{1,15})\/(\d{1,15}|\*)$/i.exec(text?.trim() ?? '')
  if (!found) return undefined
  const [start, last] = [Number(found[1]), Number(found[2])]
  const total = found[3] === '*' ? last + 1 : Number(found[3])
  if (last < start || last >= total) return undefined
  return { start, sizeBytes: last - start + 1, rest: total - last - 1 }
}

/** A field's only value; one that came several times is joined and so parses as nothing. */
function one(fields: Fields, field: string): string | undefined {
  const value = fields[field]
  return Array.isArray(value) ? value.join(', ') : value
}

function whole(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined
}

/** A server's text in a message: short, and without anything that could forge a line. */
function shown(text: string | undefined): string {
  return JSON.stringify(text?.slice(0, 60) ?? '')
}

function tooLarge(name: string, maxBytes: number): RoundsError {
  return new RoundsError(
    'too-large',
    'skip',
    `${name} holds more than the ${maxBytes} bytes allowed in one read`,
    'If the file is rightly so large, raise source.maxFileBytes of this site.',
  )
}
