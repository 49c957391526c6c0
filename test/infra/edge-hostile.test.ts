import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { edgeHandler, edgeRequest } from '../fixtures/edge-function.ts'
import {
  COOKIE,
  door,
  KEY,
  NOW,
  OTHER,
  type Outcome,
  outcome,
  rewrite,
  sealed,
  token,
  withCookie,
} from './edge-world.ts'

/** The head of every token that we make. */
const HEAD = { alg: 'HS256', kid: KEY.kid }

/** What people with bad intent put where a token, a name or a value is looked for. */
const hostileText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 60 }),
  fc.constantFrom(
    '__proto__',
    'constructor',
    'access',
    COOKIE,
    '%',
    '%zz',
    '\r\nx: y',
    'a.b.c',
    '..',
  ),
  fc.constant('x'.repeat(20_000)),
  fc.constantFrom(token(), token({}, OTHER), token({ endsAtMs: NOW - 1 }), `${token()} `),
)

const hostileValue = fc.oneof(
  fc.record({ value: hostileText }),
  fc.record({ value: hostileText, multiValue: fc.array(fc.record({ value: hostileText })) }),
  fc.constantFrom(undefined, null, {}, [], 'text', 1, { value: null }, { value: 1 }),
)

const hostileFields = fc.oneof(
  fc.dictionary(hostileText, hostileValue, { maxKeys: 4 }),
  fc.record({ access: hostileValue, [COOKIE]: hostileValue }),
  fc.constantFrom(undefined, null, 'text'),
)

/** Segments, dots, slashes, escapes and other signs, in any order. */
const piece = fc.constantFrom(
  ...['/', '/', '//', '\\', '.', '..', 'bj01', 'index.html', '2026-11-10', 'en', '@', ':', '?'],
  ...['%2e', '%2f', '%5c', '%0d%0a', '\r\n', '\t', ' ', '字', 'evil.example', 'https:', ';', '#'],
)
const address = fc.array(piece, { maxLength: 7 }).map((pieces) => `/${pieces.join('')}`)

const STATUSES = [200, 301, 302, 401, 403, 404]

/** A redirect stays on the site, and no sign in it ends a header or begins a host. */
function expectSound({ status, location, cookie }: Outcome): void {
  expect(STATUSES).toContain(status)
  if (location !== undefined) {
    expect(location).toMatch(/^\/([A-Za-z0-9._~-]+\/)*[A-Za-z0-9._~-]*(\?[A-Za-z0-9._~%=&+-]+)?$/)
    const target = new URL(location, 'https://reports.example')
    expect(target.origin).toBe('https://reports.example')
  }
  if (cookie !== undefined) expect(cookie).toMatch(/^[A-Za-z0-9_.-]+$/)
}

/** The same text with one character changed, left out or put in. */
const mutation = fc.record({
  place: fc.nat(),
  kind: fc.constantFrom('change', 'drop', 'insert', 'swap'),
  sign: fc.oneof(
    fc.constantFrom(...'ABCDEFabcdef0123456789-_.=+/ '),
    fc.string({ unit: 'grapheme', minLength: 1, maxLength: 1 }),
  ),
})

function mutated(
  text: string,
  { place, kind, sign }: { place: number; kind: string; sign: string },
) {
  const at = place % text.length
  const [before, here, after] = [text.slice(0, at), text.slice(at, at + 1), text.slice(at + 1)]
  if (kind === 'change') return before + sign + after
  if (kind === 'drop') return before + after
  if (kind === 'insert') return before + sign + here + after
  return before + after.slice(0, 1) + here + after.slice(1)
}

