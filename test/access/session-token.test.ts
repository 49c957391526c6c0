import { createHmac } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import {
  accessLink,
  LONGEST_LINK_HOURS,
  LONGEST_LINK_MS,
  linkFolder,
  sessionToken,
} from '../../lib/access/session-token.ts'
import { DAY_MS } from '../../lib/time.ts'

const KEY = { kid: 'k20261110-3fa94c', secret: 'c2VjcmV0' }
const ENDS_AT_MS = Date.parse('2026-11-10T20:00:00.900Z')

function parts(token: string): [unknown, unknown, string, string] {
  const [head = '', claims = '', signature = ''] = token.split('.')
  const read = (part: string) => JSON.parse(Buffer.from(part, 'base64url').toString())
  return [read(head), read(claims), `${head}.${claims}`, signature]
}

describe('a session token', () => {
  it('names its key, its end in whole seconds, and no folder when it opens all', () => {
    const [head, claims] = parts(sessionToken(KEY, { path: '/', endsAtMs: ENDS_AT_MS }))
    expect(head).toEqual({ alg: 'HS256', kid: KEY.kid })
    expect(claims).toEqual({ exp: Date.parse('2026-11-10T20:00:00Z') / 1_000 })
  })

  it('names its folder, and is sealed with the text of the secret', () => {
    const token = sessionToken(KEY, { path: '/bj01/', endsAtMs: ENDS_AT_MS })
    const [, claims, text, signature] = parts(token)
    expect(claims).toMatchObject({ path: '/bj01/' })
    expect(signature).toBe(createHmac('sha256', KEY.secret).update(text).digest('base64url'))
  })
})

describe('the folder of a link', () => {
  it.each([
    ['/', '/'],
    ['', '/'],
    ['bj01', '/bj01/'],
    ['/bj01', '/bj01/'],
    ['/bj01/', '/bj01/'],
    ['//bj01//', '/bj01/'],
    ['/bj.01/2026-11-10', '/bj.01/2026-11-10/'],
    ['/en/bj01/', '/en/bj01/'],
  ])('%j is %s', (text, folder) => {
    expect(linkFolder(text)).toBe(folder)
  })

  it.each(['/bj01//x/', '/..', '/bj01/../', '/./', '/bj 01/', '/北京/', '/a?b', '/a%2f', '/a\n'])(
    '%j is none',
    (text) => {
      expect(linkFolder(text)).toBeUndefined()
    },
  )
})

describe('a link', () => {
  it.each(['https://reports.example', 'https://reports.example/'])('leads to %s', (site) => {
    expect(accessLink(site, '/bj01/', 'a.b-_.c')).toBe(
      'https://reports.example/bj01/?access=a.b-_.c',
    )
  })

  it('is valid for a month at most', () => {
    expect([LONGEST_LINK_HOURS, LONGEST_LINK_MS]).toEqual([744, 31 * DAY_MS])
  })
})
