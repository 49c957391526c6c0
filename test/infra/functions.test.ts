import { describe, expect, it } from 'vitest'
import { FUNCTIONS } from '../../infra/assets.ts'
import { ENV, type EnvName } from '../../lib/env.ts'
import { EVERYTHING, ofType, type Resource, shown, synthesised, theOne } from './synthesis.ts'

const templates = synthesised(EVERYTHING)
const { pipeline } = templates

type Name = (typeof FUNCTIONS)[number]

const capital = (name: string) => `${name[0]!.toUpperCase()}${name.slice(1)}`

function functionOf(name: Name): Resource {
  return theOne(pipeline, 'AWS::Lambda::Function', capital(name))
}

/** What a role may do: one line an action, with the resource by the name that people know. */
function permissionsOf(name: string): string[] {
  const { PolicyDocument } = theOne(pipeline, 'AWS::IAM::Policy', capital(name)).Properties
  return PolicyDocument.Statement.flatMap(({ Effect, Action, Resource }: Record<string, unknown>) =>
    [Resource]
      .flat()
      .flatMap((resource) =>
        [Action].flat().map((action) => `${Effect} ${action} ${known(shown(resource))}`),
      ),
  ).sort()
}

/** A resource without the part of its name that the CDK makes up. */
function known(text: string): string {
  const [, name = text, below = ''] =
    /^\{(?:FnGetAtt|Ref)?([A-Za-z]+?)(?:[0-9A-F]{8}.*)?\}(\/\*)?$/.exec(text) ?? []
  return `${name}${below}`
}

const logs = (name: string) => [
  `Allow logs:CreateLogStream ${name}Logs`,
  `Allow logs:PutLogEvents ${name}Logs`,
]
const TABLE = ['DeleteItem', 'GetItem', 'PutItem', 'Query'].map(
  (one) => `Allow dynamodb:${one} State`,
)
const READS_ARCHIVE = ['Allow s3:GetObject Archive/*', 'Allow s3:ListBucket Archive']
const SECRET = ['Allow secretsmanager:GetSecretValue SiteSecrets']
const sends = (...queues: string[]) => queues.map((queue) => `Allow sqs:SendMessage ${queue}`)
const works = (name: string) => [
  ...['ChangeMessageVisibility', 'DeleteMessage', 'GetQueueAttributes', 'ReceiveMessage'].map(
    (one) => `Allow sqs:${one} ${name}Queue`,
  ),
  ...sends(`${name}DeadLetters`),
]
const INTERFACES = [
  'AssignPrivateIpAddresses',
  'CreateNetworkInterface',
  'DeleteNetworkInterface',
  'DescribeNetworkInterfaces',
  'DescribeSubnets',
  'UnassignPrivateIpAddresses',
].map((one) => `Allow ec2:${one} *`)

const PERMISSIONS: Record<Name, string[]> = {
  dispatch: [
    ...logs('Dispatch'),
    ...TABLE,
    ...sends('RoundsQueue', 'MailsQueue', 'ReportsQueue', 'SettlingsQueue', 'Undelivered'),
  ],
  collect: [
    ...logs('Collect'),
    ...TABLE,
    ...READS_ARCHIVE,
    ...SECRET,
    ...sends('RoundsQueue', 'MailsQueue'),
    ...works('Rounds'),
    ...INTERFACES,
  ],
  notify: [
    ...logs('Notify'),
    ...TABLE,
    ...READS_ARCHIVE,
    ...SECRET,
    ...sends('MailsQueue'),
    ...works('Mails'),
    'Allow ses:SendRawEmail configuration set',
    'Allow ses:SendRawEmail identity',
  ],
  report: [
    ...logs('Report'),
    ...TABLE,
    ...READS_ARCHIVE,
    ...['DeleteObject', 'GetObject', 'PutObject'].map((one) => `Allow s3:${one} Pages/*`),
    'Allow s3:ListBucket Pages',
    ...sends('ReportsQueue'),
    ...works('Reports'),
  ],
  settle: [
    ...logs('Settle'),
    ...TABLE,
    ...['DeleteObject', 'GetObject', 'PutObject'].map((one) => `Allow s3:${one} Archive/*`),
    'Allow s3:ListBucket Archive',
    ...SECRET,
    ...sends('SettlingsQueue'),
    ...works('Settlings'),
    ...INTERFACES,
  ],
  feedback: [...logs('Feedback'), ...TABLE, ...sends('Undelivered')],
}

