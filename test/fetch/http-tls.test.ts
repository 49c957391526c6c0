import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:https'
import type { AddressInfo, LookupFunction } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { httpSource } from '../../lib/fetch/http.ts'
import { wireFault } from '../../lib/fetch/http-faults.ts'
import { systemChance } from '../../lib/random.ts'
import { failure } from '../contracts/source.ts'

const hasOpenssl = spawnSync('openssl', ['version']).status === 0
if (!hasOpenssl) console.log('skipped: the TLS tests make a certificate with openssl')

const loopback: LookupFunction = (_host, _options, callback) =>
  callback(null, [{ address: '127.0.0.1', family: 4 }])

function sourceAt(url: string) {
  return httpSource(
    {
      kind: 'http',
      url,
      allowAddresses: ['127.0.0.0/8'],
      timeoutMs: 5_000,
      maxFileBytes: 1_000,
      auth: { kind: 'basic', user: 'u', password: 'pass-canary' },
    },
    { chance: systemChance, sleep: async () => {}, lookup: loopback },
  )
}

describe.skipIf(!hasOpenssl)('http source over TLS', () => {
  let server: Server
  let port = 0
  let requests = 0
  beforeAll(async () => {
    const folder = mkdtempSync(join(tmpdir(), 'tls-'))
    const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')]
    const make = 'req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=portal.example'.split(' ')
    execFileSync('openssl', [...make, '-keyout', key, '-out', cert], { stdio: 'ignore' })
    server = createServer({ key: readFileSync(key), cert: readFileSync(cert) }, (_, response) => {
      requests++
      response.writeHead(302, { location: 'http://portal.example/f.txt' }).end()
    })
    rmSync(folder, { recursive: true })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    port = (server.address() as AddressInfo).port
  })
  afterAll(() => {
    server.closeAllConnections()
    return new Promise<void>((resolve) => server.close(() => resolve()))
  })

  test('a certificate of an unknown authority is refused before anything is sent', async () => {
    const source = sourceAt(`https://portal.example:${port}/`)
    const error = await failure(source.read('f.txt', 0))
    await source.close()
    expect(error).toMatchObject({ code: 'tls', class: 'skip' })
    expect(error.hint).toContain('NODE_EXTRA_CA_CERTS')
    expect(requests).toBe(0)
  })

  test('plain http to a port that speaks TLS is an error with a hint', async () => {
    const source = sourceAt(`http://portal.example:${port}/`)
    const error = await failure(source.read('f.txt', 0))
    await source.close()
    expect(['connection', 'not-http', 'http-status']).toContain(error.code)
    expect(error.hint).not.toBe('')
  })

  test('F52 a redirect from https to plain http is refused', async () => {
    // The check of the certificate is switched off for this one request only.
    process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0'
    const source = sourceAt(`https://portal.example:${port}/`)
    const error = await failure(source.read('f.txt', 0))
    delete process.env.NODE_TLS_REJECT_UNAUTHORIZED
    await source.close()
    expect(error.code).toBe('redirect')
    expect(error.message).toContain('plain http')
    expect(requests).toBe(1)
  })
})

describe('TLS faults', () => {
  test.each([
    ['CERT_HAS_EXPIRED', 'Renew'],
    ['ERR_TLS_CERT_ALTNAME_INVALID', 'host name'],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', 'NODE_EXTRA_CA_CERTS'],
    ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'NODE_EXTRA_CA_CERTS'],
    ['ERR_SSL_WRONG_VERSION_NUMBER', 'https'],
  ])('%s has a hint of its own', (code, hint) => {
    const error = wireFault(Object.assign(new Error('x'), { code }), 'portal.example/f', 'head')
    expect(error.code).toBe('tls')
    expect(error.hint).toContain(hint)
  })
})
