import {
  at,
  type FileText,
  type Finding,
  importsOf,
  matches,
  type Node,
  nodesOf,
  type Rule,
  typescript,
} from './source.ts'

/**
 * Paths that look like a machine's own and are not: sample content that a document or a fixture
 * means to show. Each names its file, the text, and why it stands there.
 */
const SAMPLE_PATHS: { file: string; text: string; reason: string }[] = []

const MACHINE_PATH = /(?<![\w.~*)\]}-])\/(?:work|root|home\/[a-z][\w-]*|Users\/[A-Za-z][\w-]*)\//g

const REGISTRY =
  /\b(?:registry\.(?:npmjs|yarnpkg|npmmirror)\.\w+|[\w.-]*(?:artifactory|nexus)\.\w+)/g

function nothingLeftToDo(files: FileText[]): Finding[] {
  return files
    .filter(({ path }) => /^(lib|functions|infra|demo|bench)\//.test(path))
    .flatMap((file) => matches(file, /\b(?:TODO|FIXME|XXX)\b/g, 'do it, or say it in an issue'))
}

function noMachinePaths(files: FileText[]): Finding[] {
  return files.flatMap((file) =>
    matches(file, MACHINE_PATH, 'a path of one machine: make it relative').filter(
      ({ path, what }) =>
        !SAMPLE_PATHS.some((sample) => sample.file === path && what.includes(sample.text)),
    ),
  )
}

function noRegistryHosts(files: FileText[]): Finding[] {
  return files.flatMap((file) => [
    ...matches(file, REGISTRY, 'names a registry: leave the choice to the reader'),
    ...(file.path === 'package-lock.json'
      ? matches(file, /"resolved": *"http[^"]*"/g, 'lock without download hosts (see .npmrc)')
      : []),
  ])
}

const EXACT = /^\d+\.\d+\.\d+(?:-[\w.]+)?$/

const DEPENDENCY_LISTS = ['dependencies', 'devDependencies', 'optionalDependencies', 'overrides']

function exactVersions(files: FileText[]): Finding[] {
  const manifest = files.find((file) => file.path === 'package.json')
  if (!manifest) return []
  const lock = files.find((file) => file.path === 'package-lock.json')
  const lists = JSON.parse(manifest.text)
  const locked = lock && JSON.parse(lock.text).packages[''] // what the lock says of the manifest
  return DEPENDENCY_LISTS.flatMap((list) =>
    Object.entries<unknown>(lists[list] ?? {}).flatMap(([name, version]) => {
      const line = lineOf(manifest.text, `"${name}":`)
      const finding = (what: string) => [{ path: manifest.path, line, what: `${name}: ${what}` }]
      if (typeof version === 'string' && !EXACT.test(version)) {
        return finding(`"${version}" is not one version: write it exactly`)
      }
      const said = locked?.[list]?.[name] ?? version
      return said === version ? [] : finding(`the lock says "${said}": run npm install once more`)
    }),
  )
}

function lineOf(text: string, part: string): number {
  return text.slice(0, Math.max(0, text.indexOf(part))).split('\n').length
}

const SUITES = ['it', 'test', 'describe', 'suite']

/** The name at the left end of `it.concurrent.each(…)`. */
function leftmost(node: Node): string | undefined {
  let left = node
  while (left.type === 'MemberExpression' || left.type === 'CallExpression') {
    left = left.object ?? left.callee
  }
  return left.name
}

function isSwitchedOff(node: Node): boolean {
  const off = ['skip', 'only', 'todo']
  if (node.type === 'MemberExpression') {
    return off.includes(node.property.name) && SUITES.includes(leftmost(node.object) ?? '')
  }
  if (node.type !== 'CallExpression' || !SUITES.includes(leftmost(node.callee) ?? '')) return false
  const fields: Node[] = node.arguments.flatMap((argument: Node) => argument.properties ?? [])
  return fields.some((field) => off.includes(field.key?.name) && field.value.value === true)
}

function noTestSwitchedOff(files: FileText[]): Finding[] {
  return typescript(files, 'test/', 'bench/').flatMap((file) =>
    nodesOf(file)
      .filter(isSwitchedOff)
      .map((node) =>
        at(file, node, 'every test runs, always: mend or remove it (skipIf only with a reason)'),
      ),
  )
}

/** test/fixtures/programs.ts prints the reason itself; other files print their own. */
function skipsSayWhy(files: FileText[]): Finding[] {
  return typescript(files, 'test/').flatMap((file) => {
    const nodes = nodesOf(file)
    const saysWhy =
      importsOf(file).some(({ target }) => target === 'test/fixtures/programs.ts') ||
      nodes.some((node) => node.type === 'MemberExpression' && node.object.name === 'console')
    if (saysWhy) return []
    return nodes
      .filter(
        (node) =>
          node.type === 'MemberExpression' &&
          ['skipIf', 'runIf'].includes(node.property.name) &&
          SUITES.includes(leftmost(node.object) ?? ''),
      )
      .map((node) => at(file, node, 'print in one line why it is skipped (fixtures/programs.ts)'))
  })
}

/** A contract's suite holds the expectations of the files that call it. */
function everyTestExpects(files: FileText[]): Finding[] {
  return typescript(files, 'test/')
    .filter(({ path }) => /\.test\.ts$|^test\/contracts\//.test(path))
    .filter((file) => {
      const expects = nodesOf(file).some(
        (node) => node.type === 'CallExpression' && leftmost(node.callee) === 'expect',
      )
      const contract = importsOf(file).some(({ target }) => target?.startsWith('test/contracts/'))
      return !expects && !contract
    })
    .map(({ path }) => ({ path, line: 1, what: 'expects nothing, so it cannot fail' }))
}

/** What may stand in any file, and how tests may be written. */
export const TEXT_RULES: Rule[] = [
  { name: 'nothing is left to do in code', find: nothingLeftToDo },
  { name: 'no path of a machine', find: noMachinePaths },
  { name: 'no host of a registry', find: noRegistryHosts },
  { name: 'versions are exact, and the lock agrees', find: exactVersions },
  { name: 'no test is switched off', find: noTestSwitchedOff },
  { name: 'a skipped test says why', find: skipsSayWhy },
  { name: 'every test file expects something', find: everyTestExpects },
]
