import { describe, expect, test } from 'vitest'
import { RoundsError } from '../../lib/errors.ts'
import { lazySource } from '../../lib/fetch/lazy-source.ts'
import type { Source } from '../../lib/fetch/source.ts'

const MISSING = new RoundsError('secret-missing', 'skip', 'There is no secret.', 'Add it.')

/** A source that is loaded when the test says so, and what was done with it. */
function loading() {
  const done = { loads: 0, closes: 0, read: [] as string[] }
  const source: Source = {
    async read(path, from) {
      done.read.push(`${path} ${from}`)
      return { kind: 'absent' }
    },
    async close() {
      done.closes += 1
    },
  }
  const waiting: PromiseWithResolvers<Source>[] = []
  const lazy = lazySource(() => {
    done.loads += 1
    const one = Promise.withResolvers<Source>()
    waiting.push(one)
    return one.promise
  })
  return { done, lazy, source, waiting }
}

describe('a source that is loaded with the first file', () => {
  test('is not loaded to be closed', async () => {
    const { lazy, done } = loading()
    await lazy.close()
    expect(done).toEqual({ loads: 0, closes: 0, read: [] })
  })

  test('is loaded once for files that are read at the same time', async () => {
    const { lazy, done, source, waiting } = loading()
    const reads = [lazy.read('a', 0), lazy.read('b', 5)]
    waiting[0]!.resolve(source)
    expect(await Promise.all(reads)).toEqual([{ kind: 'absent' }, { kind: 'absent' }])
    await lazy.read('c', 0)
    expect(done).toEqual({ loads: 1, closes: 0, read: ['a 0', 'b 5', 'c 0'] })
    await lazy.close()
    expect(done.closes).toBe(1)
  })

  test('that is closed while it is loaded is closed when it is there', async () => {
    const { lazy, done, source, waiting } = loading()
    const read = lazy.read('a', 0)
    const closed = lazy.close()
    waiting[0]!.resolve(source)
    await Promise.all([read, closed])
    expect(done.closes).toBe(1)
  })
})

describe('a load that fails', () => {
  test('fails every read that waited for it, and closing is no failure more', async () => {
    const { lazy, done, waiting } = loading()
    const reads = Promise.allSettled([lazy.read('a', 0), lazy.read('b', 0)])
    waiting[0]!.reject(MISSING)
    for (const one of await reads) expect(one).toEqual({ status: 'rejected', reason: MISSING })
    await lazy.close()
    expect(done).toEqual({ loads: 1, closes: 0, read: [] })
  })

  test('is tried again by the next read', async () => {
    const { lazy, done, source, waiting } = loading()
    const first = lazy.read('a', 0)
    waiting[0]!.reject(MISSING)
    await expect(first).rejects.toBe(MISSING)
    const second = lazy.read('a', 0)
    waiting[1]!.resolve(source)
    expect(await second).toEqual({ kind: 'absent' })
    await lazy.close()
    expect(done).toEqual({ loads: 2, closes: 1, read: ['a 0'] })
  })

  test('while somebody closes is told to the reader alone', async () => {
    const { lazy, waiting } = loading()
    const read = lazy.read('a', 0)
    const closed = lazy.close()
    waiting[0]!.reject(MISSING)
    await expect(read).rejects.toBe(MISSING)
    expect(await closed).toBeUndefined()
  })
})
