import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import {
  type EdgeRequest,
  edgeHandler,
  edgeRequest,
  edgeSource,
} from '../fixtures/edge-function.ts'
import { njs } from '../fixtures/programs.ts'
import { COOKIE, NOW, OTHER, SECRETS, token } from './edge-world.ts'

/*
 * CloudFront Functions run in njs, an engine of its own with a JavaScript of its own. Here the
 * functions run in the njs of Debian, which is older than the one at the edge.
 */

/** Requests of all kinds: let in, sent on, refused; and what nobody should send. */
const REQUESTS: EdgeRequest[] = [
  edgeRequest('/'),
  edgeRequest(`/bj01/?access=${token()}&day=1&day=2&x=%0d%0a`),
  edgeRequest(`/bj01/?access=${token({ endsAtMs: NOW })}`),
  edgeRequest(`/?access=${token({}, OTHER)}`),
  ...['/', '/bj01/', '/bj01', '/status.json', '//evil.example', '/a/../b', '/%2e', '/北京'].map(
    (address) => edgeRequest(address, { [COOKIE]: token() }),
  ),
  ...['/', '/bj01/', '/en/bj01/2026-11-10/'].map((address) =>
    edgeRequest(address, { [COOKIE]: token({ path: '/bj01/' }) }),
  ),
  edgeRequest('/', { [COOKIE]: `${token()}x` }),
  edgeRequest('/', { [COOKIE]: 'e30.e30.0000000000000000000000000000000000000000000' }),
  {} as EdgeRequest,
]

/** Characters that njs prints in one line at least; it drops what is behind them. */
const LINE = 500

/** A program for njs: the function's own text, its surroundings, and all requests in turn. */
function program(file: string, requests: EdgeRequest[]): string {
  return `import crypto from 'crypto'
const secrets = ${JSON.stringify(Object.fromEntries(SECRETS))}
async function get(key) {
  if (secrets[key] === undefined) throw new Error('KeyNotFound')
  return secrets[key]
}
const cf = { kvs: function () { return { get: get } } }
Date.now = function () { return ${NOW} }
${edgeSource(file).replace(/^import .*$/gm, '')}
const requests = ${JSON.stringify(requests)}
async function main() {
  const results = []
  for (let nth = 0; nth < requests.length; nth += 1) {
    const result = await handler({ request: requests[nth] })
    results.push(result)
  }
  const text = JSON.stringify(results)
  for (let at = 0; at < text.length; at += ${LINE}) console.log(text.slice(at, at + ${LINE}))
}
main()
`
}

function inNjs(file: string, requests: EdgeRequest[]): unknown[] {
  const folder = mkdtempSync(join(tmpdir(), 'edge-'))
  try {
    const path = join(folder, 'program.js')
    writeFileSync(path, program(file, requests))
    return JSON.parse(execFileSync(njs()!, [path], { encoding: 'utf8' }).replaceAll('\n', ''))
  } finally {
    rmSync(folder, { recursive: true })
  }
}

describe.skipIf(!njs())('in the engine of the edge', () => {
  it('the door does what it does here, request by request', async () => {
    const handler = edgeHandler('access.js', SECRETS, () => NOW)
    const here = []
    for (const request of structuredClone(REQUESTS)) here.push(await handler({ request }))
    const there = inNjs('access.js', REQUESTS)
    expect(there).toEqual(JSON.parse(JSON.stringify(here)))
    const statuses = there.map((one) => (one as { statusCode?: number }).statusCode ?? 200)
    expect([...new Set(statuses)].sort()).toEqual([200, 301, 302, 401, 403, 404])
  })

  it('the function of an open site does what it does here', async () => {
    const handler = edgeHandler('rewrite.js')
    const sound = REQUESTS.slice(0, -1)
    const here = []
    for (const request of structuredClone(sound)) here.push(await handler({ request }))
    expect(inNjs('rewrite.js', sound)).toEqual(JSON.parse(JSON.stringify(here)))
  })
})
