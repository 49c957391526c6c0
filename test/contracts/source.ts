import { inspect } from 'node:util'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { RoundsError } from '../../lib/errors.ts'
import type { Answer, Source } from '../../lib/fetch/source.ts'

/** One driver over a place that a test can write to. */
export interface SourceWorld {
  source: Source
  /** Makes the day file hold these bytes; `path` may have folders. */
  put(path: string, bytes: Buffer): Promise<void>
  /** Makes the whole place unreachable. */
  breakDown(): Promise<void>
  /** Texts that no error may hold. */
  secrets: string[]
  close(): Promise<void>
}

/** The bytes of a body, and the error it ended with, if any. */
export async function drained(answer: Answer) {
  if (answer.kind !== 'body') throw new Error(`a body was expected, not ${answer.kind}`)
  const parts: Uint8Array[] = []
  let error: unknown
  try {
    for await (const chunk of answer.chunks) parts.push(chunk)
  } catch (thrown) {
    error = thrown
  }
  return { start: answer.start, bytes: Buffer.concat(parts), error }
}

/** The error of a promise that must fail with one of ours. */
export async function failure(promise: Promise<unknown>): Promise<RoundsError> {
  const thrown = await promise.then(
    () => undefined,
    (error: unknown) => error,
  )
  if (!(thrown instanceof RoundsError)) throw new Error(`not a RoundsError: ${inspect(thrown)}`)
  return thrown
}

const PATH = 'sys_alarm/system_alarm_20261110.txt'
const FILE = Buffer.from('S1|一条|node|desc|2026-11-10 01:02:03||2026-11-10 01:03:00\r\n'.repeat(9))

/** The laws of the Source port, held for one driver. */
export function sourceContract(name: string, open: () => Promise<SourceWorld>): void {
  describe(`source contract: ${name}`, () => {
    let world: SourceWorld
    beforeEach(async () => {
      world = await open()
    })
    afterEach(() => world.close())

    test('law 1: gives the whole file from 0', async () => {
      await world.put(PATH, FILE)
      const got = await drained(await world.source.read(PATH, 0))
      expect(got).toEqual({ start: 0, bytes: FILE, error: undefined })
    })

    test('law 1: gives the rest from any byte, and says where it starts', async () => {
      await world.put(PATH, FILE)
      for (const from of [1, 7, 200, FILE.length - 1]) {
        const got = await drained(await world.source.read(PATH, from))
        expect(got.error).toBeUndefined()
        expect(got.start).toBeLessThanOrEqual(from)
        expect(got.bytes).toEqual(FILE.subarray(got.start))
      }
    })

    test('law 1: gives a file larger than any buffer byte for byte', async () => {
      const large = Buffer.concat(
        Array.from({ length: 12_000 }, (_, n) => Buffer.from(`${n}|行\n`)),
      )
      const whole = Buffer.concat(Array.from({ length: 12 }, () => large))
      await world.put(PATH, whole)
      const got = await drained(await world.source.read(PATH, 5))
      expect(got.bytes.equals(whole.subarray(got.start))).toBe(true)
    })

    test('law 2: at the end and behind it is shorter, at every other byte it is not', async () => {
      await world.put(PATH, FILE)
      expect(await world.source.read(PATH, FILE.length)).toEqual({ kind: 'shorter' })
      expect(await world.source.read(PATH, FILE.length + 999)).toEqual({ kind: 'shorter' })
      const got = await drained(await world.source.read(PATH, FILE.length - 1))
      expect(got.bytes.length).toBeGreaterThan(0)
    })

    test('law 2: an empty file is an empty body from 0, and shorter from 1', async () => {
      await world.put(PATH, Buffer.alloc(0))
      const got = await drained(await world.source.read(PATH, 0))
      expect(got).toEqual({ start: 0, bytes: Buffer.alloc(0), error: undefined })
      expect(await world.source.read(PATH, 1)).toEqual({ kind: 'shorter' })
    })

    test('law 2: a file that is not there is absent, in a known folder or not', async () => {
      await world.put(PATH, FILE)
      const other = PATH.replace('10.txt', '11.txt')
      expect(await world.source.read(other, 0)).toEqual({ kind: 'absent' })
      expect(await world.source.read(other, 40)).toEqual({ kind: 'absent' })
      expect(await world.source.read('sys_none/f.txt', 0)).toEqual({ kind: 'absent' })
    })

    test('a file that grew and a file that was rewritten are read as they are now', async () => {
      await world.put(PATH, FILE)
      await drained(await world.source.read(PATH, 0))
      await world.put(PATH, Buffer.concat([FILE, Buffer.from('more\n')]))
      const grown = await drained(await world.source.read(PATH, FILE.length))
      expect(grown.bytes.subarray(FILE.length - grown.start).toString()).toBe('more\n')
      await world.put(PATH, Buffer.from('new\n'))
      expect((await drained(await world.source.read(PATH, 0))).bytes.toString()).toBe('new\n')
    })

    test('names with spaces, signs and Chinese are paths like others', async () => {
      const path = 'sys_alarm/告警 #1 100%?&+2F%2e.txt'
      await world.put(path, FILE)
      expect((await drained(await world.source.read(path, 0))).bytes).toEqual(FILE)
    })

    test.each(['../f.txt', 'a/../../f.txt', '/etc/passwd', 'a//f', '', '.', 'a\\..\\f', 'a\0b'])(
      'refuses the path %j',
      async (path) => {
        expect((await failure(world.source.read(path, 0))).code).toBe('bad-path')
      },
    )

    test('law 5: a place out of reach is an error with a hint and without secrets', async () => {
      await world.put(PATH, FILE)
      await world.breakDown()
      const error = await failure(world.source.read(PATH, 0))
      expect(['skip', 'retry']).toContain(error.class)
      expect(error.hint).not.toBe('')
      const shown = inspect(error, { depth: 9, showHidden: true }) + JSON.stringify(error)
      for (const secret of world.secrets) expect(shown).not.toContain(secret)
    })

    test('law 6: bodies that are left early do not use the source up', async () => {
      await world.put(PATH, Buffer.alloc(3_000_000, 'x'))
      for (let n = 0; n < 8; n++) {
        const answer = await world.source.read(PATH, 0)
        if (answer.kind !== 'body') throw new Error(answer.kind)
        for await (const chunk of answer.chunks) {
          expect(chunk.length).toBeGreaterThan(0)
          break
        }
      }
      const got = await drained(await world.source.read(PATH, 2_999_990))
      expect(got.bytes.length).toBeGreaterThanOrEqual(10)
    })

    test('several files are read at the same time', async () => {
      const paths = Array.from({ length: 9 }, (_, n) => `sys_alarm/f${n}.txt`)
      await Promise.all(paths.map((path) => world.put(path, Buffer.from(path))))
      const got = await Promise.all(
        paths.map(async (path) => (await drained(await world.source.read(path, 0))).bytes),
      )
      expect(got.map(String)).toEqual(paths)
    })
  })
}
