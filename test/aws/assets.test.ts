import { spawn } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { buildFunction, FUNCTIONS, type FunctionName } from '../../infra/assets.ts'
import { ENV } from '../../lib/env.ts'

/** What a function loads before its first message, in bytes: an issue of the time it takes. */
const MOST_EAGER_BYTES: Partial<Record<FunctionName, number>> = { collect: 600_000 }

let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'siterounds-assets-'))
  for (const name of FUNCTIONS) buildFunction(name, join(folder, name))
}, 60_000)
afterAll(() => rm(folder, { recursive: true, force: true }))

/** The files that a module loads with itself, not on demand. */
async function eagerFiles(entry: string): Promise<Set<string>> {
  const files = new Set([entry])
  for (const file of files) {
    const text = await readFile(file, 'utf8')
    for (const [, from] of text.matchAll(
      /(?:^|[;}])(?:import|export)[^"'();]*["'](\.[^"']+)["']/g,
    )) {
      files.add(join(dirname(file), from!))
    }
  }
  return files
}

/** Imports a file in a process that finds nothing but Node; gives what it complained of. */
async function importedAlone(file: string): Promise<string> {
  const env = {
    PATH: '/nowhere',
    AWS_REGION: 'eu-central-1',
    ...Object.fromEntries(Object.values(ENV).map((name) => [name, 'https://sqs.invalid/1/test'])),
  }
  const code = `await import(${JSON.stringify(pathToFileURL(file).href)})`
  const child = spawn(process.execPath, ['--input-type=module', '-e', code], { env, cwd: '/' })
  let told = ''
  child.stderr.on('data', (chunk) => {
    told += chunk
  })
  const status = await new Promise((resolve) => child.once('exit', resolve))
  return status === 0 ? '' : `${file} ended with ${status}: ${told}`
}

describe.each(FUNCTIONS)('the asset of %s', (name) => {
  it('imports alone, with everything that it loads on demand', async () => {
    const own = join(folder, name)
    const chunks = await readdir(join(own, 'chunks')).catch(() => [])
    expect(await importedAlone(join(own, 'index.mjs'))).toBe('')
    const all = await Promise.all(chunks.map((chunk) => importedAlone(join(own, 'chunks', chunk))))
    expect(all.filter((told) => told !== '')).toEqual([])
  }, 60_000)

  it('loads no more than it may before its first message', async () => {
    const files = await eagerFiles(join(folder, name, 'index.mjs'))
    const sizes = await Promise.all([...files].map(async (file) => (await readFile(file)).length))
    const bytes = sizes.reduce((sum, size) => sum + size, 0)
    expect(bytes).toBeGreaterThan(100_000)
    expect(bytes).toBeLessThanOrEqual(MOST_EAGER_BYTES[name] ?? 1_200_000)
  })

  it('comes out the same again', async () => {
    const again = join(folder, `${name}-again`)
    buildFunction(name, again)
    const read = async (base: string) => {
      const files = await readdir(base, { recursive: true })
      const texts = files
        .sort()
        .map(async (file) => [
          file,
          await readFile(join(base, file), 'utf8').catch(() => 'a folder'),
        ])
      return Promise.all(texts)
    }
    expect(await read(again)).toEqual(await read(join(folder, name)))
  })
})
