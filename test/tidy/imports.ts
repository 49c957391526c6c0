import { builtinModules } from 'node:module'
import { at, type FileText, type Finding, importsOf, type Rule, typescript } from './source.ts'

/** From upstream to downstream: a file imports its own layer and those before it. */
const ORDER = [
  'ground',
  'store',
  'fetch',
  'parse',
  'ledger',
  'alarms',
  'figures',
  'mail',
  'access',
  'queue',
  'notify',
  'report',
  'publish',
  'rounds',
  'pipeline',
  'upkeep',
  'backends',
  'work',
  'cli',
  'functions',
]

/** Files that know a vendor or a medium; everyone else knows the port. */
const DRIVERS = [
  ...['sqlite', 'memory', 'dynamodb', 'directory', 's3'].map((name) => `lib/store/${name}.ts`),
  ...['http', 'sftp', 'directory'].map((name) => `lib/fetch/${name}.ts`),
  ...['smtp', 'outbox', 'ses'].map((name) => `lib/mail/${name}.ts`),
  ...['key-secret', 'key-value-store'].map((name) => `lib/access/${name}.ts`),
  'lib/store/secret-values.ts',
  'lib/queue/sqs.ts',
]

/** What `infra` may know of the product: names, no behaviour. */
const FOR_INFRA = ['lib/env.ts', 'lib/store/keys.ts']

/** Folders that nothing imports but themselves and tests. */
const ENDS = ['functions', 'demo', 'bench', 'infra', 'test']

/**
 * Packages whose doors differ from "one file, whichever": the files that may import them, and why.
 * Every other package has one door.
 */
