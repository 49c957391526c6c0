import { execFile } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, describe, expect, it } from 'vitest'

const run = new URL('../../bench/run.ts', import.meta.url).pathname

/** The bench may take this long in its small size; it says nothing about its figures. */
const MOST_MS = 120_000

const [folder, compiled] = ['siterounds-test-', 'siterounds-compiled-'].map((name) => {
  return mkdtempSync(join(tmpdir(), name))
}) as [string, string]

afterAll(() => {
  for (const one of [folder, compiled]) rmSync(one, { recursive: true })
})

/** Temporary folders of the bench are made below a folder of this test's own. */
function bench(...options: string[]) {
  // Each row has processes of its own, and most of their time goes into compiling the same.
  const env = { ...process.env, TMPDIR: folder, NODE_COMPILE_CACHE: compiled }
  return promisify(execFile)(process.execPath, ['--expose-gc', run, ...options], { env })
}

describe('npm run bench', () => {
  it('gives every row a rate and a ratio, ends, and leaves no files', {
    timeout: MOST_MS,
  }, async () => {
    const { stdout } = await bench('--quick', '--json')
    const lines = JSON.parse(stdout) as Record<string, unknown>[]
    for (const line of lines) {
      expect(line).toEqual({
        name: expect.any(String),
        rate: expect.any(Number),
        unit: expect.any(String),
        ratio: expect.any(Number),
        of: expect.any(String),
        peakMiB: expect.any(Number),
        ...('note' in line && { note: expect.any(String) }),
      })
      expect([line.rate, line.ratio, line.peakMiB].every((figure) => Number(figure) > 0)).toBe(true)
    }
    const names = new Set(lines.map(({ name }) => name))
    expect([...names]).toEqual([
      'parse system utf-8',
      'parse system gb18030',
      'parse alarm utf-8',
      'parse alarm gb18030',
      'parse service utf-8',
      'parse service gb18030',
      'collect directory',
      'collect http',
      'resume directory',
      'resume http',
      '12 sites: collect',
      '12 sites: collect, notify',
      '12 sites: whole round',
      'pages of 3 servers',
      'cold start',
    ])
    expect(readdirSync(folder)).toEqual([])
  })

  it('knows its rows', async () => {
    const failure = await bench('--only', 'parsing').catch((error) => error)
    expect(failure.code).toBe(2)
    expect(failure.stderr).toContain('parse, collect, resume, fleet, pages, cold')
  })
})
