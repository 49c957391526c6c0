import { posix } from 'node:path'
import { format } from 'node:util'
import { type FileText, importsOf, type Node, nodesOf, treeOf } from '../tidy/source.ts'

/** A name of a test, or of a group of tests, that carries numbers of faults. */
export interface NumberedTitle {
  path: string
  /** With the names of the groups that it is in. */
  title: string
  /** `F01` and so on; `F03-F05` are three. */
  numbers: string[]
}

const SUITES = ['it', 'test', 'describe']

/**
 * The names in test files that carry numbers of faults: of `it`, `test` and `describe`, and of
 * each row of their tables, also of tables that a fixture exports (which is then imported). By
 * path, whatever order the files come in.
 */
export async function numberedTitles(files: readonly FileText[]): Promise<NumberedTitle[]> {
  const found: NumberedTitle[] = []
  const tests = files.filter(({ path }) => /^test\/.*\.test\.ts$/.test(path))
  for (const file of tests.sort((one, other) => (one.path < other.path ? -1 : 1))) {
    if (treeOf(file) instanceof Error) continue
    const nodes = nodesOf(file)
    for (const node of nodes) {
      for (const own of new Set(await titlesOf(file, node))) {
        const numbers = numbersIn(own)
        if (numbers.length === 0) continue
        const groups = nodes.filter((one) => one.start < node.start && node.end < one.end)
        const before = groups.map(groupTitle).filter((title) => title !== undefined)
        found.push({ path: file.path, title: [...before, own].join(' › '), numbers })
      }
    }
  }
  return found
}

/** The numbers in a name, ranges counted out. */
export function numbersIn(title: string): string[] {
  const numbers = new Set<string>()
  for (const [, from, to = from] of title.matchAll(/\bF(\d\d)(?:-F(\d\d))?\b/g)) {
    for (let number = Number(from); number <= Number(to); number += 1) {
      numbers.add(`F${String(number).padStart(2, '0')}`)
    }
  }
  return [...numbers]
}

/** The name of a group of tests without its number, if a node is one; tables show as `…`. */
function groupTitle(node: Node): string | undefined {
  if (node.type !== 'CallExpression' || leftmost(node.callee) !== 'describe') return undefined
  return textOf(node.arguments[0])
    ?.replaceAll(/%[sdifj]/g, '…')
    .replace(/ \(F\d\d[^)]*\)$/, '')
}

/** The names that a call gives to tests; none if it is no such call. */
async function titlesOf(file: FileText, node: Node): Promise<string[]> {
  if (node.type !== 'CallExpression' || !SUITES.includes(leftmost(node.callee) ?? '')) return []
  const title = textOf(node.arguments[0])
  if (title === undefined) return []
  const { callee } = node
  const isTable =
    callee.type === 'CallExpression' &&
    callee.callee.type === 'MemberExpression' &&
    callee.callee.property.name === 'each'
  if (!isTable) return [title]
  const rows = await rowsOf(file, callee.arguments[0])
  return rows.length === 0 ? [title] : rows.map((row) => titleOfRow(title, row))
}

/** A title with a row's values in it; an array gives its values one after the other. */
function titleOfRow(title: string, row: unknown): string {
  const values = Array.isArray(row) ? row : [row]
  const places = title.match(/%[sdifj]/g)?.length ?? 0
  return format(title, ...values.slice(0, places))
}

/** The rows of a table that is written here, named here, or exported by a fixture. */
async function rowsOf(file: FileText, table: Node): Promise<unknown[]> {
  if (table.type === 'TSAsExpression') return rowsOf(file, table.expression)
  if (table.type === 'ArrayExpression') return table.elements.map(said)
  if (table.type !== 'Identifier') return []
  const own = nodesOf(file).find(
    (node) => node.type === 'VariableDeclarator' && node.id.name === table.name,
  )
  if (own?.init) return rowsOf(file, own.init)
  const from = importsOf(file).find(({ node }) =>
    node.specifiers?.some((one: Node) => one.local?.name === table.name),
  )
  if (!from?.target?.startsWith('test/fixtures/')) return []
  const fixture = await import(posix.join('../..', from.target))
  return fixture[table.name]
}

/** What a node of a table says: texts and numbers, in arrays; the rest shows as its name. */
function said(node: Node): unknown {
  if (node.type === 'ArrayExpression') return node.elements.map(said)
  return textOf(node) ?? node.value ?? node.name ?? '…'
}

function textOf(node: Node | undefined): string | undefined {
  if (node?.type === 'Literal' && typeof node.value === 'string') return node.value
  if (node?.type !== 'TemplateLiteral') return undefined
  return node.quasis.map((part: Node) => part.value.cooked).join('…')
}

/** The name at the left end of `describe.skipIf(…).each(…)`. */
function leftmost(node: Node): string | undefined {
  let left = node
  while (left.type === 'MemberExpression' || left.type === 'CallExpression') {
    left = left.object ?? left.callee
  }
  return left.name
}
