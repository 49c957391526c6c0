import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Command } from 'commander'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { addInit } from '../../lib/cli/init.ts'
import { addSchema } from '../../lib/cli/schema.ts'
import { readSettings } from '../../lib/config.ts'
import { sampleSettings } from '../../lib/config-sample.ts'
import { recordingTerminal } from './recording-terminal.ts'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'rounds-init-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

async function run(...words: string[]) {
  const terminal = recordingTerminal(folder)
  const program = new Command().exitOverride()
  addInit(program, terminal)
  addSchema(program, terminal)
  await program.parseAsync(words, { from: 'user' })
  return terminal
}

const inFolder = (name: string) => join(folder, name)
const textOf = (name: string) => readFileSync(inFolder(name), 'utf8')

test('writes a sound sample whose first line names the schema beside it', async () => {
  const terminal = await run('init')
  const [first] = textOf('siterounds.yaml').split('\n')
  expect(first).toBe('# yaml-language-server: $schema=./siterounds.schema.json')
  expect(textOf('siterounds.schema.json')).toBe((await run('schema')).stdout)
  expect(readSettings(inFolder('siterounds.yaml'), {})).toMatchObject({
    settings: { sites: [{ id: 'bj01' }, { id: 'gz02' }] },
  })
  expect(terminal.stdout).toContain('then run siterounds check\n')
  expect(terminal.exitCode).toBe(0)
})

test('the sample stays sound when its comments are taken away', () => {
  const env = { BJ01_PASSWORD: 'x', BJ01_TOKEN: 'x', SMTP_PASSWORD: 'x' }
  // Of two ways to write the same key, the last one is taken.
  const lines = sampleSettings().split('\n')
  const keys = /^(\s*)# ((?:[a-zA-Z]+| {2}[a-zA-Z]+):( .*)?)$/
  const open = lines.map((line) => line.replace(keys, '$1$2'))
  const name = (line: string) => /^(\s*(?:auth|mail)):/.exec(line)?.[1]
  const kept = open.filter(
    (line, at) => !name(line) || !open.slice(at + 1).some((later) => name(later) === name(line)),
  )
  writeFileSync(inFolder('open.yaml'), kept.join('\n'))
  writeFileSync(inFolder('alarms.csv'), '')
  const read = readSettings(inFolder('open.yaml'), env)
  expect(read).toMatchObject({
    settings: {
      sites: [{ source: { auth: { kind: 'header', value: 'x' }, timeoutMs: 15_000 } }, {}],
      thresholds: { gapMinutes: 60 },
      mail: { kind: 'smtp', auth: { password: 'x' } },
      report: { publicUrl: 'https://rounds.example/' },
    },
  })
})

test('overwrites nothing without --force', async () => {
  writeFileSync(inFolder('siterounds.yaml'), 'mine')
  const refused = await run('init')
  expect(refused.stderr).toContain('siterounds.yaml exists already\n')
  expect(refused.exitCode).toBe(2)
  expect(textOf('siterounds.yaml')).toBe('mine')
  expect(existsSync(inFolder('siterounds.schema.json'))).toBe(false)
  expect((await run('init', '--force')).exitCode).toBe(0)
  expect(textOf('siterounds.yaml')).toBe(sampleSettings())
})

test('a foreign schema file is not overwritten either; our own is no hindrance', async () => {
  writeFileSync(inFolder('siterounds.schema.json'), '{}')
  const refused = await run('init')
  expect(refused.stderr).toContain('siterounds.schema.json exists already\n')
  expect(existsSync(inFolder('siterounds.yaml'))).toBe(false)
  writeFileSync(inFolder('siterounds.schema.json'), (await run('schema')).stdout)
  expect((await run('init')).exitCode).toBe(0)
})

test('another place is made, and named in the next step', async () => {
  const terminal = await run('init', '--config', 'conf/rounds.yaml')
  expect(textOf('conf/rounds.yaml')).toBe(sampleSettings())
  expect(existsSync(inFolder('conf/siterounds.schema.json'))).toBe(true)
  expect(terminal.stdout).toContain(`siterounds check --config ${join('conf', 'rounds.yaml')}\n`)
})

test('a place that cannot be written is told, with exit code 2', async () => {
  writeFileSync(inFolder('file'), '')
  const terminal = await run('init', '--config', 'file/rounds.yaml')
  expect(terminal.stderr).toMatch(/^file\/rounds\.yaml cannot be written \((EEXIST|ENOTDIR)\) — /)
  expect(terminal.exitCode).toBe(2)
})
