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

/** Imports files in a process that finds nothing but Node; gives what it complained of. */
async function importedAlone(files: string[]): Promise<string> {
  const env = {
    PATH: '/nowhere',
    AWS_REGION: 'eu-central-1',
    ...Object.fromEntries(Object.values(ENV).map((name) => [name, 'https://sqs.invalid/1/test'])),
  }
  const urls = files.map((file) => pathToFileURL(file).href)
  const code = `for (const url of ${JSON.stringify(urls)}) await import(url)
    const { handler } = await import(${JSON.stringify(urls[0])})
    if (typeof handler !== 'function') throw new Error('no handler')`
  const child = spawn(process.execPath, ['--input-type=module', '-e', code], { env, cwd: '/' })
  let told = ''
  child.stderr.on('data', (chunk) => {
    told += chunk
  })
  const status = await new Promise((resolve) => child.once('exit', resolve))
  return status === 0 ? '' : `ended with ${status}: ${told}`
}

/** Every file of a folder, by its path. */
async function filesIn(place: string): Promise<Record<string, string>> {
  const entries = await readdir(place, { recursive: true, withFileTypes: true })
  const paths = entries.filter((one) => one.isFile()).map((one) => join(one.parentPath, one.name))
  const texts = paths
    .sort()
    .map(async (path) => [path.slice(place.length), await readFile(path, 'latin1')])
  return Object.fromEntries(await Promise.all(texts))
}

describe.each(FUNCTIONS)('the asset of %s', (name) => {
  it('runs without any package beside it, with everything that it loads on demand', async () => {
    const own = join(folder, name)
    const chunks = await readdir(join(own, 'chunks')).catch(() => [])
    const files = ['index.mjs', ...chunks.map((chunk) => join('chunks', chunk))]
    expect(await importedAlone(files.map((file) => join(own, file)))).toBe('')
  }, 60_000)

  it('loads no more than it may before its first message', async () => {
    const files = await eagerFiles(join(folder, name, 'index.mjs'))
    const sizes = await Promise.all([...files].map(async (file) => (await readFile(file)).length))
    const bytes = sizes.reduce((sum, size) => sum + size, 0)
    expect(bytes).toBeGreaterThan(100_000)
    expect(bytes).toBeLessThanOrEqual(MOST_EAGER_BYTES[name] ?? 1_200_000)
  })

  it('comes out the same from the same sources', async () => {
    const again = join(folder, `${name}-again`)
    buildFunction(name, again)
    expect(await filesIn(again)).toEqual(await filesIn(join(folder, name)))
  })
})
