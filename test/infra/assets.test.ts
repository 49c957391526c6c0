import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { buildFunction, FUNCTIONS } from '../../infra/assets.ts'
import { ENV } from '../../lib/env.ts'

let folder: string
const before = { ...process.env }

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'assets-'))
  for (const name of Object.values(ENV)) process.env[name] = 'nowhere'
  process.env.AWS_REGION = 'eu-central-1'
})

afterAll(() => {
  process.env = before
  rmSync(folder, { recursive: true, force: true })
})

/** Every file of a folder, by its path. */
function filesIn(place: string): Record<string, string> {
  const names = readdirSync(place, { recursive: true, withFileTypes: true })
  return Object.fromEntries(
    names
      .filter((one) => one.isFile())
      .map((one) => join(one.parentPath, one.name))
      .sort()
      .map((path) => [path.slice(place.length), readFileSync(path, 'latin1')]),
  )
}

describe.each(FUNCTIONS)('the built function %s', (name) => {
  it('is the same from the same sources, and runs without any package beside it', async () => {
    const [one, other] = [join(folder, `${name}-1`), join(folder, `${name}-2`)]
    for (const place of [one, other]) buildFunction(name, place)
    expect(filesIn(one)).toEqual(filesIn(other))
    const built = await import(pathToFileURL(join(one, 'index.mjs')).href)
    expect(built.handler).toBeTypeOf('function')
  })
})
