import { describe, expect, it } from 'vitest'
import {
  BEIJING,
  CHINA,
  EVERYTHING,
  ofType,
  type Resource,
  shown,
  synthesised,
  type Templates,
  violations,
} from './synthesis.ts'

const OPTIONS: [name: string, context: Record<string, string>, env?: typeof BEIJING][] = [
  ['as it comes', {}],
  ['with everything', EVERYTHING],
  ['open to everybody', { ...EVERYTHING, access: 'public', alarms: 'few' }],
  ['in China', CHINA, BEIJING],
]

/** Statements that may name all resources, because nothing narrower is understood. */
const EVERY_RESOURCE = /^(Collect|Settle)Role.*: ec2:AssignPrivateIpAddresses,.*NetworkInterface/

interface Statement {
  where: string
  Effect: string
  actions: string[]
  resources: string[]
  // biome-ignore lint/suspicious/noExplicitAny: a principal is a text or one of many objects.
  Principal?: any
  // biome-ignore lint/suspicious/noExplicitAny: conditions are nested by operator and key.
  Condition?: any
}

/** Every statement of every policy: of roles, of buckets, queues and topics. */
function statements(templates: Templates): Statement[] {
  const all = Object.values(templates).flatMap(({ resources }) => resources)
  return all.flatMap(({ id, Properties }) => {
    const { PolicyDocument, AssumeRolePolicyDocument } = Properties ?? {}
    return [PolicyDocument, AssumeRolePolicyDocument]
      .flatMap((document) => document?.Statement ?? [])
      .map(({ Action, Resource, ...rest }) => ({
        ...rest,
        where: id,
        actions: [Action].flat(),
        resources: [Resource ?? []].flat().map(shown),
      }))
  })
}

/** Whether a policy of this type denies whoever comes to the resource without TLS. */
function deniesPlain(templates: Templates, { id }: Resource, policyType: string): boolean {
  const policies = ofType(templates, policyType).filter(({ Properties }) =>
    shown([Properties.Bucket, Properties.Queues, Properties.Topics]).includes(`{${id}}`),
  )
  return policies.some(({ Properties }) =>
    Properties.PolicyDocument.Statement.some(
      ({ Effect, Condition, Principal }: Statement) =>
        Effect === 'Deny' &&
        Condition?.Bool?.['aws:SecureTransport'] === 'false' &&
        /\*/.test(JSON.stringify(Principal)),
    ),
  )
}

describe.each(OPTIONS)('the stacks, %s', (_, context, env) => {
  const templates = synthesised(context, env)
  const all = statements(templates)

  it('have no finding of AwsSolutions that is not acknowledged', () => {
    expect(violations(context, env)).toEqual([])
  })

  it('have buckets that nobody outside can read', () => {
    const buckets = ofType(templates, 'AWS::S3::Bucket')
    expect(buckets.length).toBeGreaterThanOrEqual(4)
    for (const { Properties, DeletionPolicy } of buckets) {
      expect(Object.values(Properties.PublicAccessBlockConfiguration)).toEqual(Array(4).fill(true))
      expect(Properties.BucketEncryption).toBeDefined()
      expect(DeletionPolicy).toBe('Retain')
    }
  })

  it.each([
    ['AWS::S3::Bucket', 'AWS::S3::BucketPolicy'],
    ['AWS::SQS::Queue', 'AWS::SQS::QueuePolicy'],
    ['AWS::SNS::Topic', 'AWS::SNS::TopicPolicy'],
  ])('speak with each %s by TLS only', (type, policyType) => {
    const found = ofType(templates, type)
    expect(found.length).toBeGreaterThan(0)
    expect(found.filter((one) => !deniesPlain(templates, one, policyType))).toEqual([])
  })

  it('allow exact actions, to a principal that is named', () => {
    const allowed = all.filter(({ Effect }) => Effect === 'Allow')
    expect(allowed.length).toBeGreaterThan(20)
    for (const { where, actions, Principal } of allowed) {
      for (const action of actions) expect(`${where}: ${action}`).not.toMatch(/[*?]/)
      expect(JSON.stringify(Principal ?? {})).not.toMatch(/\*/)
    }
  })

  it('name all resources only where nothing narrower is understood', () => {
    const broad = all.filter(
      ({ Effect, resources, where, actions }) =>
        Effect === 'Allow' &&
        resources.includes('*') &&
        !EVERY_RESOURCE.test(`${where}: ${actions}`),
    )
    expect(broad).toEqual([])
  })

  it('let services of AWS in for this account only', () => {
    // Lambda takes a role only for a function that somebody with iam:PassRole has made.
    const services = all.filter(
      ({ Effect, Principal }) =>
        Effect === 'Allow' && ![undefined, 'lambda.amazonaws.com'].includes(Principal?.Service),
    )
    const open = services.filter(
      ({ Condition }) => !/source(arn|account)/i.test(JSON.stringify(Condition ?? {})),
    )
    expect(services.length).toBeGreaterThan(2)
    expect(open).toEqual([])
  })

  it('have logs that end, and a role for each function', () => {
    const functions = ofType(templates, 'AWS::Lambda::Function')
    const roles = functions.map(({ Properties }) => shown(Properties.Role))
    expect(new Set(roles).size).toBe(functions.length)
    const groups = ofType(templates, 'AWS::Logs::LogGroup')
    expect(groups).toHaveLength(functions.length)
    for (const { Properties } of groups) expect(Properties.RetentionInDays).toBeGreaterThan(0)
  })

  it('name no partition of AWS', () => {
    const text = JSON.stringify(templates).replaceAll(EVERYTHING.certificateArn, '')
    expect(text).not.toMatch(env ? /arn:aws:/ : /arn:aws[:-]/)
  })
})

describe('what the stacks tell each other', () => {
  /** Names that a stack exports, and those that the pipeline imports. */
  function told(context: Record<string, string>) {
    const { data, site, pipeline } = synthesised(context)
    const outputs = [...Object.values(data.outputs), ...Object.values(site.outputs)]
    const exported = outputs.flatMap((one) => (one.Export ? [one.Export.Name] : []))
    const imports = JSON.stringify(pipeline.resources).matchAll(/"Fn::ImportValue":"([^"]+)"/g)
    return { exported, imported: new Set([...imports].map(([, name]) => name)) }
  }

  it('stays whatever the settings, so that none of them blocks a deployment', () => {
    const [plain, all] = [told({}), told({ ...EVERYTHING, access: 'public' })]
    expect(all.exported).toEqual(plain.exported)
    for (const name of [...plain.imported, ...all.imported]) expect(plain.exported).toContain(name)
  })
})
