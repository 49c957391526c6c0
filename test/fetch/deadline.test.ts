import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { describe, expect, test, vi } from 'vitest'
import { RoundsError } from '../../lib/errors.ts'
import { withDeadline } from '../../lib/fetch/deadline.ts'
import { httpSource } from '../../lib/fetch/http.ts'
import { lazySource } from '../../lib/fetch/lazy-source.ts'
import type { Answer, Source } from '../../lib/fetch/source.ts'
import { systemChance } from '../../lib/random.ts'
import { drained, failure, sourceContract } from '../contracts/source.ts'
import { type Behaviour, badServer, type Fault } from '../fixtures/bad-server.ts'
import { AUTH, AUTH_HEADER, closedAfter, FILE, openHttp } from '../fixtures/http-source.ts'
import { portalServer } from '../fixtures/portal-server.ts'

const SLOW = { code: 'site-slow', class: 'skip' }

sourceContract('http, loaded with the first file, with a deadline', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'portal-'))
  const portal = await portalServer(folder, { authorization: AUTH_HEADER, prefix: 'files/' })
  const url = `${portal.url}?token=query-canary`
  const source = withDeadline(
    lazySource(async () => openHttp({ url, auth: AUTH })),
    60_000,
  )
  return {
    source,
    secrets: ['pass-canary', 'query-canary', 'dXNlci1jYW5h', 'user-canary'],
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

/** A source with a deadline that passes when the test says so, and not by itself. */
function deadlineOn(source: Source) {
  let pass: () => void = () => undefined
  const { setTimeout: real } = globalThis
  const timers = vi.spyOn(globalThis, 'setTimeout').mockImplementationOnce((act) => {
    pass = act as () => void
    return real(() => undefined, 60_000)
  })
  const limited = closedAfter(withDeadline(source, 20_000))
  timers.mockRestore()
  return { source: limited, pass: () => pass() }
}

/** The same on a server that does as it likes; the source's own limits are far. */
async function limited(behaviour: Behaviour | Fault) {
  const server = closedAfter(await badServer(behaviour, FILE))
  return { server, ...deadlineOn(openHttp({ url: server.url, timeoutMs: 60_000 })) }
}

/** Waits, turn by turn, until something holds. */
async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setImmediate(resolve))
}

/** A source made of functions; `closes` counts how often it was closed. */
function sourceWith(read: Source['read'], onClose: () => Promise<void> = async () => undefined) {
  const done = { closes: 0 }
  const source: Source = {
    read,
    async close() {
      done.closes += 1
      await onClose()
    },
  }
  return { source, done }
}

const never = () => new Promise<never>(() => undefined)

