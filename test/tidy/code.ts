import {
  at,
  type FileText,
  type Finding,
  type Node,
  nodesOf,
  type Rule,
  treeOf,
  typescript,
} from './source.ts'

/** The product and what runs it; tests are judged by fewer rules. */
const PRODUCT = ['lib/', 'functions/', 'infra/', 'demo/', 'bench/'] as const

/** Sizes, in lines and columns; a reader should see a thing whole. */
const MOST_FILE_LINES = 400
const MOST_ENTRY_LINES = 40
const MOST_PORT_LINES = 60
const MOST_FUNCTION_LINES = 70
const MOST_COLUMNS = 100

const FUNCTIONS = ['FunctionDeclaration', 'FunctionExpression', 'ArrowFunctionExpression']

/** Syntax that Node cannot strip away, and what to write instead. */
const NOT_ERASABLE: Record<string, string> = {
  TSEnumDeclaration: 'no enum: use a union of texts',
  TSModuleDeclaration: 'no namespace: a file is one',
  TSParameterProperty: 'no parameter property: write the field and the assignment',
  TSImportEqualsDeclaration: 'no `import =`: use an import',
  TSExportAssignment: 'no `export =`: use an export',
}

function linesOf(text: string): string[] {
  return text.replace(/\n$/, '').split('\n')
}

function isCode(path: string): boolean {
  return /\.(ts|mjs|js|css|sh)$/.test(path) || path === '.ci/run'
}

function everyFileParses(files: FileText[]): Finding[] {
  return typescript(files, '').flatMap((file) => {
    const tree = treeOf(file)
    return tree instanceof Error ? [{ path: file.path, line: 1, what: tree.message }] : []
  })
}

function telling(files: FileText[]): Finding[] {
  return files
    .filter(({ path }) => /(^|\/)(utils?|helpers?|common|types|index)(\/|\.[cm]?[jt]s$)/.test(path))
    .map(({ path }) => ({
      path,
      line: 1,
      what: 'the name says nothing: name the file for its idea',
    }))
}

function fileSizes(files: FileText[]): Finding[] {
  return files.flatMap(({ path, text }) => {
    if (!isCode(path) || path.includes('.generated.')) return []
    let most = MOST_FILE_LINES
    if (path.startsWith('functions/')) most = MOST_ENTRY_LINES
    if (path.startsWith('lib/') && /^ ?\* PORT:|^\/\*\* PORT:/m.test(text)) most = MOST_PORT_LINES
    const count = linesOf(text).length
    const what = `${count} lines, ${most} are allowed: split it by ideas`
    return count > most ? [{ path, line: most + 1, what }] : []
  })
}

