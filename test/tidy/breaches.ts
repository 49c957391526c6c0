/** Files that break one rule, and the one place (`path:line`) that must be reported. */
export interface Breach {
  files: Record<string, string>
  at: string
}

/** A path of a machine, put together so that this file does not break the rule itself. */
const machinePath = ['', 'root', 'project', 'x'].join('/')

/** Built for the same reason: searches for switched-off tests read lines, not syntax. */
const off = (kind: string) => `it${kind}('x', () => expect(1).toBe(1))\n`

const oneFile = (path: string, text: string, line = 1): Breach => ({
  files: { [path]: text },
  at: `${path}:${line}`,
})

/** `count` lines of code. */
const lines = (count: number) => 'f()\n'.repeat(count)

const port = `/**\n * PORT: something.\n */\n`

/** Every rule by its name, with at least one breach. */
export const BREACHES: Record<string, Breach[]> = {
  'imports point upstream only': [
    oneFile('lib/store/a.ts', "import { b } from '../fetch/b.ts'"),
    oneFile('lib/time.ts', "\nimport type { b } from './store/b.ts'", 2),
    oneFile('lib/text/a.ts', "export * from '../pipeline.ts'"),
    oneFile('lib/upkeep/a.ts', "await import('../cli/b.ts')"),
    oneFile('lib/report/pages/a.ts', "let a: import('../../publish/b.ts').B"),
    oneFile('lib/domain/a.ts', ''),
  ],
  'nothing imports functions, demo, bench, infra or test': [
    oneFile('lib/cli/a.ts', "import { b } from '../../demo/b.ts'"),
    oneFile('demo/a.ts', "import { b } from '../functions/b.ts'"),
    oneFile('lib/a.ts', "import { b } from '../test/fixtures/b.ts'"),
  ],
  'infra imports names only': [
    oneFile('infra/a.ts', "import { b } from '../lib/store/table.ts'"),
    oneFile('infra/stacks/a.ts', "import { b } from '../../lib/site.ts'"),
  ],
  'only backends and tests import drivers': [
    oneFile('lib/cli/probe.ts', "import { b } from '../fetch/http.ts'"),
    oneFile('lib/store/memory.ts', "import { b } from './sqlite.ts'"),
    oneFile('bench/a.ts', "const { b } = await import('../lib/store/s3.ts')"),
  ],
  'each vendor package has one door': [
    {
      files: { 'lib/a.ts': "import z from 'zod'", 'lib/b.ts': "import type { Z } from 'zod/mini'" },
      at: 'lib/b.ts:1',
    },
    {
      files: { 'lib/a.ts': "import '@vendor/x'", 'lib/b.ts': "\nimport '@vendor/x/y'" },
      at: 'lib/b.ts:2',
    },
    oneFile('lib/site.ts', "import { Temporal } from 'temporal-polyfill'"),
    oneFile('lib/upkeep/a.ts', "import { Command } from 'commander'"),
    oneFile('lib/a.ts', "import { readFile } from 'fs/promises'"),
  ],
  'no file of lib is dead': [
    oneFile('lib/a.ts', ''),
    { files: { 'lib/a.ts': '', 'test/a.test.ts': "import '../lib/a.ts'" }, at: 'lib/a.ts:1' },
    {
      files: { 'lib/report/old.css': '', 'functions/a.ts': "'new.css'" },
      at: 'lib/report/old.css:1',
    },
  ],
  'every TypeScript file parses': [oneFile('lib/a.ts', 'const = 1')],
  'names of files say something': [
    oneFile('lib/store/utils.ts', ''),
    oneFile('lib/helpers/site.ts', ''),
    oneFile('lib/types.ts', ''),
    oneFile('lib/text/index.ts', ''),
    oneFile('test/common.ts', ''),
  ],
  'files fit their sizes': [
    oneFile('lib/a.ts', lines(401), 401),
    oneFile('test/a.test.ts', lines(401), 401),
    oneFile('functions/a.ts', lines(41), 41),
    oneFile('lib/store/a.ts', port + lines(58), 61),
  ],
  'lines fit 100 columns': [
    oneFile('lib/a.ts', `f()\nf('${'x'.repeat(96)}')\n`, 2),
    oneFile('lib/report/a.css', '字'.repeat(101)),
  ],
  'functions fit 70 lines': [
    oneFile('lib/a.ts', `\nfunction f() {\n${lines(69)}}\n`, 2),
    oneFile('demo/a.ts', `const f = () => {\n${lines(69)}}\n`),
    oneFile('lib/b.ts', `const o = {\n  f() {\n${lines(69)}}}\n`, 2),
  ],
  'the time is read in lib/time.ts only': [
    oneFile('lib/a.ts', 'f()\nconst now = Date.now()', 2),
    oneFile('functions/a.ts', 'const now = new Date()'),
    oneFile('demo/a.ts', 'const now = Date()'),
    oneFile('lib/b.ts', 'const read = Date["now"]'),
    oneFile('lib/c.ts', 'const now = Temporal.Now.instant()'),
  ],
  'chance is taken in lib/random.ts only': [
    oneFile('lib/a.ts', 'f(Math.random())'),
    oneFile('demo/a.ts', 'f(crypto.randomUUID())'),
  ],
  'every export has a doc comment': [
    oneFile('lib/a.ts', '\nexport function f() {}', 2),
    oneFile('lib/a.ts', '/** Said. */\n\nexport const a = 1', 3),
    oneFile('lib/a.ts', '/** */\nexport interface A {}', 2),
    oneFile('lib/a.ts', '// Said.\nexport type A = 1', 2),
    oneFile('lib/a.ts', '/** Said. */\nexport const a = 1\nexport class B {}', 3),
    oneFile('lib/a.ts', '/** Said. */\nexport const a = 1\n\nexport const b = 1', 4),
    oneFile('lib/a.ts', 'const a = 1\nexport { a }'),
    oneFile('functions/a.ts', 'export default function f() {}'),
  ],
  'TypeScript is erasable': [
    oneFile('lib/a.ts', 'enum A { B }'),
    oneFile('test/a.ts', 'namespace A { export const b = 1 }'),
    oneFile('demo/a.ts', '\nclass A { constructor(readonly b: string) {} }', 2),
  ],
  'nothing is left to do in code': [
    oneFile('lib/a.ts', `f()\n// ${'TO'}DO: later`, 2),
    oneFile('functions/a.ts', `// ${'FIX'}ME`),
  ],
  'no path of a machine': [
    oneFile('README.md', `Run it.\ncd ${machinePath}\n`, 2),
    oneFile('bench/a.ts', `f('/${'home'}/someone/data')`),
  ],
  'no host of a registry': [
    oneFile('.npmrc', `registry=https://${'registry'}.npmjs.org/`),
    oneFile('package-lock.json', `{\n"resolved": "${'http'}s://host/x.tgz" }`, 2),
  ],
  'versions are exact, and the lock agrees': [
    oneFile('package.json', '{ "dependencies": {\n"zod": "^4.0.0" } }', 2),
    oneFile('package.json', '{ "devDependencies": { "zod": "latest" } }'),
    {
      files: {
        'package.json': '{ "dependencies": { "zod": "4.0.0" } }',
        'package-lock.json': '{ "packages": { "": { "dependencies": { "zod": "^4.0.0" } } } }',
      },
      at: 'package.json:1',
    },
  ],
  'no test is switched off': [
    oneFile('test/a.test.ts', off('.skip')),
    oneFile('test/a.test.ts', `\n${off('.only')}`, 2),
    oneFile('test/a.test.ts', off('.concurrent.skip.each([1])')),
    oneFile('test/a.test.ts', "it('x', { todo: true }, () => {})"),
  ],
  'a skipped test says why': [
    oneFile('test/a.test.ts', off('.skipIf(!browser)')),
    oneFile('test/a.test.ts', `\n${off('.runIf(browser)')}`, 2),
  ],
  'every test file expects something': [
    oneFile('test/a.test.ts', "it('x', () => f())"),
    oneFile('test/contracts/a.ts', "it('x', () => f())"),
  ],
}

