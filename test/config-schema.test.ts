import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { SchemaNode } from '../lib/config-findings.ts'
import { sampleSettings } from '../lib/config-sample.ts'
import { settingsSchema } from '../lib/config-schema.ts'
import { readYaml } from '../lib/config-yaml.ts'

type Node = SchemaNode & {
  description?: string
  required?: string[]
  pattern?: string
  additionalProperties?: boolean
  minItems?: number
}

const schema = settingsSchema() as Node
const parse = (text: string) => readYaml(text).value
const FIXTURES = join(import.meta.dirname, 'fixtures')

/** The parts of JSON Schema that ours uses, as a validator would read them. */
function accepts(node: Node, value: unknown): boolean {
  if (node.oneOf) return node.oneOf.filter((choice) => accepts(choice, value)).length === 1
  if (node.anyOf) return node.anyOf.some((choice) => accepts(choice, value))
  if ('const' in node && node.const !== value) return false
  if (node.enum && !node.enum.includes(value)) return false
  if (node.type === 'array') {
    if (!Array.isArray(value) || value.length < (node.minItems ?? 0)) return false
    return value.every((item) => accepts(node.items ?? {}, item))
  }
  if (node.type === 'object') return acceptsObject(node, value)
  if (node.type === 'string') {
    return typeof value === 'string' && new RegExp(node.pattern ?? '', 'u').test(value)
  }
  if (node.type === 'boolean') return typeof value === 'boolean'
  if (node.type === 'number' || node.type === 'integer') {
    return (
      typeof value === 'number' &&
      (node.type === 'number' || Number.isInteger(value)) &&
      value >= (node.minimum ?? value) &&
      value <= (node.maximum ?? value) &&
      value > (node.exclusiveMinimum ?? Number.NEGATIVE_INFINITY)
    )
  }
  throw new Error(`the schema uses what this test does not know: ${JSON.stringify(node)}`)
}

function acceptsObject(node: Node, value: unknown): boolean {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  const known = node.properties ?? {}
  const complete = (node.required ?? []).every((key) => Object.hasOwn(value, key))
  const closed = node.additionalProperties === false
  return (
    complete &&
    Object.entries(value).every(([key, child]) => {
      const property = Object.hasOwn(known, key) ? known[key] : undefined
      return property ? accepts(property, child) : !closed
    })
  )
}

test('the schema accepts the sample and the sound fixtures', () => {
  expect(accepts(schema, parse(sampleSettings()))).toBe(true)
  for (const name of ['issue.yaml', 'everything.yaml']) {
    const text = readFileSync(join(FIXTURES, 'config-sound', name), 'utf8')
    expect(accepts(schema, parse(text)), name).toBe(true)
  }
})

test.each(
  readdirSync(join(FIXTURES, 'config')).filter((name) =>
    /^(unknown-key|missing|range-of-(?!settle-after-k)|secret-literal|id-grammar)/.test(name),
  ),
)('the schema refuses %s', (name) => {
  expect(accepts(schema, parse(readFileSync(join(FIXTURES, 'config', name), 'utf8')))).toBe(false)
})

test('only what has no default is required', () => {
  expect(schema.required).toEqual(['state', 'sites'])
  expect((schema.properties!.sites!.items as Node).required).toEqual(['id', 'timeZone', 'source'])
})

test('every key is described, and no group takes unknown keys', () => {
  const undescribed: string[] = []
  const open: string[] = []
  const walk = (node: Node, at: string) => {
    if (node.type === 'object' && node.additionalProperties !== false) open.push(at)
    for (const [key, child] of Object.entries(node.properties ?? {})) {
      const says = (child as Node).description || child.const !== undefined
      if (!says) undescribed.push(`${at}.${key}`)
      walk(child, `${at}.${key}`)
    }
    for (const child of [...(node.oneOf ?? []), ...(node.anyOf ?? [])]) walk(child, at)
    if (node.items) walk(node.items, `${at}[]`)
  }
  walk(schema, '')
  expect({ undescribed, open }).toEqual({ undescribed: [], open: [] })
})
