import { execFileSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { chmod, mkdir, mkdtemp, rename, rm, symlink, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { directorySource } from '../../lib/fetch/directory.ts'
import { drained, failure, sourceContract } from '../contracts/source.ts'

const MEBIBYTE = 1024 * 1024

sourceContract('directory', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'source-'))
  const source = directorySource({ kind: 'directory', path: folder, maxFileBytes: 64 * MEBIBYTE })
  return {
    source,
    secrets: [],
    async put(path, bytes) {
      await mkdir(dirname(join(folder, path)), { recursive: true })
      await writeFile(join(folder, path), bytes)
    },
    breakDown: () => rename(folder, `${folder}.gone`),
    async close() {
      await source.close()
      await rm(folder, { recursive: true, force: true })
      await rm(`${folder}.gone`, { recursive: true, force: true })
    },
  }
})

/** The user without rights, on every Linux and macOS that counts in 16 bits. */
const NOBODY = 65_534

describe('directory source', () => {
  let folder: string
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'source-'))
  })
  afterEach(() => rm(folder, { recursive: true, force: true }))

  const source = (maxFileBytes = MEBIBYTE, path = folder) =>
    directorySource({ kind: 'directory', path, maxFileBytes })

  test('a missing base folder is an error, a missing feed folder is an absent file', async () => {
    expect(await source().read('sys_alarm/f.txt', 0)).toEqual({ kind: 'absent' })
    const error = await failure(source(MEBIBYTE, join(folder, 'none')).read('sys_alarm/f.txt', 0))
    expect(error.code).toBe('folder-missing')
    expect(error.hint).toContain('source.path')
  })

  test('a folder, a pipe, or a file in the place of a folder is not a file', async () => {
    await mkdir(join(folder, 'f.txt'))
    expect((await failure(source().read('f.txt', 0))).code).toBe('not-a-file')
    await writeFile(join(folder, 'plain'), 'x')
    expect((await failure(source().read('plain/f.txt', 0))).code).toBe('not-a-file')
    if (process.platform === 'win32') return
    execFileSync('mkfifo', [join(folder, 'pipe')])
    expect((await failure(source().read('pipe', 0))).code).toBe('not-a-file')
  })

  test('a file that may not be read is an error that says so', async () => {
    await writeFile(join(folder, 'f.txt'), 'x')
    await chmod(join(folder, 'f.txt'), 0)
    await chmod(folder, 0o755)
    // The superuser may read every file, so it is nobody for this moment.
    const isRoot = process.getuid?.() === 0
    if (isRoot) process.seteuid?.(NOBODY)
    const error = await failure(source().read('f.txt', 0)).finally(() => {
      if (isRoot) process.seteuid?.(0)
    })
    expect(error.code).toBe('not-permitted')
    expect(error.hint).not.toBe('')
  })

  test('symbolic links are followed, also out of the folder', async () => {
    await mkdir(join(folder, 'elsewhere'))
    await mkdir(join(folder, 'base'))
    await writeFile(join(folder, 'elsewhere/f.txt'), 'linked\n')
    await symlink(join(folder, 'elsewhere'), join(folder, 'base/sys_alarm'))
    const answer = await source(MEBIBYTE, join(folder, 'base')).read('sys_alarm/f.txt', 0)
    expect((await drained(answer)).bytes.toString()).toBe('linked\n')
  })

  test('a file cut while it is read fails after what came', async () => {
    const file = join(folder, 'f.txt')
    await writeFile(file, Buffer.alloc(500_000, 'x'))
    const answer = await source().read('f.txt', 0)
    await truncate(file, 100_000)
    const got = await drained(answer)
    expect(got.bytes.length).toBe(100_000)
    expect(got.error).toMatchObject({ code: 'cut-body' })
  })

  test('what is appended after opening is read too', async () => {
    const file = join(folder, 'f.txt')
    await writeFile(file, 'one\n')
    const answer = await source().read('f.txt', 0)
    await writeFile(file, 'two\n', { flag: 'a' })
    expect((await drained(answer)).bytes.toString()).toBe('one\ntwo\n')
  })

  test.each([99_999, 65_536, 1, 100_000])('a limit of %d bytes is kept exactly', async (limit) => {
    await writeFile(join(folder, 'f.txt'), Buffer.alloc(100_000, 'x'))
    const got = await drained(await source(limit).read('f.txt', 0))
    expect(got.bytes.length).toBe(limit)
    if (limit === 100_000) expect(got.error).toBeUndefined()
    else expect(got.error).toMatchObject({ code: 'too-large', class: 'skip' })
  })

  const isLinux = process.platform === 'linux'
  if (!isLinux) console.log('skipped: open files are counted in /proc, which only Linux has')
  test.skipIf(!isLinux)('no file stays open, however reading ends', async () => {
    const here = source()
    const openFiles = () => readdirSync('/proc/self/fd').length
    await writeFile(join(folder, 'f.txt'), Buffer.alloc(300_000, 'x'))
    await drained(await here.read('f.txt', 0))
    const before = openFiles()
    await drained(await here.read('f.txt', 0))
    await here.read('f.txt', 300_000)
    await failure(here.read('', 0))
    const left = await here.read('f.txt', 0)
    if (left.kind === 'body') for await (const _ of left.chunks) break
    expect(openFiles()).toBe(before)
    await here.read('f.txt', 0)
    expect(openFiles()).toBe(before + 1)
    await here.close()
    expect(openFiles()).toBe(before)
  })
})
