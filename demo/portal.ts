import { open } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'

/** A running web server of day files. */
export interface Portal {
  /** Without a slash at its end, such as `http://127.0.0.1:41234`. */
  url: string
  /** Stops at once, also in the middle of an answer. */
  close(): Promise<void>
}

/**
 * A step of a path: letters, digits, `_`, `-` and inner dots. There is no other way to name a
 * file, so no request can climb out of the folder, reach a hidden file, or be decoded twice.
 */
const STEP = /^[A-Za-z0-9_-][A-Za-z0-9._-]*$/

/** One range of bytes. Several in one request get the whole file, as RFC 9110 allows. */
const RANGE = /^bytes=(\d*)-(\d*)$/

/**
 * Serves the files below `folder` on a loopback port of the system's choice, with ranges. GET
 * only; a file that is not there is 404. The folder is read at every request, so files may grow.
 */
export async function startPortal(folder: string): Promise<Portal> {
  const server = createServer((request, response) => {
    answer(folder, request, response).catch((thrown: unknown) => {
      response.destroy(thrown instanceof Error ? thrown : undefined)
    })
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

async function answer(
  folder: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  if (request.method !== 'GET') return refuse(response, 405, { Allow: 'GET' })
  const file = await readDayFile(folder, request.url ?? '/')
  if (!file) return refuse(response, 404)
  const size = file.bytes.length
  const range = rangeOf(request.headers.range, size)
  if (range === 'beyond') return refuse(response, 416, { 'Content-Range': `bytes */${size}` })
  const body = range ? file.bytes.subarray(range.start, range.end) : file.bytes
  response.writeHead(range ? 206 : 200, {
    'Content-Type': 'text/plain',
    'Content-Length': body.length,
    'Accept-Ranges': 'bytes',
    'Last-Modified': file.changed.toUTCString(),
    ...(range && { 'Content-Range': `bytes ${range.start}-${range.end - 1}/${size}` }),
  })
  response.end(body)
}

function refuse(response: ServerResponse, status: number, headers: Record<string, string> = {}) {
  response.writeHead(status, { 'Content-Length': 0, ...headers }).end()
}

/** A file whole, as it is now: the demo's are a few hundred kilobytes. */
async function readDayFile(
  folder: string,
  target: string,
): Promise<{ bytes: Buffer; changed: Date } | undefined> {
  const steps = target.replace(/\?.*$/, '').slice(1).split('/')
  if (!steps.every((step) => STEP.test(step))) return undefined
  try {
    await using handle = await open(join(folder, ...steps))
    const found = await handle.stat()
    if (!found.isFile()) return undefined
    return { bytes: await handle.readFile(), changed: found.mtime }
  } catch (thrown) {
    const { code } = thrown as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    throw thrown
  }
}

/**
 * What a Range header asks for (`end` is the byte after the last), nothing when it asks for
 * nothing that we understand, and `beyond` when the file has no such byte.
 */
function rangeOf(
  header: string | undefined,
  size: number,
): { start: number; end: number } | 'beyond' | undefined {
  const [matched, first = '', last = ''] = RANGE.exec(header ?? '') ?? []
  if (matched === undefined || (first === '' && last === '')) return undefined
  if (first === '') {
    const start = Math.max(0, size - Number(last))
    return start < size ? { start, end: size } : 'beyond'
  }
  const start = Number(first)
  if (last !== '' && Number(last) < start) return undefined
  if (start >= size) return 'beyond'
  return { start, end: last === '' ? size : Math.min(size, Number(last) + 1) }
}