const ENVIRONMENT: Record<Name, EnvName[]> = {
  dispatch: ['stack', 'table', 'rounds', 'mails', 'reports', 'settlings', 'sitesPerMessage'],
  collect: ['stack', 'deadLetters', 'table', 'archive', 'rounds', 'mails', 'secret'],
  notify: [
    'stack',
    'deadLetters',
    'table',
    'archive',
    'mails',
    'secret',
    'configurationSet',
    'publicUrl',
  ],
  report: ['stack', 'deadLetters', 'table', 'archive', 'pages', 'reports', 'publicUrl'],
  settle: ['stack', 'deadLetters', 'table', 'archive', 'settlings', 'secret'],
  feedback: ['stack', 'table'],
}

describe.each(FUNCTIONS)('the function %s', (name) => {
  const { Properties } = functionOf(name)

  it('finds in its environment what it needs, and nothing else', () => {
    const names = ENVIRONMENT[name].map((one) => ENV[one])
    expect(Object.keys(Properties.Environment.Variables).sort()).toEqual(names.sort())
  })

  it('may do what it does, and nothing else', () => {
    const own = permissionsOf(name).map((line) =>
      line.replace(
        / arn:.*:(configuration-set|identity)\/.*/,
        (_, what) => ` ${what.replace('-', ' ')}`,
      ),
    )
    expect(own).toEqual([...PERMISSIONS[name]].sort())
  })

  it('runs on Node 24 and arm64, with a log that ends', () => {
    expect(Properties).toMatchObject({
      Runtime: 'nodejs24.x',
      Architectures: ['arm64'],
      Handler: 'index.handler',
      LoggingConfig: { LogFormat: 'JSON' },
    })
    const logGroup = theOne(pipeline, 'AWS::Logs::LogGroup', capital(name))
    expect(shown(Properties.LoggingConfig.LogGroup)).toBe(`{${logGroup.id}}`)
    expect(logGroup.Properties.RetentionInDays).toBe(30)
  })
})

describe('the functions', () => {
  it('are told every name that they can ask for', () => {
    const told = Object.values(ENVIRONMENT).flat()
    expect([...new Set(told)].sort()).toEqual(Object.keys(ENV).sort())
  })

  it('have the time and the memory that their work takes', () => {
    const sizes = FUNCTIONS.map((name) => {
      const { Timeout, MemorySize } = functionOf(name).Properties
      return [name, Timeout, MemorySize]
    })
    expect(sizes).toEqual([
      ['dispatch', 120, 256],
      ['collect', 300, 512],
      ['notify', 120, 256],
      ['report', 300, 1024],
      ['settle', 300, 1024],
      ['feedback', 30, 256],
    ])
  })

  it('that are called with events leave those that they fail at in a queue', () => {
    const kept = ofType(templates, 'AWS::Lambda::EventInvokeConfig').map(({ Properties }) => [
      known(shown(Properties.FunctionName)),
      known(shown(Properties.DestinationConfig.OnFailure.Destination)),
      Properties.MaximumEventAgeInSeconds,
    ])
    expect(kept).toEqual([
      ['DispatchFunction', 'Undelivered', 1800],
      ['FeedbackFunction', 'Undelivered', 1800],
    ])
  })

  it('that read sites are in the private network, and the others are not', () => {
    const placed = FUNCTIONS.filter((name) => functionOf(name).Properties.VpcConfig)
    expect(placed).toEqual(['collect', 'settle'])
    const { VpcConfig } = functionOf('collect').Properties
    expect(VpcConfig.SubnetIds).toEqual(['subnet-0a1b2c3d', 'subnet-0e1f2a3b'])
    const group = theOne(pipeline, 'AWS::EC2::SecurityGroup').Properties
    expect(group.VpcId).toBe('vpc-0a1b2c3d')
    expect(group.SecurityGroupIngress).toBeUndefined()
  })
})

describe('without a VPC', () => {
  it('no function is in a network, or may make interfaces', () => {
    const plain = synthesised()
    expect(JSON.stringify(plain.pipeline.resources)).not.toMatch(/ec2:|VpcConfig/)
  })
})
