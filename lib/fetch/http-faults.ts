import { RoundsError } from '../errors.ts'

/** How an address stands in messages: host and path, never user, password or query. */
export function nameOf(url: URL): string {
  return `${url.host}${url.pathname}`
}

const TIMEOUTS = new Set([
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_BODY_TIMEOUT',
  'ETIMEDOUT',
])

/** OpenSSL's and Node's names for a certificate or a handshake that failed. */
const TLS = /^(ERR_TLS|ERR_SSL|EPROTO$|CERT_|UNABLE_TO_|HOSTNAME_MISMATCH|.*SELF_SIGNED)/

/**
 * What the connection reported, as our error. In the head a passing fault is of class `retry`; in
 * the body every fault is `skip`, because what came is kept and the next round reads on.
 * The vendor's error is not attached as a cause: it can hold headers or bytes of the answer.
 */
export function wireFault(error: unknown, name: string, phase: 'head' | 'body'): RoundsError {
  if (error instanceof RoundsError) return error
  const { code = 'unknown error', name: kind = '' } = error as NodeJS.ErrnoException
  if (TIMEOUTS.has(code)) return timedOut(name, `the ${phase} of the answer`)
  if (code === 'UND_ERR_DESTROYED' || code === 'UND_ERR_CLOSED') {
    return new RoundsError(
      'closed',
      'skip',
      `${name}: the source was closed meanwhile`,
      'Siterounds was stopping; the next round reads it.',
    )
  }
  if (phase === 'body') return cutBody(name, `the connection broke (${code})`)
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') {
    return new RoundsError(
      'name-not-found',
      code === 'EAI_AGAIN' ? 'retry' : 'skip',
      `${name}: the name of the host was not found (${code})`,
      'Check the host in source.url, and the name server of this machine.',
    )
  }
  if (TLS.test(code)) {
    return new RoundsError('tls', 'skip', `${name}: no safe connection (${code})`, tlsHint(code))
  }
  if (kind === 'HTTPParserError' || code === 'UND_ERR_HEADERS_OVERFLOW') {
    return new RoundsError(
      'not-http',
      'skip',
      `${name} answered something that is not HTTP`,
      'Check scheme and port in source.url.',
    )
  }
  if (code === 'UND_ERR_INVALID_ARG') {
    return new RoundsError(
      'bad-header',
      'skip',
      `${name} was not asked: a header is not allowed in HTTP`,
      'Check source.auth for line breaks and characters outside Latin-1.',
    )
  }
  return new RoundsError(
    'connection',
    'retry',
    `${name}: no answer (${code})`,
    'Check that the site is up and that this machine may reach its port.',
  )
}

function tlsHint(code: string): string {
  if (code === 'CERT_HAS_EXPIRED') return "Renew the site's certificate."
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    return "Use a host name in source.url that stands in the site's certificate."
  }
  if (/SELF_SIGNED|UNABLE_TO_/.test(code)) {
    return "If the site has its own authority, name that authority's file in NODE_EXTRA_CA_CERTS."
  }
  return 'Check that this port speaks https, and the date of this machine.'
}

/** A part of the exchange took too long; not retried, because waiting again helps nobody. */
export function timedOut(name: string, what: string): RoundsError {
  return new RoundsError(
    'timed-out',
    'skip',
    `${name}: ${what} took too long`,
    'If the site is rightly so slow, raise source.timeoutMs.',
  )
}

/** The body ended before the file's end. */
export function cutBody(name: string, why: string): RoundsError {
  return new RoundsError(
    'cut-body',
    'skip',
    `${name} ended too early: ${why}`,
    'What came is kept, and the next round reads on from there.',
  )
}

/** The answer says about its place in the file what cannot be, or not what was asked. */
export function badRange(name: string, why: string): RoundsError {
  return new RoundsError(
    'bad-range',
    'skip',
    `${name}: ${why}`,
    'The web server or a proxy in between handles Range wrongly; switching Range off there helps.',
  )
}

/** A status that is neither a file nor its absence; `moved`: a redirect left the origin before. */
export function statusFault(status: number, name: string, moved: boolean): RoundsError {
  if (status === 304) {
    return new RoundsError(
      'unexpected-304',
      'skip',
      `${name} answered 304 although nothing conditional was asked`,
      'A cache between here and the site answers in its place: go around it.',
    )
  }
  const passing = status === 429 || status >= 500
  const message = `${name} answered ${status}`
  return new RoundsError('http-status', passing ? 'retry' : 'skip', message, hintFor(status, moved))
}

function hintFor(status: number, moved: boolean): string {
  if ((status === 401 || status === 403) && moved) {
    return 'Credentials never go to another origin: write the final address in source.url.'
  }
  if (status === 401 || status === 403) return 'Check the credentials in source.auth.'
  if (status === 407) return 'A proxy in between wants credentials: go around it.'
  if (status === 429) return 'The site is asked too often: make rounds rarer.'
  if (status >= 500) return 'The web server of the site has a fault: look at its own log.'
  return 'Check source.url and the path of the feed.'
}
