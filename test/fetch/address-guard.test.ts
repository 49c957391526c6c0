import type { AddressInfo, LookupFunction } from 'node:net'
import { createServer } from 'node:net'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { addressGuard } from '../../lib/fetch/address-guard.ts'
import { httpSource } from '../../lib/fetch/http.ts'
import { systemChance } from '../../lib/random.ts'
import { drained, failure } from '../contracts/source.ts'
import { type BadServer, badServer } from '../fixtures/bad-server.ts'

/** A source on any address, that does not wait between tries. */
function sourceAt(url: string, allowAddresses: string[] = [], lookup?: LookupFunction) {
  return httpSource(
    { kind: 'http', url, allowAddresses, timeoutMs: 2_000, maxFileBytes: 1_000_000 },
    { chance: systemChance, sleep: async () => {}, lookup },
  )
}

/** A resolver that gives these answers in turn, and the last one for ever. */
function resolving(...answers: string[][]): LookupFunction {
  let call = 0
  return (_host, _options, callback) => {
    const found = answers[Math.min(call++, answers.length - 1)] ?? []
    const addresses = found.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }))
    process.nextTick(() => callback(null, addresses))
  }
}

/** A listener on every address of this machine that must never be reached. */
let hits = 0
let port = 0
const canary = createServer((socket) => {
  hits++
  socket.destroy()
})
beforeEach(async () => {
  hits = 0
  await new Promise<void>((resolve) => canary.listen(0, resolve))
  port = (canary.address() as AddressInfo).port
})
afterEach(() => new Promise<void>((resolve) => canary.close(() => resolve())))

/** Hosts in every spelling that leads inside; none may be reached without being allowed. */
const INSIDE = [
  ...['127.0.0.1', '127.1', '127.0.1', '2130706433', '0x7f000001', '0x7f.1', '0177.0.0.1'],
  ...['017700000001', '0x7f.0x0.0x0.0x1', '127.0.0.1.', '127.255.255.254', '①②⑦.0.0.1'],
  ...['127。0。0。1', '%31%32%37.0.0.1', 'user:secret@127.0.0.1', 'example.com@127.0.0.1'],
  ...['localhost', 'LOCALHOST', 'user@localhost', 'ⓛocalhost'],
  ...['0.0.0.0', '0', '0x0', '000.000.000.000', '0.0.0.1'],
  ...['[::1]', '[0:0:0:0:0:0:0:1]', '[0000::0001]', '[::]', '[::ffff:127.0.0.1]'],
  ...['[::ffff:7f00:1]', '[::ffff:0:127.0.0.1]', '[::127.0.0.1]', '[64:ff9b::127.0.0.1]'],
  ...['[64:ff9b:1::7f00:1]', '[2002:7f00:1::]', '[::2]'],
  ...['10.0.0.1', '10.255.255.255', '012.0.0.1', '167772161', '0xa000001', '[::ffff:10.0.0.1]'],
  ...['172.16.0.1', '172.31.255.254', '0xac.0x10.1', '192.168.0.1', '192.168.1', '3232235521'],
  ...['[::ffff:c0a8:1]', '[fc00::1]', '[fd12:3456::1]', '[fe80::1]', '[febf::1]', '[fec0::1]'],
  ...['100.64.0.1', '100.127.255.254', '224.0.0.1', '239.255.255.250', '255.255.255.255'],
  ...['240.0.0.1', '192.0.2.1', '198.18.0.1', '198.51.100.1', '203.0.113.1', '192.0.0.8'],
  ...['[ff02::1]', '[2001:db8::1]', '[2001::1]', '[100::1]', '[5f00::1]'],
]

/** Spellings of metadata addresses: refused whatever is allowed. */
const METADATA = [
  ...['169.254.169.254', '169.254.0.1', '169.254.170.2', '2852039166', '0xa9fea9fe'],
  ...['0xa9.0xfe.0xa9.0xfe', '0251.0376.0251.0376', '169.254.43518', '169.254.169.254.'],
  ...['user@169.254.169.254', '[::ffff:169.254.169.254]', '[::ffff:a9fe:a9fe]'],
  ...['[::a9fe:a9fe]', '[64:ff9b::a9fe:a9fe]', '[2002:a9fe:a9fe::1]', '[::ffff:0:a9fe:a9fe]'],
  ...['[fd00:ec2::254]', '[fd00:0ec2:0::0254]', '[fd00:ec2::23]', '[fd20:ce::254]'],
  ...['[fd00:c1::a9fe:a9fe]', '100.100.100.200', '1684301000', '[::ffff:100.100.100.200]'],
  ...['168.63.129.16', '2822734096', '[::ffff:168.63.129.16]'],
]

const EVERYTHING = ['0.0.0.0/0', '::/0']

