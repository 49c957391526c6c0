import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { beginningOf, endingOf } from '../../lib/fetch/beginning.ts'
import { directorySource } from '../../lib/fetch/directory.ts'
import type { Source } from '../../lib/fetch/source.ts'
import { closedAfter, openHttp } from '../fixtures/http-source.ts'
import { type Portal, portalServer } from '../fixtures/portal-server.ts'

const FILE = Buffer.from(Array.from({ length: 40_000 }, (_, n) => `line ${n}\n`).join(''))
let folder = ''
let portal: Portal

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'beginning-'))
  await writeFile(join(folder, 'f.txt'), FILE)
  await writeFile(join(folder, 'empty.txt'), '')
  portal = await portalServer(folder)
})

afterAll(async () => {
  await portal.close()
  await rm(folder, { recursive: true })
})

const SOURCES: Record<string, () => Source> = {
  http: () => openHttp({ url: portal.url }),
  directory: () => directorySource({ kind: 'directory', path: folder, maxFileBytes: 2 ** 30 }),
}

describe.each(Object.keys(SOURCES))('of a file behind %s', (kind) => {
  const open = () => closedAfter(SOURCES[kind]!())

  it('the beginning: so many bytes, and whether that is all', async () => {
    const source = open()
    const part = await beginningOf(source, 'f.txt', 1_000)
    expect(part?.whole).toBe(false)
    expect(Buffer.compare(part!.bytes, FILE.subarray(0, 1_000))).toBe(0)
    const all = await beginningOf(source, 'f.txt', FILE.length)
    expect(all).toMatchObject({ whole: true })
    expect(all?.bytes).toHaveLength(FILE.length)
    const empty = await beginningOf(source, 'empty.txt', 10)
    expect(empty).toMatchObject({ whole: true })
    expect(empty?.bytes).toHaveLength(0)
    expect(await beginningOf(source, 'none.txt', 10)).toBeUndefined()
  })

  it.each([1, 1_000, 200_000, FILE.length - 1])('the end, looked for from %d on', async (from) => {
    const ending = await endingOf(open(), 'f.txt', from, 500)
    expect(ending?.sizeBytes).toBe(FILE.length)
    expect(ending!.bytes.length).toBeLessThanOrEqual(500)
    expect(FILE.subarray(-ending!.bytes.length).equals(ending!.bytes)).toBe(true)
  })
})

it('a server that ignores where it was asked to begin gives no end', async () => {
  const source: Source = {
    read: async () => ({
      kind: 'body',
      start: 0,
      chunks: (async function* () {
        yield FILE
      })(),
    }),
    close: async () => {},
  }
  expect(await endingOf(source, 'f.txt', 1_000, 500)).toBeUndefined()
})