/** Files that look like breaches and are none; no rule may report anything here. */
export const FINE: Record<string, string> = {
  'lib/time.ts': `import { Temporal } from 'temporal-polyfill'
import type { Day } from './site.ts'
/** The clock. */
export const now = () => Date.now()
/** Milliseconds of a second and a minute. */
export const SECOND_MS = 1_000
export const MINUTE_MS = 60 * SECOND_MS
`,
  'lib/site.ts': '/** A day. */\nexport type Day = string\n',
  'lib/random.ts': '/** A token. */\nexport const token = () => crypto.randomUUID()\n',
  'lib/cli/rounds.ts': `import { Command } from 'commander'
import { open } from '../backends/embedded.ts'
import { token } from '../random.ts'
/** Not a call: Date.now(). Nor this: enum. */
export const at = (ms: number) => new Date(ms)
// See https://example.org/${'long/'.repeat(30)}
const style = new URL('../report/style.css', import.meta.url)
`,
  'lib/cli/mail.ts': "import { Command } from 'commander'\n",
  'lib/backends/embedded.ts': `import { sqliteTable } from '../store/sqlite.ts'
import type { Table } from '../store/table.ts'
/** The first form. */
export function open(path: string): Table
export function open(path: number): Table
export function open(path: unknown): Table {
  return sqliteTable(path)
}
`,
  'lib/store/table.ts': `${port}export interface Table {}\n`,
  'lib/store/sqlite.ts': "import { DatabaseSync } from 'node:sqlite'\nimport '../time.ts'\n",
  'lib/store/memory.ts': '/** A table in memory. */\nexport default function memory() {}\n',
  'lib/report/style.css': 'a { color: red }\n',
  'lib/env.ts': '/** Names. */\n// biome-ignore lint/x: a reason.\nexport const NAMES = []\n',
  'infra/app.ts': "import 'aws-cdk-lib'\nimport 'aws-cdk-lib/aws-s3'\nimport '../lib/env.ts'\n",
  'functions/cli.ts': "import '../lib/cli/rounds.ts'\nimport '../lib/cli/mail.ts'\n",
  'demo/start.ts': "import './sites.ts'\n",
  'demo/sites.ts': `f('/${'home'}|12|30')\n`,
  'test/store/memory.test.ts': `import { tableContract } from '../contracts/table.ts'
import memory from '../../lib/store/memory.ts'
import { chromium } from '../fixtures/programs.ts'
it.skipIf(!chromium())('draws', () => {})
`,
  'test/contracts/table.ts': 'export const tableContract = () => it(1, () => expect(1).toBe(1))\n',
  'test/fixtures/programs.ts': 'export const chromium = () => console.log(1)\n',
  'package.json':
    '{ "dependencies": { "zod": "4.0.0" }, "devDependencies": { "x": "1.0.0-rc.1" } }',
  'package-lock.json': '{ "packages": { "": { "dependencies": { "zod": "4.0.0" } } } }',
}