const DOORS: Record<string, { files: RegExp; reason: string }> = {
  commander: { files: /^lib\/cli\//, reason: 'one file a command, and each declares its options' },
  'aws-cdk-lib': { files: /^infra\//, reason: 'infra is written in it' },
  esbuild: {
    files: /^(functions\/build|infra\/assets)\.ts$/,
    reason: 'one makes the program, the other the functions, and neither may import the other',
  },
  '@aws-sdk/client-dynamodb': {
    files: /^lib\/store\/dynamodb(-row)?\.ts$/,
    reason: 'one sends requests, the other knows the form of items',
  },
  '@aws-sdk/client-secrets-manager': {
    files: /^lib\/(access\/key-secret|store\/secret-values)\.ts$/,
    reason: 'one secret is read by functions, the other one changed by hand',
  },
  constructs: { files: /^infra\//, reason: 'infra is written in it' },
  'temporal-polyfill': { files: /^lib\/time\.ts$/, reason: 'time zones have one reader' },
}

/** The layer of a file of lib/ or functions/; undefined for a folder that has no place. */
function layerOf(path: string): string | undefined {
  const [top, second, third] = path.split('/')
  if (top === 'functions') return 'functions'
  if (third === undefined) return second === 'pipeline.ts' ? 'pipeline' : 'ground'
  if (second === 'text') return 'ground'
  if (second === 'pipeline' || second === 'ground') return undefined
  return ORDER.find((layer) => layer === second)
}

function importOrder(files: FileText[]): Finding[] {
  return typescript(files, 'lib/', 'functions/').flatMap((file) => {
    const from = layerOf(file.path)
    if (from === undefined) {
      const what = 'this folder has no place in the order of layers: move the file into a stage'
      return [{ path: file.path, line: 1, what }]
    }
    return importsOf(file).flatMap(({ node, target = '' }) => {
      const to = /^(lib|functions)\//.test(target) ? layerOf(target) : undefined
      if (to === undefined || ORDER.indexOf(to) <= ORDER.indexOf(from)) return []
      const what = `${from} imports ${target} (${to}), which is downstream: hand it in, or move it`
      return [at(file, node, what)]
    })
  })
}

function endsAreEnds(files: FileText[]): Finding[] {
  return typescript(files, '').flatMap((file) => {
    const from = file.path.split('/')[0] ?? ''
    if (from === 'test') return []
    return importsOf(file).flatMap(({ node, target = '' }) => {
      const to = target.split('/')[0] ?? ''
      if (!ENDS.includes(to) || to === from || !target.includes('/')) return []
      return [at(file, node, `nothing imports ${to}/: move what is shared into lib/`)]
    })
  })
}

function infraKnowsNames(files: FileText[]): Finding[] {
  return typescript(files, 'infra/').flatMap((file) =>
    importsOf(file).flatMap(({ node, target = '' }) => {
      if (!target.startsWith('lib/') || FOR_INFRA.includes(target)) return []
      return [
        at(file, node, `infra imports ${target}: it may know ${FOR_INFRA.join(' and ')} only`),
      ]
    }),
  )
}

function driversBehindBackends(files: FileText[]): Finding[] {
  return typescript(files, '')
    .filter((file) => !/^(lib\/backends|test)\//.test(file.path))
    .flatMap((file) =>
      importsOf(file)
        .filter(({ target }) => target !== undefined && DRIVERS.includes(target))
        .map(({ node, target }) =>
          at(file, node, `only lib/backends/ imports the driver ${target}: take its port instead`),
        ),
    )
}

/** The package of a bare specifier: `aws-cdk-lib` of `aws-cdk-lib/aws-s3`. */
function packageOf(specifier: string): string {
  return specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/')
}

function oneDoorForEachVendor(files: FileText[]): Finding[] {
  const doors = new Map<string, string>()
  const findings: Finding[] = []
  for (const file of typescript(files, 'lib/', 'functions/', 'infra/')) {
    for (const { node, specifier } of importsOf(file)) {
      if (/^(\.|#|node:)/.test(specifier)) continue
      const name = packageOf(specifier)
      const table = Object.hasOwn(DOORS, name) ? DOORS[name] : undefined
      const door = doors.get(name) ?? file.path
      doors.set(name, door)
      if (builtinModules.includes(name)) {
        findings.push(at(file, node, `write node:${specifier}`))
      } else if (table !== undefined && !table.files.test(file.path)) {
        findings.push(at(file, node, `${name} is imported only in ${table.files}: ${table.reason}`))
      } else if (table === undefined && door !== file.path) {
        findings.push(at(file, node, `${name} has its one door in ${door}: go through it`))
      }
    }
  }
  return findings
}

/** Everything reachable by imports from some paths, they included. */
function reachable(files: FileText[], entries: string[]): Set<string> {
  const byPath = new Map(files.map((file) => [file.path, file]))
  const reached = new Set(entries)
  for (const path of reached) {
    const file = byPath.get(path)
    if (!file?.path.endsWith('.ts')) continue
    for (const { target } of importsOf(file)) if (target !== undefined) reached.add(target)
  }
  return reached
}

/**
 * Entry points are functions/, demo/, bench/ and infra/. A test keeps nothing alive but drivers
 * (the memory table has no other use). What is not TypeScript lives when some file says its name.
 */
function nothingDead(files: FileText[]): Finding[] {
  const entries = typescript(files, 'functions/', 'demo/', 'bench/', 'infra/')
  const reached = reachable(
    files,
    entries.map((file) => file.path),
  )
  const tests = typescript(files, 'test/')
  const tested = new Set(tests.flatMap((file) => importsOf(file).map(({ target }) => target)))
  const code = typescript(files, 'lib/', 'functions/', 'demo/')
  const isAlive = ({ path }: FileText) => {
    if (reached.has(path) || (DRIVERS.includes(path) && tested.has(path))) return true
    const name = path.slice(path.lastIndexOf('/') + 1)
    return !path.endsWith('.ts') && code.some((file) => file.text.includes(name))
  }
  return files
    .filter((file) => file.path.startsWith('lib/') && !isAlive(file))
    .map(({ path }) => ({ path, line: 1, what: 'no entry point reaches this file: remove it' }))
}

/** Who may import whom (DESIGN section 5). */
export const IMPORT_RULES: Rule[] = [
  { name: 'imports point upstream only', find: importOrder },
  { name: 'nothing imports functions, demo, bench, infra or test', find: endsAreEnds },
  { name: 'infra imports names only', find: infraKnowsNames },
  { name: 'only backends and tests import drivers', find: driversBehindBackends },
  { name: 'each vendor package has one door', find: oneDoorForEachVendor },
  { name: 'no file of lib is dead', find: nothingDead },
]
