import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { posix } from 'node:path'
import { parseAst } from 'vitest/node'

/** One file of the repository: its path from the top, with `/`, and what stands in it. */
export interface FileText {
  path: string
  text: string
}

/** A place that breaks a rule, and what to do about it. */
export interface Finding {
  path: string
  /** From 1. */
  line: number
  /** What is wrong and what to do, as one sentence. */
  what: string
}

/** One rule of the house: a pure function from files to the places that break it. */
export interface Rule {
  name: string
  find(files: FileText[]): Finding[]
}

/** A node of the syntax tree (ESTree with TypeScript); only what every node has is typed. */
export interface Node {
  type: string
  /** Where it stands in the text, in characters. */
  start: number
  end: number
  // biome-ignore lint/suspicious/noExplicitAny: one shape per node type would be a library's work.
  [field: string]: any
}

/** Every text file that git tracks or would offer to track, below `top`. */
export function repositoryFiles(top: string): FileText[] {
  const listed = execFileSync('git', ['ls-files', '-co', '--exclude-standard', '-z'], {
    cwd: top,
    encoding: 'utf8',
    maxBuffer: 64 * 2 ** 20,
  })
  return listed
    .split('\0')
    .filter((path) => path !== '' && existsSync(`${top}/${path}`))
    .map((path) => ({ path, text: readFileSync(`${top}/${path}`, 'utf8') }))
    .filter((file) => !file.text.includes('\0'))
}

/** Files below one of the folders whose name ends in `.ts`. */
export function typescript(files: FileText[], ...folders: string[]): FileText[] {
  return files.filter(
    (file) => file.path.endsWith('.ts') && folders.some((folder) => file.path.startsWith(folder)),
  )
}

const trees = new WeakMap<FileText, Node | Error>()

/** The syntax tree of a file, or the error if it is none. Vite's own parser, by way of vitest. */
export function treeOf(file: FileText): Node | Error {
  let tree = trees.get(file)
  if (tree === undefined) {
    try {
      tree = parseAst(file.text, { lang: 'ts' }) as Node
    } catch (error) {
      tree = error as Error
    }
    trees.set(file, tree)
  }
  return tree
}

/** Every node of a file, outer before inner; none when the file does not parse. */
export function nodesOf(file: FileText): Node[] {
  const tree = treeOf(file)
  const found: Node[] = []
  const waiting: unknown[] = tree instanceof Error ? [] : [tree]
  while (waiting.length > 0) {
    const value = waiting.pop()
    if (Array.isArray(value)) waiting.push(...value.toReversed())
    else if (isNode(value)) {
      found.push(value)
      waiting.push(...Object.values(value).toReversed())
    }
  }
  return found
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && 'type' in value && 'start' in value
}

/** The line, from 1, of a place in a text. */
export function lineAt(text: string, place: number): number {
  return text.slice(0, place).split('\n').length
}

/** A finding at a node. */
export function at(file: FileText, node: Node, what: string): Finding {
  return { path: file.path, line: lineAt(file.text, node.start), what }
}

/** Every match of a pattern (with the `g` flag) in a text, as findings. */
export function matches(file: FileText, pattern: RegExp, what: string): Finding[] {
  return [...file.text.matchAll(pattern)].map((match) => ({
    path: file.path,
    line: lineAt(file.text, match.index),
    what: `\`${match[0]}\`: ${what}`,
  }))
}

/** One import (also re-export, `import()`, `import('x').T` and `new URL(x, import.meta.url)`). */
export interface Import {
  node: Node
  /** As written. */
  specifier: string
  /** The path from the top, for a relative specifier. */
  target?: string
}

/** Everything that a file imports or names by address. */
export function importsOf(file: FileText): Import[] {
  return nodesOf(file).flatMap((node) => {
    const specifier = specifierOf(node)
    if (specifier === undefined) return []
    if (!specifier.startsWith('.')) return [{ node, specifier }]
    const target = posix.join(posix.dirname(file.path), specifier)
    return [{ node, specifier, target }]
  })
}

function specifierOf(node: Node): string | undefined {
  switch (node.type) {
    case 'ImportDeclaration':
    case 'ExportAllDeclaration':
    case 'ExportNamedDeclaration':
    case 'ImportExpression':
    case 'TSImportType':
      return typeof node.source?.value === 'string' ? node.source.value : undefined
    case 'NewExpression': {
      const address = node.callee.name === 'URL' ? node.arguments[0]?.value : undefined
      return typeof address === 'string' && address.startsWith('.') ? address : undefined
    }
    default:
      return undefined
  }
}
