import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { App, type Environment } from 'aws-cdk-lib'
import * as lambda from 'aws-cdk-lib/aws-lambda'
import { securityRules } from '../../infra/nag.ts'
import { addStacks } from '../../infra/stacks.ts'

/** A resource as the template says it. */
export interface Resource {
  id: string
  Type: string
  // biome-ignore lint/suspicious/noExplicitAny: each type of resource has properties of its own.
  Properties: any
  DeletionPolicy?: string
}

/** A template, read. */
export interface Read {
  resources: Resource[]
  outputs: Record<string, { Value: unknown; Export?: { Name: unknown } }>
}

/** The templates of a fleet, by what their stacks are called behind the prefix. */
export type Templates = Record<'data' | 'site' | 'pipeline', Read>

/** Settings under which everything is made that can be made. */
export const EVERYTHING = {
  mailDomain: 'example.org',
  mailFromDomain: 'bounce.example.org',
  operatorMail: 'operator@example.org',
  domain: 'rounds.example.org',
  certificateArn: 'arn:aws:acm:us-east-1:111122223333:certificate/0a1b',
  vpcId: 'vpc-0a1b2c3d',
  privateSubnetIds: 'subnet-0a1b2c3d,subnet-0e1f2a3b',
}

/** Settings for a region of China, where some services are not offered. */
export const CHINA = {
  access: 'public',
  domain: 'rounds.example.cn',
  certificateId: 'ASCA0123456789ABCDEF',
}

/** Where the stacks go that are told a region. */
export const BEIJING = { account: '111122223333', region: 'cn-north-1' }

/** The flags of cdk.json, and settings as the command line gives them. */
function appWith(context: Record<string, string>, outdir: string): App {
  const file = new URL('../../cdk.json', import.meta.url)
  const flags = JSON.parse(readFileSync(file, 'utf8')).context
  const flagged = { ...flags, siterounds: {}, ...context }
  return new App({ context: flagged, treeMetadata: false, outdir })
}

const code = () => lambda.Code.fromInline('export const handler = async () => {}')

/** The templates that these settings give; the code of the functions is left out. */
export function synthesised(
  context: Record<string, string> = {},
  env: Environment = {},
): Templates {
  return inFolder((folder) => {
    const app = appWith(context, folder)
    const stacks = addStacks(app, code, env)
    const assembly = app.synth()
    const read = Object.entries(stacks).map(([name, stack]) => {
      const { Resources, Outputs } = assembly.getStackArtifact(stack.artifactId).template
      const resources = Object.entries<object>(Resources).map(([id, one]) => ({ id, ...one }))
      return [name, { resources, outputs: Outputs }]
    })
    return Object.fromEntries(read)
  })
}

function inFolder<T>(made: (folder: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), 'siterounds-synth-'))
  try {
    return made(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** What cdk-nag says against the stacks of these settings, asked as a deployment asks it. */
export function violations(context: Record<string, string>, env: Environment = {}): string[] {
  return inFolder((folder) => {
    const app = appWith(context, folder)
    addStacks(app, code, env)
    // References between stacks get the names that findings know them by when templates are made.
    app.synth()
    return securityRules(app)
      .validateScope(app)
      .violations.map(({ ruleName, violatingResources }) => {
        const places = violatingResources.map((one) => one.resourceLogicalId).join(', ')
        return `${ruleName} at ${places}`
      })
  })
}

/** The resources of a type, in all of these templates. */
export function ofType(templates: Templates, type: string): Resource[] {
  return Object.values(templates)
    .flatMap(({ resources }) => resources)
    .filter(({ Type }) => Type === type)
}

/** The one resource of a type whose id begins so. */
export function theOne({ resources }: Read, type: string, idBegins = ''): Resource {
  const found = resources.filter(({ id, Type }) => Type === type && id.startsWith(idBegins))
  if (found.length === 1) return found[0]!
  throw new Error(`There are ${found.length} of ${type} ${idBegins}.`)
}

/** A value of a template as one text: names of references in place of what they stand for. */
export function shown(value: unknown): string {
  if (typeof value !== 'object' || value === null) return String(value)
  if (Array.isArray(value)) return value.map(shown).join(',')
  const [[key, inner] = ['', '']] = Object.entries(value)
  if (key === 'Ref') return `{${inner}}`
  if (key === 'Fn::GetAtt') return `{${(inner as string[]).join('.')}}`
  if (key === 'Fn::ImportValue') return `{${shown(inner).replace(/^[^:]*:ExportsOutput/, '')}}`
  if (key === 'Fn::Join') return (inner as [string, unknown[]])[1].map(shown).join(inner[0])
  return JSON.stringify(value)
}
