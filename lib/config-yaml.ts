import {
  type Document,
  type ErrorCode,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseDocument,
  visit,
} from 'yaml'
import { type Finding, type Path, reference } from './config-problems.ts'

/** Lines and columns count from 1. */
export interface Place {
  line: number
  column: number
}

/** A YAML file that was read: plain values, and where each stands. */
export interface YamlFile {
  /** Undefined when `findings` make it pointless to look at the values. */
  value: unknown
  findings: (Finding & Place)[]
  /** Where the value at a path, or the key that leads to it, begins. */
  placeOf(path: Path, at: 'value' | 'key'): Place
  /** A plain value as it was typed (`0101` is the number 101), else undefined. */
  typedAt(path: Path): string | undefined
}

/** Letters that aliases may unfold to in all; a file of 100,000 sites stays far below it. */
const MAX_UNFOLDED_LENGTH = 64 * 1024 * 1024

/** Faults that leave every value readable, so that the other checks can go on. */
const HARMLESS: ReadonlySet<ErrorCode> = new Set(['DUPLICATE_KEY'])

const QUOTE_FIX = 'put quotes around a value that holds any of { } [ ] , : # & * ! | > % @ `'

/**
 * Our own words for the parser's faults. Its messages are never shown: they repeat pieces of the
 * file, and such a piece may be a password that begins with `*`, `!` or `|`.
 */
const FAULTS: Partial<Record<ErrorCode, Finding>> = {
  DUPLICATE_KEY: { message: 'this key stands twice', fix: 'keep one of the two' },
  NON_STRING_KEY: { message: 'this is not a key', fix: 'write a plain word before the colon' },
  MULTIPLE_DOCS: {
    message: 'a second document begins here',
    fix: 'remove the line `---`; one file holds one configuration',
  },
  TAB_AS_INDENT: {
    message: 'a tab is used as indentation',
    fix: 'indent with two spaces',
  },
  BAD_INDENT: {
    message: 'the indentation does not fit, or a bracket is not closed',
    fix: 'indent with two spaces a level, and close every { and [',
  },
  MISSING_CHAR: {
    message: 'a sign is missing: the colon and space after a key, a quote or a bracket',
    fix: 'write `key: value`, and close every quote, { and [',
  },
  MULTILINE_IMPLICIT_KEY: {
    message: 'a line lacks the colon and space after its key',
    fix: 'write `key: value` on every line',
  },
  BLOCK_AS_IMPLICIT_KEY: {
    message: 'a key stands inside the value of another key',
    fix: `put it on its own line; or ${QUOTE_FIX}`,
  },
  BAD_DQ_ESCAPE: {
    message: 'there is no such escape in a text in double quotes',
    fix: 'use single quotes, in which a backslash is just a backslash',
  },
}

const OTHER_FAULT: Finding = { message: 'this is not valid YAML', fix: QUOTE_FIX }

/** Reads a YAML text. Never throws, and no finding repeats anything of the text. */
export function readYaml(text: string): YamlFile {
  const lines = new LineCounter()
  const document = parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    stringKeys: true,
    // Keeps the parser from warning on its own; `silent` would hide second documents.
    logLevel: 'error',
  })
  const place = (offset: number): Place => {
    const { line, col } = lines.linePos(offset)
    return { line: Math.max(line, 1), column: Math.max(col, 1) }
  }
  const findings = faultsOf(document, text, place)
  const readable = document.errors.every((error) => HARMLESS.has(error.code))
  const { anchors, found } = readable ? anchorsOf(document, place) : noAnchors()
  findings.push(...found)
  return {
    value: readable && found.length === 0 ? document.toJS({ maxAliasCount: -1 }) : undefined,
    findings,
    placeOf: (path, at) => place(offsetOf(document, anchors, path, at)),
    typedAt: (path) => {
      const { node } = walk(document, anchors, path)
      return isScalar(node) ? node.source : undefined
    },
  }
}

/** One finding a line: what follows on the same line is mostly the same fault again. */
function faultsOf(document: Document, text: string, place: (offset: number) => Place) {
  const byLine = new Map<number, Finding & Place>()
  const sourceLines = text.split('\n')
  for (const error of document.errors) {
    const where = place(error.pos[0])
    if (byLine.has(where.line)) continue
    const variable = sourceLines[where.line - 1]?.includes(reference('').slice(0, 2))
    const finding =
      variable && !HARMLESS.has(error.code)
        ? {
            ...OTHER_FAULT,
            fix: `within { }, put quotes around a variable: "${reference('NAME')}"`,
          }
        : (FAULTS[error.code] ?? OTHER_FAULT)
    byLine.set(where.line, { ...finding, ...where })
  }
  return [...byLine.values()]
}

function noAnchors() {
  return { anchors: new Map<unknown, Node>(), found: [] as (Finding & Place)[] }
}

/**
 * What each alias stands for. Tags are refused, and so are aliases inside anchored values, which
 * is what makes a small file unfold to a giant one.
 */
function anchorsOf(document: Document, place: (offset: number) => Place) {
  const { anchors, found } = noAnchors()
  const named = new Map<string, Node>()
  let unfolded = 0
  const add = (node: Node, message: string, fix: string) => {
    const where = place(node.range?.[0] ?? 0)
    // One a line is enough: a bomb has hundreds.
    if (found.at(-1)?.line !== where.line) found.push({ message, fix, ...where })
  }
  visit(document, {
    Node(_, node, ancestors) {
      if (isAlias(node)) {
        const target = named.get(node.source)
        const [start, end] = target?.range ?? [0, 0]
        unfolded += end - start
        if (!target) {
          add(
            node,
            'a value that begins with `*` is an alias, and this one has no anchor',
            QUOTE_FIX,
          )
        } else if (ancestors.some((above) => (above as { anchor?: string }).anchor !== undefined)) {
          add(node, 'an alias stands inside an anchored value', 'write the value out')
        } else if (unfolded > MAX_UNFOLDED_LENGTH) {
          add(node, 'the aliases unfold to more than 64 MiB', 'write the values out')
        } else {
          anchors.set(node, target)
        }
        return
      }
      if (node.anchor !== undefined) named.set(node.anchor, node)
      if (node.tag !== undefined) add(node, 'a value that begins with `!` is a tag', QUOTE_FIX)
    },
  })
  return { anchors, found }
}

/** Follows a path as far as it goes. */
function walk(document: Document, anchors: Map<unknown, Node>, path: Path) {
  let node: unknown = document.contents
  let key: unknown
  for (const step of path) {
    const inside = isAlias(node) ? anchors.get(node) : node
    if (isMap(inside)) {
      const pair = inside.items.findLast(
        (item) => isScalar(item.key) && String(item.key.value) === String(step),
      )
      if (!pair) break
      key = pair.key
      node = pair.value
    } else if (isSeq(inside) && typeof step === 'number') {
      node = inside.items[step]
    } else {
      break
    }
  }
  return { node, key }
}

function offsetOf(
  document: Document,
  anchors: Map<unknown, Node>,
  path: Path,
  at: 'value' | 'key',
): number {
  const { node, key } = walk(document, anchors, path)
  const value = node as Node | null | undefined
  const chosen = at === 'key' || !value?.range ? (key as Node | undefined) : value
  return chosen?.range?.[0] ?? 0
}