describe('the door, whatever comes', () => {
  it('never throws, never leads elsewhere, and opens to nobody without a token', async () => {
    const request = fc.record({
      method: fc.constant('GET'),
      uri: fc.oneof(address, hostileText, fc.constantFrom(undefined, null, 1)),
      querystring: hostileFields,
      headers: fc.constant({}),
      cookies: hostileFields,
    })
    const right = token()
    await fc.assert(
      fc.asyncProperty(fc.oneof(request, hostileValue), async (asked) => {
        const result = await outcome(asked)
        expectSound(result)
        const holdsToken = JSON.stringify(asked ?? null).includes(right)
        if (!holdsToken) expect([401, 403, 404]).toContain(result.status)
      }),
      { numRuns: 3_000 },
    )
  })

  it('leads nobody away from the site who is let in', async () => {
    const query = fc.dictionary(hostileText, fc.record({ value: hostileText }), { maxKeys: 3 })
    await fc.assert(
      fc.asyncProperty(address, query, async (uri, others) => {
        const request = edgeRequest('/', { [COOKIE]: token() })
        const first = await outcome({ ...request, uri, querystring: others })
        expectSound(first)
        const link = { ...others, access: { value: token() } }
        const second = await outcome({ ...request, uri, querystring: link })
        expectSound(second)
        expect(second.location ?? '').not.toMatch(/[?&]access(=|&|$)/)
      }),
      { numRuns: 2_000 },
    )
  })

  it('does to addresses what the function of an open site does', async () => {
    await fc.assert(
      fc.asyncProperty(address, async (uri) => {
        const request = edgeRequest('/', { [COOKIE]: token() })
        const atDoor = await outcome({ ...request, uri })
        expect(atDoor).toEqual(await outcome({ ...request, uri }, rewrite))
      }),
      { numRuns: 2_000 },
    )
  })

  it('opens to no token in which anything was altered', async () => {
    const whole = token()
    const narrow = token({ path: '/bj01/' })
    expect(await withCookie('/bj01/', whole)).toMatchObject({ status: 200 })
    expect(await withCookie('/bj01/', narrow)).toMatchObject({ status: 200 })
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(whole, narrow), mutation, async (held, change) => {
        const altered = mutated(held, change)
        fc.pre(altered !== held)
        expect(await withCookie('/bj01/', altered)).toEqual({ status: 401 })
        const offered = edgeRequest('/bj01/')
        offered.querystring.access = { value: altered }
        expect(await outcome(offered)).toEqual({ status: 401 })
      }),
      { numRuns: 2_000 },
    )
  })

  it('opens to no token with another sign in any one place', async () => {
    const held = token({ path: '/bj01/' })
    const base64url = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
    for (let at = 0; at < held.length; at += 1) {
      // The last bits of the signature's last sign mean nothing to a decoder that is not strict.
      const signs = at === held.length - 1 ? base64url : 'AZaz09-_.'
      for (const sign of signs) {
        const altered = held.slice(0, at) + sign + held.slice(at + 1)
        if (altered === held) continue
        expect(await withCookie('/bj01/', altered), `${sign} at ${at}`).toEqual({ status: 401 })
      }
    }
  })

  it('opens to a right head and right claims, sealed as the next ones are', async () => {
    const claims = { exp: NOW, path: '/bj01/' }
    expect(await withCookie('/bj01/', sealed(HEAD, claims))).toMatchObject({ status: 200 })
  })

  it.each([
    ['no algorithm', { ...HEAD, alg: 'none' }],
    ['another algorithm', { ...HEAD, alg: 'HS512' }],
    ['no key', { alg: 'HS256' }],
    ['a list of keys', { ...HEAD, kid: [KEY.kid] }],
    ['the name of no key', { ...HEAD, kid: `${KEY.kid}\n` }],
    ['nothing', null],
  ])('opens to no token whose head has %s', async (_, head) => {
    expect(await withCookie('/', sealed(head, { exp: NOW }))).toEqual({ status: 401 })
  })

  it.each([
    ['no end', {}],
    ['an end that is text', { exp: '99999999999' }],
    ['an end that is none', { exp: null }],
    ['a folder that is none', { exp: NOW, path: 1 }],
    ['a folder that is open behind', { exp: NOW, path: '/bj' }],
    ['a folder without a name', { exp: NOW, path: '' }],
    ['nothing', null],
  ])('is not opened by claims with %s, though we had signed them', async (_, claims) => {
    expect((await withCookie('/bj01/', sealed(HEAD, claims))).file).toBeUndefined()
  })

  it('asks its store for nothing but names of keys, in tokens of the right form', async () => {
    const asked: string[] = []
    const get = (kid: string) => {
      asked.push(kid)
      return KEY.secret
    }
    const handler = edgeHandler('access.js', { get } as unknown as Map<string, string>, () => NOW)
    const held = (cookie: string) => outcome(edgeRequest('/', { [COOKIE]: cookie }), handler)
    expect(await held(sealed(HEAD, { exp: NOW }))).toMatchObject({ status: 200 })
    expect(asked.splice(0)).toEqual([KEY.kid])
    const claims = { exp: NOW }
    for (const kid of ['K1', 'k 1', '../k1', 'k1\n', '', '__proto__', 'k'.repeat(33)]) {
      expect(await held(sealed({ ...HEAD, kid }, claims)), kid).toEqual({ status: 401 })
    }
    const long = sealed(HEAD, { ...claims, more: 'x'.repeat(1_000) })
    for (const cookie of [long, `${token()}.x`, `${token()}=`, ` ${token()}`, `.${token()}`]) {
      expect(await held(cookie), cookie).toEqual({ status: 401 })
    }
    expect(asked).toEqual([])
  })

  it('answers with a closed door when its store fails or holds no secret', async () => {
    const broken = { get: () => Promise.reject(new Error('store')) }
    const stores = [new Map(), new Map([[KEY.kid, '']]), broken as unknown as Map<string, string>]
    for (const secrets of stores) {
      const handler = edgeHandler('access.js', secrets, () => NOW)
      for (const held of [token(), sealed(HEAD, { exp: NOW }, '')]) {
        const request = edgeRequest('/', { [COOKIE]: held })
        expect(await outcome(request, handler)).toEqual({ status: 401 })
      }
    }
  })

  it('is shut at its own failure too: no event, no request', async () => {
    for (const event of [undefined, null, {}, { request: null }, 1]) {
      expect(await door(event)).toMatchObject({ statusCode: 401 })
    }
  })
})
