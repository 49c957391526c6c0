import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { drained, failure, sourceContract } from '../contracts/source.ts'
import type { Behaviour, Fault } from '../fixtures/bad-server.ts'
import { AUTH, AUTH_HEADER, FILE, faulty, openHttp } from '../fixtures/http-source.ts'
import { portalServer } from '../fixtures/portal-server.ts'

const SECRETS = ['pass-canary', 'query-canary', 'dXNlci1jYW5h', 'user-canary']

sourceContract('http', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'portal-'))
  const portal = await portalServer(folder, { authorization: AUTH_HEADER, prefix: 'files/' })
  const source = openHttp({ url: `${portal.url}?token=query-canary`, auth: AUTH })
  return {
    source,
    secrets: SECRETS,
    async put(path, bytes) {
      await mkdir(dirname(join(folder, path)), { recursive: true })
      await writeFile(join(folder, path), bytes)
    },
    breakDown: () => portal.close(),
    async close() {
      await source.close()
      await portal.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
})

describe('answers that are understood', () => {
  test.each<[Fault, number, number]>([
    ['F36 range ignored', 24, 0],
    ['F37 slice as 200', 24, 24],
    ['F37 whole file as 200 with a Content-Range', 24, 0],
    ['F38 206 starts before', 24, 21],
    ['F43 another ETag each time', 24, 24],
    ['F44 weak ETag', 24, 24],
    ['F45 If-Range turns 206 into 200', 24, 24],
    ['F48 Content-Encoding: identity', 24, 24],
    ['F56 HTTP/1.0, ended by closing', 0, 0],
  ])('%s: from %d the file starts at %d', async (fault, from, start) => {
    const { source, server } = await faulty(fault)
    for (let n = 0; n < 2; n++) {
      const got = await drained(await source.read('f.txt', from))
      expect(got).toEqual({ start, bytes: FILE.subarray(start), error: undefined })
    }
    expect(server.asks.length).toBe(2)
  })

  test.each<[Fault, number, string]>([
    ['F41 416 at the end', 60, 'shorter'],
    ['F42 416 without Content-Range', 60, 'shorter'],
    ['F42 404 for a range behind the end', 60, 'absent'],
    ['F55 no file yet', 0, 'absent'],
    ['F55 gone', 0, 'absent'],
  ])('%s: from %d it is %s', async (fault, from, kind) => {
    const { source } = await faulty(fault)
    expect(await source.read('f.txt', from)).toEqual({ kind })
  })

  test('F42 416 to a plain request is an empty file', async () => {
    const { source } = await faulty('416 for an empty file')
    const got = await drained(await source.read('f.txt', 0))
    expect(got).toEqual({ start: 0, bytes: Buffer.alloc(0), error: undefined })
  })

  test('F53 a login page with 200 is given as a body: the caller judges it', async () => {
    const { source } = await faulty('F53 login page with 200')
    expect((await drained(await source.read('f.txt', 24))).bytes.toString()).toContain('<html>')
  })

  test('F43 F45 F49 nothing conditional is asked, no cache is trusted, no encoding', async () => {
    const { source, server } = await faulty('F45 If-Range turns 206 into 200')
    await drained(await source.read('f.txt', 0))
    await drained(await source.read('f.txt', 24))
    const [plain, ranged] = server.asks
    expect(plain?.fields.range).toBeUndefined()
    expect(ranged?.fields.range).toBe('bytes=24-')
    for (const { fields } of server.asks) {
      expect(fields['accept-encoding']).toBe('identity')
      expect(fields['cache-control']).toBe('no-cache')
      const conditional = Object.keys(fields).filter((field) => field.startsWith('if-'))
      expect(conditional).toEqual([])
    }
  })
})

describe('answers that are refused at once', () => {
  test.each<[Fault, number, string]>([
    ['F37 later slice as 200', 24, 'bad-range'],
    ['F38 206 starts after', 24, 'bad-range'],
    ['F39 206 with the whole body', 24, 'bad-range'],
    ['F39 206 without Content-Range', 24, 'bad-range'],
    ['F39 206 multipart', 24, 'bad-range'],
    ['F41 416 within the file', 24, 'bad-range'],
    ['F47 compressed 206', 24, 'encoded-body'],
    ['F47 compressed 200', 0, 'encoded-body'],
    ['F49 304 that nobody asked', 24, 'unexpected-304'],
    ['F49 a cached part as the whole', 0, 'bad-range'],
    ['F49 garbled Content-Range', 24, 'bad-range'],
    ['F50 proxy refuses ranges', 24, 'http-status'],
    ['F52 redirect without Location', 0, 'redirect'],
    ['F52 redirect to a file URL', 0, 'redirect'],
    ['F52 redirect to metadata', 0, 'refused-address'],
    ['F52 redirect to mapped metadata', 0, 'refused-address'],
    ['not HTTP', 0, 'not-http'],
    ['forbidden', 0, 'http-status'],
  ])('%s, from %d: %s, asked once, with a hint', async (fault, from, code) => {
    const { source, server, pauses } = await faulty(fault)
    const error = await failure(source.read('f.txt', from))
    expect(error.code).toBe(code)
    expect(error.class).toBe('skip')
    expect(error.hint).not.toBe('')
    expect(server.asks.length).toBe(1)
    expect(pauses).toEqual([])
  })
})

