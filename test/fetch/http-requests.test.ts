import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import type { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { HttpSourceSettings } from '../../lib/site.ts'
import { drained, failure } from '../contracts/source.ts'
import { type Behaviour, badServer } from '../fixtures/bad-server.ts'
import { AUTH, AUTH_HEADER, closedAfter, FILE, faulty, openHttp } from '../fixtures/http-source.ts'
import { type PortalOptions, portalServer } from '../fixtures/portal-server.ts'

describe('passing faults', () => {
  test('F55 a site that is down is tried three times, and is not an absent file', async () => {
    const { source, server, pauses } = await faulty('resets every connection')
    const error = await failure(source.read('f.txt', 0))
    expect(error).toMatchObject({ code: 'connection', class: 'retry' })
    expect(server.asks.length).toBe(3)
    expect(pauses).toEqual([500, 1_000])
  })

  test('F55 a port where nobody listens is tried three times', async () => {
    const { source, server, pauses } = await faulty('always 500')
    await server.close()
    expect((await failure(source.read('f.txt', 0))).message).toContain('ECONNREFUSED')
    expect(pauses.length).toBe(2)
  })

  test('a busy server is asked again after the pause it wants', async () => {
    const { source, pauses } = await faulty('busy twice, then well')
    expect((await drained(await source.read('f.txt', 0))).bytes).toEqual(FILE)
    expect(pauses).toEqual([7_000, 7_000])
  })

  test('a pause given as a date is counted on the server’s own clock', async () => {
    const dated: Behaviour = (socket) =>
      socket.write(
        'HTTP/1.1 503 Busy\r\nContent-Length: 0\r\nDate: Tue, 10 Nov 2026 08:00:00 GMT\r\n' +
          'Retry-After: Tue, 10 Nov 2026 08:00:04 GMT\r\n\r\n',
      )
    const { source, pauses } = await faulty(dated)
    await failure(source.read('f.txt', 0))
    expect(pauses).toEqual([4_000, 4_000])
  })

  test('a pause longer than we wait ends the tries', async () => {
    const { source, server, pauses } = await faulty('asks for a long pause')
    const error = await failure(source.read('f.txt', 0))
    expect(error).toMatchObject({ code: 'http-status', class: 'retry' })
    expect([server.asks.length, pauses.length]).toEqual([1, 0])
  })

  test('a broken server is reported after three tries', async () => {
    const { source, server } = await faulty('always 500')
    expect((await failure(source.read('f.txt', 0))).message).toMatch(/127.*\/f\.txt answered 500/)
    expect(server.asks.length).toBe(3)
  })
})

describe('F52 redirects', () => {
  const to = (location: string): Behaviour => {
    const head = `HTTP/1.1 307 Moved\r\nLocation: ${location}\r\nContent-Length: 5\r\n\r\nmoved`
    return (socket) => socket.write(head)
  }

  test('F52 to the same origin: Range and credentials are repeated', async () => {
    const moving: Behaviour = (socket, ask, file) => {
      if (ask.path === '/f.txt') return to('/new/f.txt')(socket, ask, file)
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${file.length}\r\n\r\n${file}`)
    }
    const { source, server } = await faulty(moving, { auth: AUTH })
    expect((await drained(await source.read('f.txt', 24))).bytes).toEqual(FILE)
    expect(server.asks.map(({ path }) => path)).toEqual(['/f.txt', '/new/f.txt'])
    for (const { fields } of server.asks) {
      expect(fields).toMatchObject({ authorization: AUTH_HEADER, range: 'bytes=24-' })
    }
  })

  test('F52 to another origin and back: Range is repeated, credentials are not', async () => {
    const other = await badServer((socket, ask, file) => to(`${home}back`)(socket, ask, file), FILE)
    closedAfter(other)
    const { source, server } = await faulty(
      (socket, ask, file) =>
        ask.path === '/back'
          ? socket.write('HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n')
          : to(`${other.url}f.txt?key=query-canary`)(socket, ask, file),
      { auth: { kind: 'header', name: 'X-Key', value: 'pass-canary' } },
    )
    const home = server.url
    const error = await failure(source.read('f.txt', 24))
    expect(server.asks[0]?.fields['x-key']).toBe('pass-canary')
    for (const ask of [other.asks[0], server.asks[1]]) {
      expect(ask?.fields['x-key']).toBeUndefined()
      expect(ask?.fields.range).toBe('bytes=24-')
    }
    expect(error.code).toBe('http-status')
    expect(error.hint).toContain('another origin')
    expect(inspect(error)).not.toMatch(/canary/)
  })

  test('F52 an endless redirect ends after three', async () => {
    const { source, server } = await faulty('F52 endless redirect')
    expect((await failure(source.read('f.txt', 0))).code).toBe('redirect')
    expect(server.asks.length).toBe(4)
  })
})

describe('credentials and connections', () => {
  let folder: string
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'portal-'))
    await writeFile(join(folder, 'f.txt'), FILE)
  })
  afterEach(() => rm(folder, { recursive: true, force: true }))

  async function portal(settings: Partial<HttpSourceSettings>, options: PortalOptions = {}) {
    const server = await portalServer(folder, options)
    const source = openHttp({ url: server.url, ...settings })
    closedAfter(server)
    closedAfter(source)
    return { server, source }
  }

  test('basic credentials reach the server, also with Chinese in them', async () => {
    const auth = { kind: 'basic', user: '运维', password: 'p:w' } as const
    const authorization = `Basic ${Buffer.from('运维:p:w').toString('base64')}`
    const { source } = await portal({ auth }, { authorization })
    expect((await drained(await source.read('f.txt', 0))).bytes).toEqual(FILE)
  })

  test('a header of any name reaches the server', async () => {
    const auth = { kind: 'header', name: 'X-Api-Key', value: 'pass-canary' } as const
    const { source, server } = await portal({ auth })
    await drained(await source.read('f.txt', 24))
    expect(server.requests[0]?.headers['x-api-key']).toBe('pass-canary')
  })

  test('user and password in the URL count as basic credentials', async () => {
    const server = await portalServer(folder, { authorization: AUTH_HEADER })
    const source = openHttp({ url: server.url.replace('//', '//user-canary:pass%2Dcanary@') })
    closedAfter(server)
    closedAfter(source)
    expect((await drained(await source.read('f.txt', 0))).bytes).toEqual(FILE)
  })

  test('wrong credentials: the hint says so, and nothing tells them', async () => {
    const { source } = await portal({ auth: AUTH }, { authorization: 'other' })
    const error = await failure(source.read('f.txt', 0))
    expect(error.hint).toContain('source.auth')
    expect(inspect(error, { depth: 9, showHidden: true })).not.toMatch(/canary|dXNlci/)
  })

  test.each(['line\nbreak pass-canary', 'pass-canary 告警'])(
    'a header value that HTTP does not allow is told without the value',
    async (value) => {
      const { source, server } = await portal({ auth: { kind: 'header', name: 'x-key', value } })
      const error = await failure(source.read('f.txt', 0))
      expect(error.code).toBe('bad-header')
      expect(inspect(error, { depth: 9, showHidden: true })).not.toContain('canary')
      expect(server.requests.length).toBe(0)
    },
  )

  test.each(['ftp://user:pass-canary@h/', 'http://user:pass-canary@[/', 'portal', ''])(
    'the URL %j is refused without telling it',
    (url) => {
      let error: unknown
      try {
        openHttp({ url })
      } catch (thrown) {
        error = thrown
      }
      expect(error).toMatchObject({ code: 'bad-url', class: 'stop' })
      expect(inspect(error, { depth: 9, showHidden: true })).not.toContain('canary')
    },
  )

  test('connections are kept between requests, 404 and 416 included', async () => {
    const { source, server } = await portal({})
    for (let n = 0; n < 3; n++) {
      await drained(await source.read('f.txt', 0))
      await drained(await source.read('f.txt', 24))
      await source.read('none.txt', 0)
      await source.read('f.txt', 999)
    }
    expect(server.requests.length).toBe(12)
    // undici rests a connection for one turn, so the second one of the two is used as well.
    expect(server.connections()).toBeLessThanOrEqual(2)
  })

  test('a body left early frees its connection on the server too', async () => {
    const { source, server } = await faulty('endless body')
    const answer = await source.read('f.txt', 0)
    expect(server.open()).toBe(1)
    if (answer.kind === 'body') for await (const _ of answer.chunks) break
    while (server.open() > 0) await new Promise((resolve) => setImmediate(resolve))
  })

  test('a slow reader makes the site wait, and then gets everything', async () => {
    const large = Buffer.alloc(48 * 1024 * 1024, 'line\n')
    let writing: Socket | undefined
    const { source } = await faulty((socket) => {
      writing = socket
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${large.length}\r\n\r\n`)
      socket.write(large)
    })
    const answer = await source.read('f.txt', 0)
    await new Promise((resolve) => setTimeout(resolve, 200))
    expect(writing?.writableLength).toBeGreaterThan(0)
    expect((await drained(answer)).bytes.equals(large)).toBe(true)
  })

  test('an unwanted body without end is not read on', async () => {
    const { source, server } = await faulty((socket) => {
      socket.write('HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\n')
      const timer = setInterval(() => socket.write(Buffer.alloc(20_000)), 5)
      socket.on('close', () => clearInterval(timer))
    })
    expect(await source.read('f.txt', 0)).toEqual({ kind: 'absent' })
    while (server.open() > 0) await new Promise((resolve) => setImmediate(resolve))
  })

  test('close ends a body that is being read, and later reads fail', async () => {
    const { source } = await faulty('F54 stalls within the body')
    const answer = await source.read('f.txt', 0)
    const reading = drained(answer)
    await source.close()
    expect((await reading).error).toMatchObject({ class: 'skip' })
    expect((await failure(source.read('f.txt', 0))).code).toBe('closed')
  })
})
