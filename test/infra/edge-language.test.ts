import { describe, expect, it } from 'vitest'
import { edgeSource } from '../fixtures/edge-function.ts'
import { type Node, nodesOf } from '../tidy/source.ts'

/*
 * What the runtime 2.0 of CloudFront Functions has, as far as our functions need it, from the
 * developer guide of CloudFront: "JavaScript runtime 2.0 features for CloudFront Functions", "Use
 * async and await", "Helper methods for key value stores", "Restrictions on CloudFront Functions".
 * A function that uses more is refused when it is deployed, or fails for every reader.
 */

/** The most bytes of a function. */
const MOST_BYTES = 10_240

/** ES 5.1, and of ES 6 to 12 only: const, let, template literals, async, await; modules on top. */
const SYNTAX = [
  ...['Program', 'ImportDeclaration', 'ImportDefaultSpecifier', 'Identifier', 'Literal'],
  ...['VariableDeclaration', 'VariableDeclarator', 'FunctionDeclaration', 'BlockStatement'],
  ...['ExpressionStatement', 'IfStatement', 'ForStatement', 'ReturnStatement', 'TryStatement'],
  ...['CatchClause', 'AssignmentExpression', 'BinaryExpression', 'LogicalExpression'],
  ...['UnaryExpression', 'ConditionalExpression', 'CallExpression', 'MemberExpression'],
  ...['ObjectExpression', 'Property', 'ArrayExpression', 'TemplateLiteral', 'TemplateElement'],
  'AwaitExpression',
]

const MODULES = ['cloudfront', 'crypto']

/** Globals and the members of them that the guide lists. */
const GLOBALS: Record<string, string[]> = {
  Buffer: ['from'],
  Date: ['now'],
  JSON: ['parse'],
  Math: ['floor'],
  Object: ['keys'],
}

const METHODS = [
  ...['kvs', 'get', 'createHmac', 'update', 'digest', 'toString', 'test'],
  ...['charCodeAt', 'endsWith', 'lastIndexOf', 'replace', 'slice', 'split', 'startsWith'],
  ...Object.values(GLOBALS).flat(),
]

/** What in a function's text the runtime may not have, a line each. */
function beyond(text: string): string[] {
  const nodes = nodesOf({ path: 'edge.js', text })
  const told = nodes.filter(({ type }) => !SYNTAX.includes(type)).map(({ type }) => type)
  const awaited = nodes.filter(({ type }) => type === 'VariableDeclarator').map(({ init }) => init)
  for (const node of nodes) {
    const { type, callee } = node
    if (type === 'LogicalExpression' && node.operator === '??') told.push('??')
    if (type === 'AssignmentExpression' && /^(\*\*|&&|\|\||\?\?)=/.test(node.operator)) {
      told.push(node.operator)
    }
    if (type === 'CatchClause' && node.param === null) told.push('catch without its error')
    if (type === 'Property' && (node.shorthand || node.computed)) told.push('short property')
    if (type === 'Literal' && /\?<|\/[a-z]*[suvyd]/.test(flagsOf(node))) told.push(node.raw)
    if (type === 'AwaitExpression' && !awaited.includes(node)) told.push('await within')
    if (type === 'FunctionDeclaration') told.push(...functionFaults(node, nodes))
    if (type === 'ImportDeclaration' && !MODULES.includes(node.source.value)) {
      told.push(node.source.value)
    }
    if (callee?.type === 'MemberExpression' && !METHODS.includes(callee.property.name)) {
      told.push(`${callee.property.name}()`)
    }
    if (type === 'MemberExpression' && !isListed(node)) told.push(node.property.name)
  }
  return told
}

/** A pattern's text before its flags' slash, and its flags behind it. */
function flagsOf(node: Node): string {
  return node.regex ? `${node.regex.pattern}/${node.regex.flags}` : ''
}

/** Asynchronous functions stand at the top, and have no function in them. */
function functionFaults(node: Node, nodes: Node[]): string[] {
  const within = (inner: Node, outer: Node) => outer.start < inner.start && inner.end <= outer.end
  const isInner = nodes.some((other) => /Function/.test(other.type) && within(node, other))
  const plain = node.params.every(({ type }: Node) => type === 'Identifier')
  return [...(isInner ? ['function in a function'] : []), ...(plain ? [] : ['parameters'])]
}

function isListed({ object, property }: Node): boolean {
  const members = object.type === 'Identifier' ? GLOBALS[object.name] : undefined
  return members === undefined || members.includes(property.name)
}

describe.each(['access.js', 'rewrite.js'])('%s', (file) => {
  it('is as small as a function must be', () => {
    expect(Buffer.byteLength(edgeSource(file))).toBeLessThan(MOST_BYTES)
  })

  it('is written in what the runtime has', () => {
    expect(beyond(edgeSource(file))).toEqual([])
  })

  it('declares its handler at the top, and exports nothing', () => {
    const [program] = nodesOf({ path: file, text: edgeSource(file) })
    const names = program?.body.map((node: Node) => node.id?.name)
    expect(names).toContain('handler')
  })
})

describe('what the runtime may not have', () => {
  it.each([
    ['const { a } = b', 'ObjectPattern'],
    ['f(...a)', 'SpreadElement'],
    ['for (const a of b) f()', 'ForOfStatement'],
    ['a?.b', 'ChainExpression'],
    ['const a = b ?? c', '??'],
    ['a ||= b', '||='],
    ['try { a() } catch { b() }', 'catch without its error'],
    ['const a = { b }', 'short property'],
    ['const a = /(?<b>c)/', '/(?<b>c)/'],
    ['const a = /b/u', '/b/u'],
    ['async function f() { g(await h()) }', 'await within'],
    ['async function f() { return await h() }', 'await within'],
    ['function f() { function g() {} }', 'function in a function'],
    ['function f(a = 1) {}', 'parameters'],
    ['const f = () => 1', 'ArrowFunctionExpression'],
    ["import a from 'node:fs'", 'node:fs'],
    ['export default 1', 'ExportDefaultDeclaration'],
    ['a.at(-1)', 'at()'],
    ['const a = Object.entries(b)', 'entries'],
    ['class A {}', 'ClassDeclaration'],
  ])('is found in: %s', (text, what) => {
    expect(beyond(text)).toContain(what)
  })
})
