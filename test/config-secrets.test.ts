import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Command } from 'commander'
import { afterAll, expect, test } from 'vitest'
import { addCheck } from '../lib/cli/check.ts'
import { settingsFor } from '../lib/cli/configured.ts'
import { addInit } from '../lib/cli/init.ts'
import { readSettings } from '../lib/config.ts'
import { reference } from '../lib/config-problems.ts'
import { resolveSecret, type SlotRules } from '../lib/config-secrets.ts'
import { recordingTerminal } from './cli/recording-terminal.ts'

const folder = mkdtempSync(join(tmpdir(), 'rounds-secrets-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** Every place in which a secret can stand, with `%` for what is written there. */
const SLOTS: Record<string, string> = {
  'http user': 'auth: { kind: basic, user: %, password: "$P" }',
  'http password': 'auth: { kind: basic, user: rounds, password: % }',
  'header name': 'auth: { kind: header, name: %, value: "$P" }',
  'header value': 'auth: { kind: header, name: X-Key, value: % }',
  'mail user': 'mail: { kind: smtp, host: a.example, auth: { user: %, password: "$P" } }',
  'password on its own line': 'auth:\n        kind: basic\n        user: a\n        password: %',
  'value on its own line': 'auth:\n        kind: header\n        name: X-Key\n        value: %',
  'kind of auth': 'auth: { kind: %, user: rounds, password: "$P" }',
  'auth itself': 'auth: %',
  'auth on its own line': 'auth:\n        %',
  'mail password': 'mail: { kind: smtp, host: a.example, auth: { user: rounds, password: % } }',
}

const CANARY = 'c4n4ry'

/** What a slot may hold, rightly or wrongly; each holds the canary, or refers to it. */
const WRITTEN: Record<string, string> = {
  variable: `"${reference('CANARY')}"`,
  file: '{ file: ./secret.txt }',
  literal: CANARY,
  'quoted literal': `"${CANARY}"`,
  'literal with a line break': `"${CANARY}\\n${CANARY}"`,
  'literal with a colon': `"${CANARY}: ${CANARY}"`,
  'part of a variable': `"${CANARY} ${reference('P')}"`,
  'variable of two lines': `"${reference('TWO_LINES')}"`,
  'file name': `{ file: ./${CANARY} }`,
  'wrong key': `{ ${CANARY}: x }`,
  'glued key': `{ file:${CANARY} }`,
  list: `[${CANARY}]`,
  alias: `*${CANARY}`,
  anchor: `&${CANARY}`,
  tag: `!${CANARY}`,
  'block text': `|${CANARY}`,
  'open quote': `"${CANARY}`,
  'open bracket': `{ ${CANARY}`,
  'bad escape': `"\\q${CANARY}"`,
  'reserved sign': `@${CANARY}`,
  percent: `%${CANARY}`,
  'key in a value': `a: ${CANARY}: b`,
  'variable without quotes': reference('TWO_LINES'),
}

const ENV = { CANARY, P: `${CANARY}-2`, TWO_LINES: `${CANARY}\r\n${CANARY}` }

function writeConfig(slot: string, written: string): string {
  const line = slot.replace('%', () => written).replace('"$P"', `"${reference('P')}"`)
  const file = join(folder, 'siterounds.yaml')
  const lines = [
    'state: ./var',
    'sites:',
    '  - id: bj01',
    '    timeZone: Asia/Shanghai',
    '    source:',
    '      kind: http',
    '      url: https://portal.example',
    slot.startsWith('auth') ? `      ${line}` : '',
    slot.startsWith('mail') ? line : '',
  ]
  writeFileSync(file, lines.join('\n'))
  return file
}

/** All that people can see of a configuration: commands, problems, and settings' errors. */
async function everythingShown(file: string): Promise<{ sound: boolean; shown: string }> {
  const terminal = recordingTerminal(folder, ENV)
  for (const words of [['check'], ['check', '--json'], ['init']]) {
    const program = new Command().exitOverride()
    addCheck(program, terminal)
    addInit(program, terminal)
    await program.parseAsync(words, { from: 'user' })
  }
  settingsFor({}, terminal)
  const read = readSettings(file, ENV)
  const problems = 'problems' in read ? JSON.stringify(read.problems) : ''
  return { sound: 'settings' in read, shown: terminal.stdout + terminal.stderr + problems }
}

for (const [slot, template] of Object.entries(SLOTS)) {
  test.each(Object.entries(WRITTEN))(
    `no output holds a secret: ${slot}, %s`,
    async (kind, text) => {
      writeFileSync(join(folder, 'secret.txt'), `${CANARY}\n`)
      const { sound, shown } = await everythingShown(writeConfig(template, text))
      expect(shown.toLowerCase()).not.toContain(CANARY)
      expect(shown).not.toBe('')
      const reaches = !/auth/.test(slot) && ['variable', 'file'].includes(kind)
      if (reaches) expect(sound).toBe(true)
      if (slot.includes('password') && kind.includes('literal')) expect(sound).toBe(false)
    },
  )
}

test('a web address with a password is refused without repeating it', async () => {
  const file = writeConfig('', '')
  writeFileSync(
    file,
    'state: ./var\nsites:\n  - id: a\n    timeZone: UTC\n' +
      `    source: { kind: http, url: "https://me:${CANARY}@portal.example/?key=${CANARY}" }\n` +
      `    ${CANARY}://x: y\nreport: { publicUrl: "https://${CANARY}:${CANARY}@x.example" }\n`,
  )
  const { sound, shown } = await everythingShown(file)
  expect(sound).toBe(false)
  expect(shown).toContain('must not hold a user or a password')
  expect(shown).not.toContain(CANARY)
})

const ANY: SlotRules = { literal: false, grammar: /^[^\n]+$/, grammarText: 'one line' }

test.each([
  ['one line feed', 'pass\n', 'pass'],
  ['a carriage return too', 'pass\r\n', 'pass'],
  ['no line end', 'pass', 'pass'],
  ['spaces stay', ' pass \n', ' pass '],
])('a file is read without its last line end: %s', (_, content, text) => {
  writeFileSync(join(folder, 'one'), content)
  expect(resolveSecret({ file: './one' }, ANY, { folder, env: {} })).toEqual({ text })
})

test.each([
  ['two lines', 'a\nb\n', 'signs that are not allowed'],
  ['too large', 'x'.repeat(70_000), 'larger than 64 KiB'],
  ['no text', Buffer.from([0xff, 0xfe, 0x41]), 'cannot be read'],
  ['empty', '\n', 'the secret is empty'],
])('a file that cannot be a secret: %s', (_, content, message) => {
  writeFileSync(join(folder, 'one'), content)
  const found = resolveSecret({ file: 'one' }, ANY, { folder, env: {} })
  expect(found).toMatchObject({ message: expect.stringContaining(message) })
})

test('a variable that only the prototype has is not set', () => {
  const found = resolveSecret(reference('toString'), ANY, { folder, env: {} })
  expect(found).toMatchObject({ message: expect.stringContaining('toString is not set') })
})

test('nothing but the configuration and the secrets was written', () => {
  const left = readdirSync(folder).sort()
  expect(left).toEqual(['one', 'secret.txt', 'siterounds.yaml'])
})