describe('a site that is too slow', () => {
  test('is given up in the body; what came until then is given', async () => {
    const { source, pass } = await limited('F54 drips for ever')
    const answer = await source.read('f.txt', 0)
    if (answer.kind !== 'body') throw new Error(answer.kind)
    const parts: Uint8Array[] = []
    const reading = failure(
      (async () => {
        for await (const chunk of answer.chunks) parts.push(chunk)
      })(),
    )
    await until(() => parts.length > 0)
    pass()
    const error = await reading
    expect(error).toMatchObject(SLOW)
    expect(error.message).toContain('20 s')
    expect(error.hint).not.toBe('')
  })

  test('is given up before it answers, and its connection is freed', async () => {
    const { source, server, pass } = await limited('F54 silent after the request')
    const reading = failure(source.read('f.txt', 0))
    await until(() => server.asks.length > 0)
    pass()
    expect(await reading).toMatchObject(SLOW)
    await until(() => server.open() === 0)
  })

  test('is asked no more: what else is due of it fails at once', async () => {
    const { source, server, pass } = await limited('F36 range ignored')
    await drained(await source.read('a.txt', 0))
    pass()
    expect(await failure(source.read('b.txt', 0))).toMatchObject(SLOW)
    expect(server.asks).toHaveLength(1)
  })

  test('gives all that had come when nobody was reading', async () => {
    const { source, server, pass } = await limited((socket, _, file) => {
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${file.length + 1}\r\n\r\n`)
      socket.write(file)
    })
    const answer = await source.read('f.txt', 0)
    if (answer.kind !== 'body') throw new Error(answer.kind)
    const chunks = answer.chunks[Symbol.asyncIterator]()
    const first = await chunks.next()
    pass()
    await until(() => server.open() === 0)
    const parts: Uint8Array[] = [first.value]
    const error = await failure(
      (async () => {
        for (let one = await chunks.next(); !one.done; one = await chunks.next()) {
          parts.push(one.value)
        }
      })(),
    )
    expect(FILE.subarray(0, Buffer.concat(parts).length)).toEqual(Buffer.concat(parts))
    expect(error).toMatchObject(SLOW)
  })

  test('is not waited for while its driver pauses before it asks again', async () => {
    const server = closedAfter(await badServer('always 500', FILE))
    const paused = Promise.withResolvers<void>()
    const http = httpSource(
      {
        ...{ kind: 'http', url: server.url, allowAddresses: ['127.0.0.0/8'] },
        ...{ timeoutMs: 60_000, maxFileBytes: 1_000 },
      },
      {
        chance: systemChance,
        sleep: () => {
          paused.resolve()
          return never()
        },
      },
    )
    const { source, pass } = deadlineOn(http)
    const reading = failure(source.read('f.txt', 0))
    await paused.promise
    pass()
    expect(await reading).toMatchObject(SLOW)
  })
})

describe('a site that is quick enough', () => {
  test('fails with its own errors', async () => {
    const gone = new RoundsError('http-status', 'skip', 'It answered 403.', 'Look.')
    const { source, done } = sourceWith(() => Promise.reject(gone))
    const limitedSource = withDeadline(source, 60_000)
    expect(await failure(limitedSource.read('f.txt', 0))).toBe(gone)
    await limitedSource.close()
    expect(done.closes).toBe(1)
  })

  test('is closed once, and its deadline does not come behind that', async () => {
    const { source, done } = sourceWith(async () => ({ kind: 'absent' }) as const)
    const own = withDeadline(source, 10)
    expect(await own.read('f.txt', 0)).toEqual({ kind: 'absent' })
    await own.close()
    await new Promise((resolve) => setTimeout(resolve, 25))
    expect(done.closes).toBe(1)
  })

  test('frees what it holds when a reader stops early', async () => {
    let freed = false
    async function* endless() {
      try {
        for (;;) yield Buffer.from('x')
      } finally {
        freed = true
      }
    }
    const body: Answer = { kind: 'body', start: 0, chunks: endless() }
    const own = withDeadline(sourceWith(async () => body).source, 60_000)
    const answer = await own.read('f.txt', 0)
    if (answer.kind !== 'body') throw new Error(answer.kind)
    for await (const chunk of answer.chunks) {
      expect(String(chunk)).toBe('x')
      break
    }
    expect(freed).toBe(true)
    await own.close()
  })
})

test('a deadline passes by itself', async () => {
  const { source, done } = sourceWith(never)
  expect(await failure(withDeadline(source, 10).read('f.txt', 0))).toMatchObject(SLOW)
  expect(done.closes).toBe(1)
})

test('a source that cannot even be closed is given up all the same', async () => {
  const { source: inner, done } = sourceWith(never, () => Promise.reject(new Error('stuck')))
  const source = withDeadline(inner, 10)
  // A failure that nobody catches would end the process, and this test with it.
  expect(await failure(source.read('f.txt', 0))).toMatchObject(SLOW)
  await new Promise((resolve) => setImmediate(resolve))
  expect(done.closes).toBe(1)
})

test('a driver that is still being loaded at the deadline is closed when it is there', async () => {
  const { source: inner, done } = sourceWith(async () => ({ kind: 'absent' }) as const)
  const load = Promise.withResolvers<Source>()
  const { source, pass } = deadlineOn(lazySource(() => load.promise))
  const reading = failure(source.read('f.txt', 0))
  pass()
  expect(await reading).toMatchObject(SLOW)
  expect(done.closes).toBe(0)
  load.resolve(inner)
  await until(() => done.closes > 0)
  await source.close()
})
