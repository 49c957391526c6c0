import { type Found, isPrivate, nameOf, type Path, quoted } from './config-problems.ts'
import { didYouMean } from './did-you-mean.ts'

/** The parts of a schema library's issue that matter here. Its message is never shown. */
export interface Issue {
  code: string
  path: (string | number)[]
  message: string
  keys?: string[]
  expected?: string
  errors?: Issue[][]
  discriminator?: string
  params?: { fix?: string }
}

/** The parts of JSON Schema that our own schema uses. */
export interface SchemaNode {
  type?: string
  const?: unknown
  enum?: unknown[]
  default?: unknown
  examples?: unknown[]
  minimum?: number
  maximum?: number
  exclusiveMinimum?: number
  properties?: Record<string, SchemaNode>
  items?: SchemaNode
  oneOf?: SchemaNode[]
  anyOf?: SchemaNode[]
}

/** Turns issues into findings in our own words, which say what to write instead. */
export function findingsOf(issues: readonly Issue[], root: unknown, schema: SchemaNode): Found[] {
  return issues.flatMap((issue) => findingsOfOne(issue, root, schema))
}

function findingsOfOne(issue: Issue, root: unknown, schema: SchemaNode): Found[] {
  const { path } = issue
  const [node, value] = follow(schema, root, path)
  switch (issue.code) {
    case 'custom':
      return [{ message: issue.message, fix: issue.params?.fix ?? '', path, at: 'value' }]
    case 'unrecognized_keys':
      return issue.keys!.map((key) => unknownKey(key, path, node, schema))
    case 'invalid_union': {
      if (issue.discriminator !== undefined) break
      const meant = issue.errors?.find((branch) => branch.some(isAboutTheInside))
      if (!meant) break
      const inside = meant.map((part) => ({ ...part, path: [...path, ...part.path] }))
      return findingsOf(inside, root, schema)
    }
    case 'too_small':
    case 'too_big':
      return [outOfRange(path, node, value)]
  }
  if (value === undefined) {
    const fix = `write ${example(path, node, schema)}`
    return [{ message: `${nameOf(path)} is missing`, fix, path: path.slice(0, -1), at: 'value' }]
  }
  return [{ ...wrongValue(path, node, value, schema), path, at: 'value' }]
}

/** True for the issues of that choice of a union whose shape the value had. */
function isAboutTheInside(issue: Issue): boolean {
  return issue.path.length > 0 || issue.code === 'unrecognized_keys'
}

function unknownKey(key: string, parent: Path, node: SchemaNode, schema: SchemaNode): Found {
  const path = [...parent, key]
  const known = Object.keys(node.properties ?? {})
  const glued = /^([^:]*):./.exec(key)?.[1]
  if (glued !== undefined && known.includes(glued)) {
    const message = `the space after \`${glued}:\` is missing`
    return { message, fix: `write \`${glued}: …\``, path, at: 'key' }
  }
  const meant = didYouMean(key, known)
  // Below `auth` a word without meaning may be the secret itself.
  const shown = isPrivate(path) && !meant ? 'this' : quoted(key).replace('this value', 'this')
  const message = `${shown} is not a key ${parent.length ? `of ${nameOf(parent)}` : 'here'}`
  if (meant) return { message, fix: `did you mean \`${meant}\`?`, path, at: 'key' }
  const other = node.oneOf?.find((choice) => Object.hasOwn(choice.properties ?? {}, key))
  if (other) {
    const kind = other.properties!.kind!.const
    return { message, fix: `remove it; only \`kind: ${kind}\` has it`, path, at: 'key' }
  }
  const home = isPrivate(path) ? undefined : homesOf(key, schema)[0]
  if (home !== undefined) return { message, fix: `it belongs ${home}`, path, at: 'key' }
  return { message, fix: `remove it; the keys here are ${known.join(', ')}`, path, at: 'key' }
}

/** Where else a key is known, in words. */
function homesOf(key: string, node: SchemaNode, parent = ''): string[] {
  const own = Object.hasOwn(node.properties ?? {}, key)
  const here = own ? [parent ? `below \`${parent}\`` : 'at the top of the file'] : []
  const inside = [...(node.oneOf ?? []), ...(node.anyOf ?? []), ...(node.items ? [node.items] : [])]
  return [
    ...here,
    ...inside.flatMap((choice) => homesOf(key, choice, parent)),
    ...Object.entries(node.properties ?? {}).flatMap(([name, child]) => homesOf(key, child, name)),
  ]
}

function outOfRange(path: Path, node: SchemaNode, value: unknown): Found {
  const found = { path, at: 'value' as const }
  if (Array.isArray(value)) {
    const fix = `write at least one item: ${example(path, node)}`
    return { ...found, message: `${nameOf(path)} is empty`, fix }
  }
  const least =
    node.exclusiveMinimum === undefined
      ? `from ${node.minimum}`
      : `above ${node.exclusiveMinimum}, up`
  const instead = node.default === undefined ? '' : `, such as ${flow(node.default)}`
  return {
    ...found,
    message: `${nameOf(path)} is ${flow(value)}, which is out of range`,
    fix: `write a number ${least} to ${node.maximum}${instead}`,
  }
}