describe('bodies that end wrongly', () => {
  test.each<[Fault, number, string, Buffer]>([
    ['F39 chunked 206 with the whole body', 24, 'bad-range', FILE.subarray(0, 36)],
    ['F40 short 206', 24, 'cut-body', FILE.subarray(24, 50)],
    ['F40 chunked 206 shorter than its range', 24, 'cut-body', FILE.subarray(24, 50)],
    ['F40 early close', 24, 'cut-body', FILE.subarray(24, 34)],
    ['F40 early close, Connection: close', 0, 'cut-body', FILE.subarray(0, 10)],
    ['F40 chunked body cut', 0, 'cut-body', FILE.subarray(0, 10)],
    ['F46 replaced while read', 0, 'cut-body', FILE.subarray(0, 20)],
    ['F49 a cached beginning as the whole', 0, 'cut-body', FILE.subarray(0, 20)],
    ['F51 length of the uncompressed file', 0, 'cut-body', FILE],
    ['F56 HTTP/1.0, cut before its length', 0, 'cut-body', FILE.subarray(0, 20)],
  ])('%s, from %d: %s after what came', async (fault, from, code, bytes) => {
    const { source } = await faulty(fault)
    const got = await drained(await source.read('f.txt', from))
    expect(got.bytes.toString()).toBe(bytes.toString())
    expect(got.error).toMatchObject({ code, class: 'skip' })
    expect((got.error as { hint: string }).hint).not.toBe('')
  })

  test('F40 what came is given also to a reader that begins after the cut', async () => {
    const { source, server } = await faulty('F40 early close')
    const answer = await source.read('f.txt', 24)
    while (server.open() > 0) await new Promise((resolve) => setImmediate(resolve))
    await new Promise((resolve) => setTimeout(resolve, 20))
    const got = await drained(answer)
    expect(got.bytes.toString()).toBe(FILE.subarray(24, 34).toString())
    expect(got.error).toMatchObject({ code: 'cut-body' })
  })

  test('F46 the next read of a replaced file gives what is there now', async () => {
    const { source } = await faulty('F46 replaced while read')
    await drained(await source.read('f.txt', 0))
    expect((await drained(await source.read('f.txt', 20))).bytes.toString()).toBe('new\n')
  })

  test('F54 a body without end stops at maxFileBytes, which are given exactly', async () => {
    const { source, server } = await faulty('endless body', { maxFileBytes: 100_001 })
    const got = await drained(await source.read('f.txt', 0))
    expect(got.bytes.length).toBe(100_001)
    expect(got.error).toMatchObject({ code: 'too-large' })
    expect((got.error as { hint: string }).hint).toContain('maxFileBytes')
    while (server.open() > 0) await new Promise((resolve) => setImmediate(resolve))
  })

  test('a body of exactly maxFileBytes is whole', async () => {
    const { source } = await faulty('F36 range ignored', { maxFileBytes: 60 })
    expect((await drained(await source.read('f.txt', 0))).error).toBeUndefined()
  })
})

describe('F54 slow sites', () => {
  test('F54 silent after the request: timed out, asked once', async () => {
    const { source, server } = await faulty('F54 silent after the request', { timeoutMs: 100 })
    expect((await failure(source.read('f.txt', 0))).code).toBe('timed-out')
    expect(server.asks.length).toBe(1)
  })

  test('F54 no progress within the body: timed out after what came', async () => {
    const { source } = await faulty('F54 stalls within the body', { timeoutMs: 100 })
    const got = await drained(await source.read('f.txt', 0))
    expect(got.bytes.length).toBe(20)
    expect(got.error).toMatchObject({ code: 'timed-out' })
  })

  test('F54 a drip that never pauses meets the limit of the whole exchange', async () => {
    const { source } = await faulty('F54 drips for ever', { timeoutMs: 50 })
    const got = await drained(await source.read('f.txt', 0))
    expect(got.bytes.length).toBeGreaterThan(0)
    expect(got.error).toMatchObject({ code: 'timed-out' })
  })

  test('a slow site that keeps on is read to its end', async () => {
    const slow: Behaviour = (socket, _, file) => {
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${file.length}\r\n\r\n`)
      let at = 0
      const timer = setInterval(() => {
        socket.write(file.subarray(at, at + 5))
        at += 5
        if (at >= file.length) clearInterval(timer)
      }, 15)
    }
    const { source } = await faulty(slow)
    const got = await drained(await source.read('f.txt', 0))
    expect(got).toEqual({ start: 0, bytes: FILE, error: undefined })
  })
})