function lineLengths(files: FileText[]): Finding[] {
  return files
    .filter(({ path }) => isCode(path) && !/^test\/fixtures\/|\.generated\./.test(path))
    .flatMap(({ path, text }) =>
      linesOf(text).flatMap((line, index) => {
        const columns = [...line].length
        if (columns <= MOST_COLUMNS || /https?:\/\//.test(line)) return []
        return [{ path, line: index + 1, what: `${columns} columns: break it at ${MOST_COLUMNS}` }]
      }),
    )
}

function functionSizes(files: FileText[]): Finding[] {
  return typescript(files, ...PRODUCT).flatMap((file) =>
    nodesOf(file)
      .filter((node) => FUNCTIONS.includes(node.type))
      .flatMap((node) => {
        const count = linesOf(file.text.slice(node.start, node.end)).length
        const what = `${count} lines, a function has ${MOST_FUNCTION_LINES} at most: name its parts`
        return count > MOST_FUNCTION_LINES ? [at(file, node, what)] : []
      }),
  )
}

/** Reads the time of the machine: a `Date` of a given instant does not. */
function isTime(node: Node): boolean {
  const isDate = node.callee?.name === 'Date'
  if (isDate && node.type === 'CallExpression') return true
  if (isDate && node.type === 'NewExpression') return node.arguments.length === 0
  return isMember(node, 'Date', 'now') || isMember(node, 'Temporal', 'Now')
}

function isChance(node: Node): boolean {
  if (node.type === 'Identifier') return node.name === 'randomUUID'
  return isMember(node, 'Math', 'random')
}

function isMember(node: Node, object: string, property: string): boolean {
  return (
    node.type === 'MemberExpression' &&
    node.object.name === object &&
    (node.property.name ?? node.property.value) === property
  )
}

function onlyIn(home: string, is: (node: Node) => boolean, what: string) {
  return (files: FileText[]): Finding[] =>
    typescript(files, 'lib/', 'functions/', 'demo/')
      .filter((file) => file.path !== home)
      .flatMap((file) =>
        nodesOf(file)
          .filter(is)
          .map((node) => at(file, node, what)),
      )
}

function erasable(files: FileText[]): Finding[] {
  return typescript(files, '').flatMap((file) =>
    nodesOf(file)
      .filter((node) => Object.hasOwn(NOT_ERASABLE, node.type) && node.declare !== true)
      .map((node) => at(file, node, NOT_ERASABLE[node.type] ?? '')),
  )
}

/** A doc comment that ends directly above, but for lines that switch a lint off. */
const DOC_ABOVE = /\/\*\*((?:(?!\*\/)[\s\S])+)\*\/[ \t]*\n?(?:\/\/ biome-ignore .*\n)*$/

function documented(files: FileText[]): Finding[] {
  return typescript(files, 'lib/', 'functions/').flatMap((file) => {
    const tree = treeOf(file)
    if (tree instanceof Error) return []
    return undocumented(file.text, tree.body).map((node) => {
      const names = nameOf(node)
      return at(file, node, `${names}: say above it, in a doc comment, what it promises`)
    })
  })
}

function nameOf(node: Node): string {
  const declared = node.declaration ?? node
  return declared.id?.name ?? declared.declarations?.[0].id.name ?? 'this export'
}

/**
 * Constants on the lines directly below a documented one share its comment (`SECOND_MS`,
 * `MINUTE_MS`), and so do the overloads of a function.
 */
function undocumented(text: string, body: Node[]): Node[] {
  const named = new Set(
    body
      .filter((node) => node.type === 'ExportNamedDeclaration' && node.source === null)
      .flatMap((node) => node.specifiers.map((specifier: Node) => specifier.local.name)),
  )
  const found: Node[] = []
  let above: { node: Node; has: boolean } | undefined
  for (const node of body) {
    const exported = /^Export(Named|Default)/.test(node.type) && node.declaration
    if (!exported && !named.has(nameOf(node))) continue
    let has = /[^\s*]/.test(DOC_ABOVE.exec(text.slice(0, node.start))?.[1] ?? '')
    if (above?.has && isContinuation(text, above.node, node)) has = true
    if (!has) found.push(node)
    above = { node, has }
  }
  return found
}

function isContinuation(text: string, above: Node, node: Node): boolean {
  const types = [above, node].map((one) => (one.declaration ?? one).type)
  if (types[0] === 'TSDeclareFunction') return nameOf(above) === nameOf(node)
  const between = text.slice(above.end, node.start)
  return types.every((type) => type === 'VariableDeclaration') && between.trim() === ''
    ? between.split('\n').length === 2
    : false
}

/** How code is written: names, sizes, time and chance, comments, syntax. */
export const CODE_RULES: Rule[] = [
  { name: 'every TypeScript file parses', find: everyFileParses },
  { name: 'names of files say something', find: telling },
  { name: 'files fit their sizes', find: fileSizes },
  { name: 'lines fit 100 columns', find: lineLengths },
  { name: 'functions fit 70 lines', find: functionSizes },
  {
    name: 'the time is read in lib/time.ts only',
    find: onlyIn('lib/time.ts', isTime, 'the time is read in lib/time.ts only: take a Clock'),
  },
  {
    name: 'chance is taken in lib/random.ts only',
    find: onlyIn('lib/random.ts', isChance, 'chance stands in lib/random.ts only: take a Chance'),
  },
  { name: 'every export has a doc comment', find: documented },
  { name: 'TypeScript is erasable', find: erasable },
]
