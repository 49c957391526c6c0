import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build } from 'esbuild'
import { afterAll, expect, it } from 'vitest'
import { oneFile } from '../../functions/build.ts'

const folder = mkdtempSync(join(tmpdir(), 'siterounds-build-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** A CommonJS package that asks for its own folder, as ssh2 does, and for others at run time. */
const COMMONJS = `
const path = require('node:path')
module.exports = () => [path.basename(__filename), path.basename(__dirname)].join(' in ')
`

const vendor = JSON.stringify(join(import.meta.dirname, '../../node_modules/cli-table3/index.js'))

const ENTRY = `
import Table from ${vendor}
import where from './where.cjs'
const table: string[][] = new Table()
table.push(['站点', where()])
if (import.meta.main) console.log(table.toString(), process.argv.slice(2).join())
`

it('makes one file that runs where no package is installed', async () => {
  writeFileSync(join(folder, 'where.cjs'), COMMONJS)
  writeFileSync(join(folder, 'entry.ts'), ENTRY)
  const alone = mkdtempSync(join(folder, 'alone-'))
  const outfile = join(alone, 'siterounds.mjs')

  const { errors, warnings } = await build(oneFile(join(folder, 'entry.ts'), outfile))

  expect([...errors, ...warnings]).toEqual([])
  expect(readdirSync(alone)).toEqual(['siterounds.mjs'])
  expect(readFileSync(outfile, 'utf8').split('\n')[0]).toBe('#!/usr/bin/env node')
  const said = execFileSync(process.execPath, [outfile, 'round', '--day'], {
    cwd: alone,
    encoding: 'utf8',
  })
  expect(said).toContain('站点')
  expect(said).toMatch(/siterounds\.mjs in alone-\w+/)
  expect(said).toContain('round,--day')
})

it('leaves no import that a package would have to answer', async () => {
  writeFileSync(join(folder, 'broken.ts'), "import { x } from 'not-installed'\nx()\n")
  const broken = build({
    ...oneFile(join(folder, 'broken.ts'), join(folder, 'broken.mjs')),
    logLevel: 'silent',
  })
  await expect(broken).rejects.toThrow('Could not resolve "not-installed"')
})
