import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Command } from 'commander'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { addCheck } from '../../lib/cli/check.ts'
import { settingsFor } from '../../lib/cli/configured.ts'
import { recordingTerminal } from './recording-terminal.ts'

const SITE = '  - { id: a, timeZone: UTC, source: { kind: directory, path: ./a } }\n'
const SOUND = `state: ./var\nsites:\n${SITE}`
const BROKEN = `stat: ./var\nsites:\n${SITE}colour: 1\n`

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'rounds-check-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

async function check(words: string[], env = {}) {
  const terminal = recordingTerminal(folder, env)
  const program = new Command().exitOverride()
  addCheck(program, terminal)
  await program.parseAsync(['check', ...words], { from: 'user' })
  return terminal
}

test('a sound file: one line, exit code 0', async () => {
  writeFileSync(join(folder, 'siterounds.yaml'), SOUND)
  const terminal = await check([])
  const state = join(folder, 'var')
  expect(terminal.stdout).toBe(`ok: 1 site, state in ${state}, mail to the outbox folder\n`)
  expect(terminal).toMatchObject({ stderr: '', exitCode: 0 })
})

test('a broken file: every problem on stderr under the name given, exit code 2', async () => {
  mkdirSync(join(folder, 'conf'))
  writeFileSync(join(folder, 'conf', 'b.yaml'), BROKEN)
  const terminal = await check(['--config', 'conf/b.yaml'])
  expect(terminal.stdout).toBe('')
  expect(terminal.stderr.split('\n')).toEqual([
    'conf/b.yaml:1:1: `state` is missing — write `state: ./var`',
    'conf/b.yaml:1:1: `stat` is not a key here — did you mean `state`?',
    expect.stringMatching(/^conf\/b\.yaml:4:1: `colour` is not a key here — remove it; /),
    '',
  ])
  expect(terminal.exitCode).toBe(2)
})

test('--json says the same for programs', async () => {
  writeFileSync(join(folder, 'siterounds.yaml'), SOUND)
  writeFileSync(join(folder, 'b.yaml'), BROKEN)
  const sound = await check(['--json'])
  const file = 'siterounds.yaml'
  expect(JSON.parse(sound.stdout)).toEqual({ ok: true, file, problems: [], sites: ['a'] })
  expect(sound.exitCode).toBe(0)
  const broken = await check(['--json', '--config', 'b.yaml'])
  expect(JSON.parse(broken.stdout)).toMatchObject({
    ok: false,
    file: 'b.yaml',
    problems: [
      { file: 'b.yaml', line: 1, column: 1, message: '`state` is missing' },
      { file: 'b.yaml', line: 1, column: 1, fix: 'did you mean `state`?' },
      { file: 'b.yaml', line: 4, column: 1 },
    ],
  })
  expect(broken).toMatchObject({ stderr: '', exitCode: 2 })
})

test('the option stands before the environment, and that before the default', async () => {
  writeFileSync(join(folder, 'siterounds.yaml'), BROKEN)
  writeFileSync(join(folder, 'sound.yaml'), SOUND)
  const env = { SITEROUNDS_CONFIG: 'sound.yaml' }
  expect((await check([])).exitCode).toBe(2)
  expect((await check([], env)).exitCode).toBe(0)
  expect((await check(['--config', 'siterounds.yaml'], env)).exitCode).toBe(2)
  expect((await check([], { SITEROUNDS_CONFIG: '' })).exitCode).toBe(2)
})

test('a missing file says how to write one', async () => {
  const terminal = await check([])
  expect(terminal.stderr).toMatch(/^siterounds\.yaml:1:1: there is no such file — run `siterounds/)
  expect(terminal.exitCode).toBe(2)
})

test('settingsFor gives settings, or undefined with the exit code set', () => {
  const terminal = recordingTerminal(folder)
  writeFileSync(join(folder, 'siterounds.yaml'), SOUND)
  expect(settingsFor({}, terminal)?.sites.map((site) => site.id)).toEqual(['a'])
  expect(terminal).toMatchObject({ stdout: '', stderr: '', exitCode: 0 })
  expect(settingsFor({ config: 'nowhere.yaml' }, terminal)).toBeUndefined()
  expect(terminal.exitCode).toBe(2)
})
