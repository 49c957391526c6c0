import { CreateQueueCommand, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { type FunctionPorts, openFunction } from '../../lib/backends/functions.ts'
import { ENV, readEnv } from '../../lib/env.ts'
import type { MailSettings, Settings, Site } from '../../lib/site.ts'
import { writeVersion } from '../../lib/store/settings-versions.ts'
import { HOUR_MS, isoInstant, Zone } from '../../lib/time.ts'
import { collectWorker } from '../../lib/work/collecting.ts'
import { mailWorker } from '../../lib/work/mailing.ts'
import { workOff } from '../../lib/work/work-off.ts'
import { type AwsServer, awsServer } from '../fixtures/aws-server.ts'
import { badServer } from '../fixtures/bad-server.ts'
import {
  type DynamodbServer,
  dynamodbServer,
  LOCAL,
  stateTable,
} from '../fixtures/dynamodb-server.ts'
import { type SecretsServer, secretsServer } from '../fixtures/secrets-server.ts'
import { deliveriesOf, runOf } from '../work/recording.ts'
import { settingsOf, siteOf } from '../work/world.ts'

const ARN = 'arn:aws:secretsmanager:eu-central-1:111122223333:secret:sites-AbCdEf'
const SECRETS = { SITE: 'canary-site', TOKEN: 'canary-token', SMTP: 'canary-smtp' }

/** A reference as settings hold it. */
const to = (name: string) => `$\{${name}}`

let dynamodb: DynamodbServer
let aws: AwsServer
let secrets: SecretsServer
let client: SQSClient
let environment: Record<string, string>
let printed: string[]
let tables = 0

beforeAll(async () => {
  dynamodb = await dynamodbServer()
  aws = await awsServer()
  secrets = await secretsServer({ [ARN]: JSON.stringify(SECRETS) })
  client = new SQSClient({ ...LOCAL, endpoint: aws.url, useQueueUrlAsEndpoint: false })
})
afterAll(async () => {
  client.destroy()
  await Promise.all([dynamodb.close(), aws.close(), secrets.close()])
})

beforeEach(async () => {
  const table = `table-${++tables}`
  await dynamodb.createTable(stateTable(table))
  const urlOf = async (name: string) =>
    (await client.send(new CreateQueueCommand({ QueueName: `${name}-${tables}` }))).QueueUrl!
  environment = {
    ...{ [ENV.table]: table, [ENV.stack]: 'fleet', [ENV.secret]: ARN },
    [ENV.rounds]: await urlOf('rounds'),
    [ENV.mails]: await urlOf('mails'),
    [ENV.deadLetters]: await urlOf('dead'),
  }
  vi.stubEnv('AWS_REGION', LOCAL.region)
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'local')
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'local')
  vi.stubEnv('AWS_ENDPOINT_URL_DYNAMODB', dynamodb.url)
  vi.stubEnv('AWS_ENDPOINT_URL_SQS', aws.url)
  vi.stubEnv('AWS_ENDPOINT_URL_SECRETS_MANAGER', secrets.url)
  printed = []
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => printed.push(String(text)) > 0)
})
afterEach(() => {
  vi.restoreAllMocks()
  vi.unstubAllEnvs()
})

async function received(name: keyof typeof ENV): Promise<Record<string, unknown>[]> {
  const command = new ReceiveMessageCommand({
    ...{ QueueUrl: environment[ENV[name]], MaxNumberOfMessages: 10 },
  })
  const { Messages = [] } = await client.send(command)
  return Messages.map(({ Body }) => JSON.parse(Body!))
}

/** The ports of a function, with these settings applied. */
async function opened(settings: Settings): Promise<FunctionPorts> {
  const ports = openFunction(environment)
  await writeVersion(ports.table, settings, { after: 0, atMs: 0, by: 'test', note: '' })
  return ports
}

function siteAt(id: string, url: string, auth: object): Site {
  return siteOf(id, {
    source: {
      ...{ kind: 'http', url, allowAddresses: ['127.0.0.0/8'], auth: auth as never },
      ...{ timeoutMs: 2_000, maxFileBytes: 1_000_000 },
    },
  })
}

describe('what a function is told', () => {
  it('is read from its environment; what is not set is named', () => {
    expect(() => openFunction({})).toThrow(`lacks ${ENV.table}, ${ENV.stack}`)
    const { queue } = openFunction(environment)
    expect(() => queue('reports')).toThrow(ENV.reports)
    expect(readEnv(environment, ['stack'])).toEqual({ stack: 'fleet' })
    expect(() => readEnv({ [ENV.stack]: '' }, ['stack'])).toThrow(ENV.stack)
  })

  it('is opened once: a queue keeps its connections while the process is warm', () => {
    const { queue } = openFunction(environment)
    expect(queue('rounds')).toBe(queue('rounds'))
    expect(queue('rounds')).not.toBe(queue('mails'))
  })
})