describe('address guard', () => {
  test.each(INSIDE)('refuses http://%s unless it is allowed', async (host) => {
    const source = sourceAt(`http://${host.replace(/@?[^@]*$/, (part) => `${part}:${port}`)}/`)
    const error = await failure(source.read('f.txt', 0))
    await source.close()
    expect(error.code).toBe('refused-address')
    expect(error.class).toBe('skip')
    expect(error.hint).toMatch(/source\.allowAddresses: \["[0-9a-f:.]+\/\d+"\]/)
    expect(error.message + error.hint).not.toContain('secret')
    expect(hits).toBe(0)
  })

  test.each(METADATA)('refuses http://%s even when everything is allowed', async (host) => {
    const source = sourceAt(`http://${host}:${port}/`, EVERYTHING)
    const error = await failure(source.read('f.txt', 0))
    await source.close()
    expect(error.code).toBe('refused-address')
    expect(error.hint).toContain('never allowed')
    expect(hits).toBe(0)
  })

  test('the spellings are many', () => {
    expect(INSIDE.length + METADATA.length).toBeGreaterThanOrEqual(60)
  })

  test.each([
    ['10.2.3.4', '10.0.0.0/8'],
    ['172.20.1.1', '172.16.0.0/12'],
    ['127.0.0.1', '127.0.0.0/8'],
    ['::1', '::1/128'],
    ['fd12::1', 'fc00::/7'],
    ['203.0.113.9', '203.0.113.9/32'],
  ])('the hint for %s proposes %s, and that allows it', (address, range) => {
    const hint = addressGuard([]).refusal(address)?.hint
    expect(hint).toContain(`source.allowAddresses: ["${range}"]`)
    expect(addressGuard([range]).refusal(address)).toBeUndefined()
  })

  test.each(['8.8.8.8', '1.1.1.1', '47.100.1.1', '2606:4700::1111', '64:ff9b::808:808'])(
    'lets the public address %s pass',
    (address) => expect(addressGuard([]).refusal(address)).toBeUndefined(),
  )

  test('a narrow allowance allows nothing beside it', () => {
    const guard = addressGuard(['10.1.2.0/24', '192.168.7.7'])
    expect(guard.refusal('10.1.2.200')).toBeUndefined()
    expect(guard.refusal('::ffff:10.1.2.200')).toBeUndefined()
    expect(guard.refusal('192.168.7.7')).toBeUndefined()
    expect(guard.refusal('10.1.3.1')?.code).toBe('refused-address')
    expect(guard.refusal('192.168.7.8')?.code).toBe('refused-address')
    expect(guard.refusal('fd12::1')?.code).toBe('refused-address')
  })

  test.each(['10.0.0.0/33', 'home', '', '10.0.0.0/-1'])('%j is no range', (range) => {
    expect(() => addressGuard([range])).toThrow(/no address range/)
  })
})

describe('names', () => {
  let site: BadServer
  const file = Buffer.from('one\ntwo\n')
  // Every answer ends the connection, so that each read must look the name up again.
  beforeEach(async () => {
    site = await badServer((socket) => {
      socket.end(`HTTP/1.1 200 OK\r\nContent-Length: 8\r\nConnection: close\r\n\r\n${file}`)
    }, file)
  })
  afterEach(() => site.close())

  test('a name is checked anew at every connection, however it resolves', async () => {
    const sitePort = new URL(site.url).port
    const lookup = resolving(['127.0.0.1'], ['169.254.169.254'], ['10.0.0.1'], ['127.0.0.1'])
    const source = sourceAt(`http://portal.example:${sitePort}/`, ['127.0.0.0/8'], lookup)
    expect((await drained(await source.read('f.txt', 0))).bytes).toEqual(file)
    const metadata = await failure(source.read('f.txt', 0))
    expect(metadata.code).toBe('refused-address')
    expect(metadata.message).toContain('portal.example')
    expect((await failure(source.read('f.txt', 0))).code).toBe('refused-address')
    expect((await drained(await source.read('f.txt', 0))).bytes).toEqual(file)
    await source.close()
    expect(site.asks.length).toBe(2)
  })

  test('of several addresses only those that pass are connected to', async () => {
    const sitePort = new URL(site.url).port
    const lookup = resolving(['169.254.169.254', '10.0.0.1', '127.0.0.1'])
    const source = sourceAt(`http://portal.example:${sitePort}/`, ['127.0.0.1'], lookup)
    expect((await drained(await source.read('f.txt', 0))).bytes).toEqual(file)
    await source.close()
  })

  test.each(['localhost.', 'a.localhost', 'inside.example.'])(
    'the name %s is refused for where it leads, however it is resolved',
    async (host) => {
      const source = sourceAt(`http://${host}:${port}/`, [], resolving(['::1', '127.0.0.1']))
      expect((await failure(source.read('f.txt', 0))).code).toBe('refused-address')
      expect(hits).toBe(0)
      await source.close()
    },
  )

  test('a name that leads nowhere is refused, and one that is unknown is not found', async () => {
    const none = sourceAt('http://portal.example/', [], resolving([]))
    expect((await failure(none.read('f.txt', 0))).code).toBe('refused-address')
    const unknown = sourceAt('http://portal.example/', [], (_host, _options, callback) =>
      callback(Object.assign(new Error('no'), { code: 'ENOTFOUND' }), []),
    )
    const error = await failure(unknown.read('f.txt', 0))
    expect(error.code).toBe('name-not-found')
    expect(error.hint).toContain('source.url')
    await Promise.all([none.close(), unknown.close()])
  })

  test('a chain of redirects that ends inside is refused at its last hop', async () => {
    const start = await badServer((socket, ask) => {
      const to =
        ask.path === '/f.txt' ? `http://hop.example:${new URL(start.url).port}/2` : `${inside}`
      socket.write(`HTTP/1.1 302 Found\r\nLocation: ${to}\r\nContent-Length: 0\r\n\r\n`)
    }, file)
    const inside = `http://[::1]:${port}/f.txt`
    const source = sourceAt(start.url, ['127.0.0.0/8'], resolving(['127.0.0.1']))
    const error = await failure(source.read('f.txt', 0))
    expect(error.code).toBe('refused-address')
    expect(start.asks.map(({ path }) => path)).toEqual(['/f.txt', '/2'])
    expect(hits).toBe(0)
    await source.close()
    await start.close()
  })

  test('the canary would notice', async () => {
    const source = sourceAt(`http://127.0.0.1:${port}/`, ['127.0.0.1'])
    expect((await failure(source.read('f.txt', 0))).code).toBe('connection')
    expect(hits).toBeGreaterThan(0)
    await source.close()
  })
})
