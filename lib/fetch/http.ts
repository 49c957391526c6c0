import type { LookupFunction } from 'node:net'
import { setTimeout as systemSleep } from 'node:timers/promises'
import pRetry from 'p-retry'
import { RoundsError } from '../errors.ts'
import type { Chance } from '../random.ts'
import type { HttpAuth, HttpSourceSettings } from '../site.ts'
import { addressGuard } from './address-guard.ts'
import { dayFileParts } from './day-file-path.ts'
import { counted, heldBy } from './http-answer.ts'
import { nameOf } from './http-faults.ts'
import { type Fields, openWire, type Reply } from './http-wire.ts'
import type { Answer, Source } from './source.ts'

/** What a test may decide in an HTTP source; without them, the system's. */
export interface HttpSourceDeps {
  /** Spreads the pauses before retries, so that sites behind one proxy do not beat together. */
  chance: Chance
  /** Waits so many milliseconds. */
  sleep?: (ms: number) => Promise<unknown>
  /** Resolves host names. */
  lookup?: LookupFunction
}

/** How often a request is made before its passing fault is reported. */
const TRIES = 3

/** The first pause before a retry; each further one is twice as long; jitter: half to 1.5. */
const FIRST_PAUSE_MS = 500

/** A site that asks for a longer pause (Retry-After) is left alone until the next round. */
const LONGEST_PAUSE_MS = 10_000

/** A day file behind more redirects than this is a wrong setting or a loop. */
const MOST_REDIRECTS = 3

const REDIRECTS = new Set([301, 302, 303, 307, 308])

/**
 * A source that reads day files from a web server. Every request asks for identity bytes that no
 * cache keeps; nothing is conditional, because ETags and dates prove nothing (DESIGN rule 2).
 * Throws `bad-url` or `bad-address-range` (class `stop`) for settings that cannot be used.
 */
export function httpSource(settings: HttpSourceSettings, deps: HttpSourceDeps): Source {
  const base = parseBase(settings.url)
  const credentials = credentialHeader(settings.auth, base)
  const wire = openWire(addressGuard(settings.allowAddresses, deps.lookup), settings.timeoutMs)
  const sleep = deps.sleep ?? ((ms: number) => systemSleep(ms))

  async function read(path: string, from: number): Promise<Answer> {
    const url = dayFileUrl(base, path)
    let askedPauseMs: number | undefined
    return pRetry(
      async () => {
        askedPauseMs = undefined
        const { reply, at, moved } = await followed(url, from)
        askedPauseMs = retryAfterMs(reply.fields)
        return answer(reply, at, from, moved)
      },
      {
        retries: TRIES - 1,
        // The pauses are ours, because p-retry's jitter cannot be decided by a test.
        minTimeout: 0,
        async shouldRetry({ error, attemptNumber }) {
          const jitter = 0.5 + deps.chance.fraction()
          const pauseMs = askedPauseMs ?? FIRST_PAUSE_MS * 2 ** (attemptNumber - 1) * jitter
          if (!(error instanceof RoundsError) || error.class !== 'retry') return false
          if (pauseMs > LONGEST_PAUSE_MS) return false
          await sleep(pauseMs)
          return true
        },
      },
    )
  }

  /** Follows redirects by hand: the guard sees every hop, and credentials stay at home. */
  async function followed(url: URL, from: number) {
    let at = url
    let moved = false
    for (let hops = 0; ; hops++) {
      const reply = await wire.get(at, {
        ...(moved ? {} : credentials),
        'user-agent': 'siterounds',
        'accept-encoding': 'identity',
        'cache-control': 'no-cache',
        ...(from > 0 ? { range: `bytes=${from}-` } : {}),
      })
      if (!REDIRECTS.has(reply.status)) return { reply, at, moved }
      reply.drop()
      if (hops === MOST_REDIRECTS) throw redirectFault(url, `leads on ${hops} times and further`)
      at = nextHop(at, reply.fields.location)
      // Once away, never trusted again: another host may have written the way back.
      moved ||= at.origin !== url.origin
    }
  }

  function answer(reply: Reply, at: URL, from: number, moved: boolean): Answer {
    let used = false
    try {
      const held = heldBy(reply, from, nameOf(at), moved)
      if (held.kind === 'empty') return { kind: 'body', start: 0, chunks: noChunks() }
      if (held.kind !== 'bytes') return { kind: held.kind }
      used = true
      const chunks = counted(reply.chunks(), held, settings.maxFileBytes, nameOf(at))
      return { kind: 'body', start: held.start, chunks }
    } finally {
      if (!used) reply.drop()
    }
  }

  return { read, close: () => wire.close() }
}

async function* noChunks(): AsyncGenerator<Uint8Array> {}

function parseBase(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url?.protocol === 'http:' || url?.protocol === 'https:') return url
  throw new RoundsError(
    'bad-url',
    'stop',
    'source.url is not the address of a web server',
    'Write it like "https://portal.example/files/".',
  )
}

/** The base's own query, such as an access token, is kept. */
function dayFileUrl(base: URL, path: string): URL {
  const url = new URL(base)
  const parts = dayFileParts(path).map((part) => encodeURIComponent(part.toWellFormed()))
  url.pathname = `${base.pathname.replace(/\/+$/, '')}/${parts.join('/')}`
  return url
}

/** `user:password@` in the URL counts as basic authentication when `auth` is not set. */
function credentialHeader(auth: HttpAuth | undefined, base: URL): Record<string, string> {
  if (auth?.kind === 'header') return { [auth.name.toLowerCase()]: auth.value }
  if (auth) return basic(auth.user, auth.password)
  if (!base.username && !base.password) return {}
  return basic(unescaped(base.username), unescaped(base.password))
}

function basic(user: string, password: string): Record<string, string> {
  return { authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}` }
}

function unescaped(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

function nextHop(at: URL, location: string | string[] | undefined): URL {
  if (typeof location !== 'string' || !URL.canParse(location, at.href)) {
    throw redirectFault(at, 'leads on without saying where')
  }
  const next = new URL(location, at)
  if (next.protocol !== 'http:' && next.protocol !== 'https:') {
    throw redirectFault(at, 'leads on to something that is no web server')
  }
  if (at.protocol === 'https:' && next.protocol === 'http:') {
    throw redirectFault(at, `leads on from https to plain http at ${next.host}`)
  }
  return next
}

function redirectFault(at: URL, what: string): RoundsError {
  return new RoundsError(
    'redirect',
    'skip',
    `${nameOf(at)} ${what}`,
    'Write the final address of the day files in source.url.',
  )
}

/** The pause a server asks for: seconds, or a date, which is compared with the server's own. */
function retryAfterMs(fields: Fields): number | undefined {
  const text = fields['retry-after']
  if (typeof text !== 'string') return undefined
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1_000
  const pauseMs = Date.parse(text) - Date.parse(String(fields.date))
  return Number.isNaN(pauseMs) ? undefined : Math.max(0, pauseMs)
}
