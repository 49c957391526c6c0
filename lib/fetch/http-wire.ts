import { isIP } from 'node:net'
import { Agent, buildConnector } from 'undici'
import type { AddressGuard } from './address-guard.ts'
import { nameOf, timedOut, wireFault } from './http-faults.ts'

/** Header fields of an answer, names in lower case. */
export type Fields = Record<string, string | string[] | undefined>

/** An answer's head, and its body as it comes. Errors of both are `RoundsError`s. */
export interface Reply {
  status: number
  fields: Fields
  /** All that came is given before a failure is thrown; ending early frees the connection. */
  chunks(): AsyncGenerator<Uint8Array>
  /** Lets a body pass that nobody wants, so that the connection can be used again. */
  drop(): void
}

/** Few connections to one site, kept open between requests, each to a guarded address. */
export interface Wire {
  get(url: URL, headers: Record<string, string>): Promise<Reply>
  /** Ends every connection at once; bodies that are still being read fail. */
  close(): Promise<void>
}

/** Two, so that a slow body does not hold up a small file; sites' servers are small. */
const CONNECTIONS = 2

/** How much may wait for a slow reader before the site is made to wait: some round trips' worth. */
const MOST_WAITING_BYTES = 256 * 1024

/** An unwanted body longer than this costs more than a new connection. */
const MOST_DROPPED_BYTES = 64 * 1024

/** How many time-outs a whole exchange may take: stops a site that drips for ever. */
const WHOLE_LIMIT_FACTOR = 8

/** `timeoutMs` holds for the connection, the head, and each pause of the body. */
export function openWire(guard: AddressGuard, timeoutMs: number): Wire {
  const agent = new Agent({
    connections: CONNECTIONS,
    pipelining: 1,
    headersTimeout: timeoutMs,
    bodyTimeout: timeoutMs,
    connect: guardedConnector(guard, timeoutMs),
  })
  return {
    get: (url, headers) => exchange(agent, url, headers, timeoutMs),
    close: () => agent.destroy(),
  }
}

/** Names are checked by the guard's lookup; a literal address is never looked up, so here. */
function guardedConnector(guard: AddressGuard, timeoutMs: number): buildConnector.connector {
  // HTTP/2 brings nothing for a few small files, and would be one more way to answer wrongly.
  const connect = buildConnector({ timeout: timeoutMs, allowH2: false, lookup: guard.lookup })
  return (options, callback) => {
    const refusal = isIP(options.hostname) ? guard.refusal(options.hostname) : undefined
    if (refusal) callback(refusal, null)
    else connect(options, callback)
  }
}

/**
 * One request. undici's lowest interface is used because its streams forget, when a connection
 * breaks, what had come but was not read yet; those are whole lines that must not be lost.
 */
function exchange(
  agent: Agent,
  url: URL,
  headers: Record<string, string>,
  timeoutMs: number,
): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const name = nameOf(url)
    let control: Control | undefined
    let body: Body | undefined
    let stopped: Error | undefined
    const limit = setTimeout(() => {
      stopped = timedOut(name, `the whole exchange (${WHOLE_LIMIT_FACTOR} times timeoutMs)`)
      if (control) control.abort(stopped)
      else reject(stopped)
    }, WHOLE_LIMIT_FACTOR * timeoutMs).unref()

    const request = {
      origin: url.origin,
      path: `${url.pathname}${url.search}`,
      method: 'GET' as const,
      headers,
    }
    agent.dispatch(request, {
      onRequestStart(given) {
        control = given
        if (stopped) given.abort(stopped)
      },
      onResponseStart(given, status, fields) {
        // Answers below 200, such as 103, come before the real one.
        if (status < 200) return
        const made = openBody(given)
        body = made
        resolve({ status, fields, chunks: made.chunks, drop: made.drop })
      },
      onResponseData: (_, chunk) => body?.push(chunk),
      onResponseEnd() {
        clearTimeout(limit)
        body?.end()
      },
      onResponseError(_, error) {
        clearTimeout(limit)
        if (body) body.end(wireFault(error, name, 'body'))
        else reject(wireFault(error, name, 'head'))
      },
    })
  })
}

/** What undici lets us do with a running exchange. */
interface Control {
  pause(): void
  resume(): void
  abort(reason: Error): void
}

interface Body {
  push(chunk: Uint8Array): void
  /** The end, good or bad. */
  end(failure?: Error): void
  chunks(): AsyncGenerator<Uint8Array>
  drop(): void
}

/** Holds what came until it is read, and makes the site wait when that is much. */
function openBody(control: Control): Body {
  const waiting: Uint8Array[] = []
  let waitingBytes = 0
  let droppedBytes: number | undefined
  let ended = false
  let failure: Error | undefined
  let wake = () => {}

  function abort() {
    if (!ended) control.abort(new Error('the reader stopped'))
  }

  async function* chunks() {
    try {
      for (;;) {
        const chunk = waiting.shift()
        if (chunk) {
          waitingBytes -= chunk.length
          if (waitingBytes === 0 && !ended) control.resume()
          yield chunk
        } else if (ended) {
          if (failure) throw failure
          return
        } else {
          await new Promise<void>((resolve) => {
            wake = resolve
          })
        }
      }
    } finally {
      abort()
    }
  }

  return {
    chunks,
    push(chunk) {
      if (droppedBytes === undefined) {
        waiting.push(chunk)
        waitingBytes += chunk.length
        if (waitingBytes > MOST_WAITING_BYTES) control.pause()
      } else {
        droppedBytes += chunk.length
        if (droppedBytes > MOST_DROPPED_BYTES) abort()
      }
      wake()
    },
    end(reason) {
      ended = true
      failure = reason
      wake()
    },
    drop() {
      droppedBytes = waitingBytes
      waiting.length = 0
      if (droppedBytes > MOST_DROPPED_BYTES) abort()
    },
  }
}
