import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Step, stepsTo } from '../../lib/fetch/reach.ts'
import { oddServer } from '../fixtures/sites-with-faults.ts'

const LOOPBACK = ['127.0.0.0/8', '::1/128']
const hasOpenssl = spawnSync('openssl', ['version']).status === 0
if (!hasOpenssl) console.log('skipped: the certificate tests make one with openssl')

async function walk(url: string, allow = LOOPBACK): Promise<Step[]> {
  const steps: Step[] = []
  for await (const step of stepsTo(url, allow, 5_000)) steps.push(step)
  return steps
}

const names = (steps: Step[]) => steps.map(({ step, ok }) => `${step} ${ok ? 'ok' : 'failed'}`)

describe.skipIf(!hasOpenssl)('over TLS', () => {
  let server: Server
  let requests = 0
  let port = 0
  beforeAll(async () => {
    const folder = mkdtempSync(join(tmpdir(), 'reach-'))
    const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')]
    const make = 'req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=portal.example'.split(' ')
    execFileSync('openssl', [...make, '-keyout', key, '-out', cert], { stdio: 'ignore' })
    server = createServer({ key: readFileSync(key), cert: readFileSync(cert) }, () => {
      requests++
    })
    rmSync(folder, { recursive: true })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    port = (server.address() as AddressInfo).port
  })
  afterAll(() => new Promise<void>((resolve) => server.close(() => resolve())))

  it('tells whose certificate it is, also of one that is refused, and asks nothing', async () => {
    const steps = await walk(`https://127.0.0.1:${port}/x`)
    expect(names(steps)).toEqual(['name ok', 'address ok', 'connection ok', 'tls failed'])
    expect(steps[3]?.detail).toMatch(/SELF_SIGNED.*portal\.example by portal\.example, valid until/)
    expect(steps[3]?.hint).toContain('NODE_EXTRA_CA_CERTS')
    expect(requests).toBe(0)
  })
})

it('looks a name up, and ends at the first step that fails', async () => {
  const web = await oddServer('not-found')
  const local = web.url.replace('127.0.0.1', 'localhost')
  expect(names(await walk(local))).toEqual(['name ok', 'address ok', 'connection ok'])
  expect(names(await walk(local, []))).toEqual(['name ok', 'address failed'])
  const plain = await walk(web.url.replace('http:', 'https:'))
  await web.close()
  expect(names(plain).at(-1)).toBe('tls failed')
  expect(names(await walk(web.url))).toEqual(['name ok', 'address ok', 'connection failed'])
  expect(names(await walk('http://nowhere.invalid/'))).toEqual(['name failed'])
})

it('never goes to where a cloud tells credentials, even when allowed', async () => {
  const steps = await walk('http://169.254.169.254/', ['169.254.0.0/16'])
  expect(names(steps)).toEqual(['name ok', 'address failed'])
  expect(steps[1]?.hint).toContain('never allowed')
})