describe('a function on the wire', () => {
  it('works off a round: what fails and what is due goes on as messages', async () => {
    const well = await badServer('F36 range ignored', Buffer.from('a|X|n|t|bad|bad|bad\n'))
    const broken = await badServer('forbidden', Buffer.alloc(0))
    const password = { kind: 'basic', user: 'reader', password: to('SITE') }
    const ports = await opened(
      settingsOf([], {
        sites: [siteAt('a', well.url, password), siteAt('b', broken.url, password)],
      }),
    )
    const job = { id: 'r-1', job: 'round', at: isoInstant(Date.now()), settings: 1 }
    const event = deliveriesOf({ ...job, sites: ['a', 'b'] }, 'no job')
    expect(await workOff(collectWorker(ports), event, runOf())).toEqual({ batchItemFailures: [] })
    // About the second site nothing is known but that it failed: that may be worth a mail too.
    const [mail, ...more] = await received('mails')
    expect(mail).toMatchObject({ id: 'r-1', job: 'notify', settings: 1 })
    expect([(mail!.sites as string[]).sort(), more]).toEqual([['a', 'b'], []])
    const login = Buffer.from(`reader:${SECRETS.SITE}`).toString('base64')
    expect(well.asks[0]!.fields.authorization).toBe(`Basic ${login}`)
    const lines = printed.map((line) => JSON.parse(line))
    expect(lines.map(({ event: name, _aws }) => name ?? (_aws && 'metrics'))).toEqual(
      expect.arrayContaining(['file:failed', 'metrics', 'job:done', 'job:dead']),
    )
    await Promise.all([well.close(), broken.close()])
  })

  it('prints no secret, whatever refuses it', async () => {
    const faults = ['forbidden', 'not HTTP', 'F47 compressed 200', 'F52 redirect to a file URL']
    const servers = await Promise.all(
      faults.map((fault) => badServer(fault as 'forbidden', Buffer.alloc(0))),
    )
    const logins = [
      { kind: 'basic', user: 'reader', password: to('SITE') },
      { kind: 'header', name: 'X-Token', value: to('TOKEN') },
    ]
    const sites = servers.flatMap(({ url }, n) =>
      logins.map((login, m) => siteAt(`s${n}${m}`, `${url}?key=canary-key`, login)),
    )
    const mail: MailSettings = {
      ...{ kind: 'smtp', from: 'a@example.org', host: '127.0.0.1', port: 1, secure: false },
      ...{ requireTls: false, auth: { user: 'u', password: to('SMTP') } },
    }
    // One site has an alarm that is an hour old: its mail finds no server.
    const raised = new Zone('Asia/Shanghai').textOf(Date.now() - HOUR_MS)
    const line = `well|X|node1|text|${raised}||${raised}\n`
    const well = await badServer('F36 range ignored', Buffer.from(line))
    servers.push(well)
    // The header of one more site cannot be sent at all.
    const wrong = siteAt('wrong', servers[0]!.url, { ...logins[1], value: to('BROKEN') })
    const all = [...sites, wrong, siteAt('well', well.url, logins[0]!)]
    const text = JSON.stringify({ ...SECRETS, BROKEN: 'canary\r\nbroken' })
    secrets.secrets.get(ARN)!.get('first')!.text = text
    const ports = await opened(settingsOf([], { sites: all, mail }))
    const at = isoInstant(Date.now())
    const day = raised.slice(0, 10)
    const days = { from: day, to: day }
    const round = { id: 'r-1', job: 'round', at, ...days }
    await workOff(collectWorker(ports), deliveriesOf(round), runOf())
    await workOff(mailWorker(ports), deliveriesOf({ id: 'm-1', job: 'notify', at }), runOf())
    const failed = printed.map((line) => JSON.parse(line)).filter(({ site }) => site)
    expect(new Set(failed.map(({ site }) => site))).toEqual(new Set(all.map(({ id }) => id)))
    expect(failed.at(-1)).toMatchObject({ event: 'mail:failed', site: 'well' })
    for (const line of printed) {
      expect(line).not.toContain('canary')
      expect(line).not.toContain(Buffer.from('reader:canary').toString('base64').slice(0, 16))
    }
    await Promise.all(servers.map((server) => server.close()))
  })
})
