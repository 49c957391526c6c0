import { describe, expect, it } from 'vitest'
import { accessLink } from '../../lib/access/session-token.ts'
import { HOUR_MS, SECOND_MS } from '../../lib/time.ts'
import { type EdgeAnswer, edgeRequest } from '../fixtures/edge-function.ts'
import { COOKIE, door, NOW, OTHER, outcome, rewrite, token, withCookie } from './edge-world.ts'

/** The address of a link without its host, as the edge gets it. */
function linked(path: string, held: string): string {
  const { pathname, search } = new URL(accessLink('https://reports.example', path, held))
  return `${pathname}${search}`
}

describe('a closed report site', () => {
  it('turns a link into a cookie and an address that says nothing of it', async () => {
    const held = token()
    const answer = (await door({ request: edgeRequest(linked('/bj01/', held)) })) as EdgeAnswer
    expect(answer).toMatchObject({
      statusCode: 302,
      headers: { location: { value: '/bj01/' }, 'cache-control': { value: 'no-store' } },
    })
    expect(answer.cookies).toEqual({
      [COOKIE]: {
        value: held,
        attributes: `Secure; HttpOnly; SameSite=Lax; Path=/; Max-Age=${12 * 3_600}`,
      },
    })
    expect(await withCookie('/bj01/', held)).toEqual({ status: 200, file: '/bj01/index.html' })
  })

  it('keeps the other parameters of a link, in their own encoding', async () => {
    const address = `${linked('/', token())}&day=2026-11-10&q=%E5%8C%97%E4%BA%AC&empty=&day=2`
    const { location } = await outcome(edgeRequest(address))
    expect(location).toBe('/?day=2026-11-10&day=2&q=%E5%8C%97%E4%BA%AC&empty')
  })

  it('opens until the second that the token names', async () => {
    expect(await withCookie('/', token({ endsAtMs: NOW + SECOND_MS }))).toMatchObject({
      status: 200,
    })
    expect(await withCookie('/', token({ endsAtMs: NOW }))).toEqual({ status: 401 })
    expect(await withCookie('/', token({ endsAtMs: NOW - HOUR_MS }))).toEqual({ status: 401 })
    const late = linked('/', token({ endsAtMs: NOW }))
    expect(await outcome(edgeRequest(late))).toEqual({ status: 401 })
  })

  it('knows only keys that stand in its store', async () => {
    expect(await withCookie('/', token({}, OTHER))).toEqual({ status: 401 })
    const stolenName = { ...OTHER, kid: 'k1' }
    expect(await withCookie('/', token({}, stolenName))).toEqual({ status: 401 })
  })

  it.each([
    ['/bj01/', 200],
    ['/bj01/index.html', 200],
    ['/bj01/2026-11-10/', 200],
    ['/en/bj01/2026-11-10/index.html', 200],
    ['/zh/bj01/', 200],
    ['/bj01', 301],
    ['/', 403],
    ['/index.html', 403],
    ['/status.json', 403],
    ['/bj011/', 403],
    ['/bj0/', 403],
    ['/sh02/bj01/', 403],
    ['/fr/bj01/', 403],
    ['/en/', 403],
    ['/en/sh02/', 403],
    ['/en/en/bj01/', 403],
    ['/BJ01/', 403],
  ])('a link to /bj01/ alone answers %s with %i', async (address, status) => {
    const held = token({ path: '/bj01/' })
    expect(await withCookie(address, held)).toMatchObject({ status })
    const offered = await outcome(edgeRequest(`${address}?access=${held}`))
    expect(offered.status).toBe(status === 403 ? 403 : 302)
    expect(offered.cookie === undefined).toBe(status === 403)
  })

  it('lets an old link pass for who is in already, and keeps the cookie that holds', async () => {
    const expired = token({ endsAtMs: NOW - HOUR_MS })
    const request = edgeRequest(`/bj01/?access=${expired}&x=1`, { [COOKIE]: token() })
    expect(await outcome(request)).toEqual({ status: 302, location: '/bj01/?x=1' })
  })

  it('takes the newer link when somebody has a cookie already', async () => {
    const [older, newer] = [token({ path: '/bj01/' }), token()]
    const request = edgeRequest(linked('/bj01/', newer), { [COOKIE]: older })
    expect(await outcome(request)).toMatchObject({ status: 302, cookie: newer })
  })

  it('takes no parameter and no cookie that comes twice', async () => {
    const held = token()
    const twice = edgeRequest(`/?access=${held}&access=${held}`)
    expect(await outcome(twice)).toEqual({ status: 401 })
    const request = edgeRequest('/', { [COOKIE]: held })
    request.cookies[COOKIE]!.multiValue = [{ value: held }, { value: held }]
    expect(await outcome(request)).toEqual({ status: 401 })
  })

  it('says in Chinese and English what to do, and no robot keeps it', async () => {
    for (const [address, status] of [
      ['/', 401],
      ['/sh02/', 403],
      ['//', 404],
    ] as const) {
      const request = edgeRequest(address, {
        [COOKIE]: status === 403 ? token({ path: '/a/' }) : '',
      })
      const answer = (await door({ request })) as EdgeAnswer
      expect(answer.statusCode).toBe(status)
      const { headers, body } = answer
      expect(headers['content-type']?.value).toBe('text/html; charset=utf-8')
      expect(headers['cache-control']?.value).toBe('no-store')
      expect(headers['x-robots-tag']?.value).toBe('noindex')
      expect(headers['content-security-policy']?.value).toContain("default-src 'none'")
      expect(body?.encoding).toBe('text')
      expect(body?.data).toMatch(/<html lang="zh-CN">.*链接.*<div lang="en">.*[Ll]ink/s)
      expect(body?.data).not.toMatch(/src=|href=|@import|url\(/)
    }
  })
})

describe.each([
  ['open', (address: string) => outcome(edgeRequest(address), rewrite)],
  ['closed', (address: string) => withCookie(address, token())],
])('the addresses of an %s report site', (_, ask) => {
  it.each([
    ['/', '/index.html'],
    ['/bj01/', '/bj01/index.html'],
    ['/bj01/index.html', '/bj01/index.html'],
    ['/en/bj01/2026-11-10/', '/en/bj01/2026-11-10/index.html'],
    ['/status.json', '/status.json'],
    ['/bj.01/', '/bj.01/index.html'],
    ['/.x/', '/.x/index.html'],
  ])('%s is the file %s', async (address, file) => {
    expect(await ask(address)).toEqual({ status: 200, file })
  })

  it.each([
    ['/bj01', '/bj01/'],
    ['/bj01/2026-11-10', '/bj01/2026-11-10/'],
    ['/bj.01', '/bj.01/'],
    ['/bj01?a=1&b=%2F&b=2', '/bj01/?a=1&b=%2F&b=2'],
    ['/bj01?a=<script>&b=1', '/bj01/?b=1'],
    [`/bj01?a=${'x'.repeat(600)}`, '/bj01/'],
  ])('%s leads to %s', async (address, location) => {
    expect(await ask(address)).toEqual({ status: 301, location })
  })

  it.each([
    '//evil.example',
    '//evil.example/',
    '///evil.example/x',
    '/\\evil.example/',
    '/bj01//x',
    '/bj01/../sh02/',
    '/..',
    '/./bj01/',
    '/%2e%2e/bj01/',
    '/bj01%2f',
    '/bj01/%0d%0aset-cookie:x=1',
    '/bj01\r\nset-cookie: x=1',
    '/bj01;x',
    '/北京/',
    'https://evil.example/',
    'bj01',
    '',
    `/${'x'.repeat(1_024)}`,
  ])('%j is no page', async (address) => {
    expect(await ask(address)).toEqual({ status: 404 })
  })
})