function wrongValue(path: Path, node: SchemaNode, value: unknown, schema: SchemaNode) {
  const choices = choicesOf(node)
  const name = nameOf(path)
  if (value === null) {
    return {
      message: `${name} has no value`,
      fix: `write ${example(path, node, schema)}, or drop it`,
    }
  }
  if (choices.length && (typeof value === 'string' || typeof value === 'boolean')) {
    const meant = isPrivate(path) ? undefined : didYouMean(String(value), choices)
    const shown = isPrivate(path) ? 'this value' : quoted(value)
    const list = choices.map((choice) => `\`${choice}\``).join(' or ')
    return {
      message: `${shown} is not one that ${name} can have`,
      fix: meant ? `did you mean \`${meant}\`?` : `write ${list}`,
    }
  }
  const written = kindOf(value)
  return {
    message: `${name} must be ${expectedOf(node)}, and is ${written}`,
    fix: `write ${example(path, node, schema)}`,
  }
}

function choicesOf(node: SchemaNode): string[] {
  if (node.enum) return node.enum.map(String)
  return node.const === undefined ? [] : [String(node.const)]
}

const WORDS: Record<string, string> = {
  string: 'text',
  number: 'a number',
  integer: 'a whole number',
  boolean: '`true` or `false`',
  object: 'a group of keys',
  array: 'a list',
}

function expectedOf(node: SchemaNode): string {
  const choices = node.oneOf ?? node.anyOf ?? [node]
  const words = choices.map((choice) =>
    choice.const === false ? '`false`' : (WORDS[choice.type ?? ''] ?? 'something else'),
  )
  return [...new Set(words)].join(' or ')
}

function kindOf(value: unknown): string {
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'boolean') return `\`${value}\``
  if (typeof value !== 'number') return WORDS[typeof value] ?? 'something else'
  if (!Number.isFinite(value)) return 'not finite'
  return Number.isInteger(value) ? 'a number' : 'a fraction'
}

/** What could stand there: `timeZone: Asia/Shanghai`, in backticks. */
function example(path: Path, node: SchemaNode, schema?: SchemaNode): string {
  const usual = isEmptyGroup(node.default) ? undefined : node.default
  const value = node.examples?.[0] ?? usual ?? choicesOf(node)[0] ?? plainExample(node)
  const step = path.at(-1)
  if (step === undefined && schema) return '`state: …` and `sites: …`'
  return typeof step === 'string' ? `\`${step}: ${flow(value)}\`` : `\`${flow(value)}\``
}

function isEmptyGroup(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0
}

function plainExample(node: SchemaNode): unknown {
  const first = Object.entries(node.properties ?? {})[0]
  if (first) return { [first[0]]: first[1].default ?? first[1].examples?.[0] ?? '…' }
  if (node.type === 'boolean') return true
  return node.type === 'integer' || node.type === 'number' ? (node.minimum ?? 1) : '…'
}

/** A value as YAML would have it on one line. Texts that YAML could take for more are quoted. */
function flow(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(flow).join(', ')}]`
  if (typeof value === 'object' && value !== null) {
    const keys = Object.entries(value).map(([key, child]) => `${key}: ${flow(child)}`)
    return `{ ${keys.join(', ')} }`
  }
  if (typeof value !== 'string') return String(value)
  return /^[\p{L}\p{N}./][\p{L}\p{N}_./@:+-]*$|^…$/u.test(value) ? value : JSON.stringify(value)
}

/** The schema's node and the value that a path leads to; of several choices, the one that fits. */
function follow(schema: SchemaNode, root: unknown, path: Path): [SchemaNode, unknown] {
  let node = schema
  let value = root
  for (const step of path) {
    const inside = chosen(node, value)
    const child = typeof step === 'number' ? inside.items : inside.properties?.[step]
    node = child ?? kindOfChoices(inside, node, step) ?? {}
    value =
      typeof value === 'object' && value !== null && Object.hasOwn(value, step)
        ? (value as Record<string | number, unknown>)[step]
        : undefined
  }
  const fitting = chosen(node, value)
  return [fitting.properties ? { ...node, properties: fitting.properties } : node, value]
}

/** For the key that tells several choices apart: all that it may be. */
function kindOfChoices(inside: SchemaNode, node: SchemaNode, step: string | number) {
  const all = (inside.oneOf ?? node.oneOf)?.flatMap((choice) => {
    const own = choice.properties?.[step]
    return own ? choicesOf(own) : []
  })
  return all?.length ? { type: 'string', enum: all } : undefined
}

function chosen(node: SchemaNode, value: unknown): SchemaNode {
  const isGroup = typeof value === 'object' && value !== null
  const byKind = node.oneOf?.find(
    (choice) =>
      isGroup && choice.properties?.kind?.const === (value as Record<string, unknown>).kind,
  )
  const byShape = node.anyOf?.find((choice) => isGroup && choice.type === 'object')
  return byKind ?? byShape ?? node
}
