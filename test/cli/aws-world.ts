import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3'
import { CreateQueueCommand, SQSClient } from '@aws-sdk/client-sqs'
import { vi } from 'vitest'
import { openPorts } from '../../lib/backends/aws.ts'
import { fleetIn } from '../../lib/backends/fleet.ts'
import { openFunction } from '../../lib/backends/functions.ts'
import { runCommand } from '../../lib/cli/program.ts'
import { reference } from '../../lib/config-problems.ts'
import { ENV } from '../../lib/env.ts'
import type { Settings } from '../../lib/site.ts'
import { dispatchPayload } from '../../lib/work/dispatching.ts'
import { awsServer } from '../fixtures/aws-server.ts'
import {
  type CloudformationServer,
  cloudformationServer,
} from '../fixtures/cloudformation-server.ts'
import {
  type DynamodbServer,
  dynamodbServer,
  LOCAL,
  stateTable,
} from '../fixtures/dynamodb-server.ts'
import { type InvokeServer, invokeServer } from '../fixtures/invoke-server.ts'
import { type SecretsServer, secretsServer } from '../fixtures/secrets-server.ts'
import { type RecordingTerminal, recordingTerminal } from './recording-terminal.ts'

/** A fleet on services of this machine, and a folder from which somebody runs commands. */
export interface AwsWorld {
  folder: string
  dynamodb: DynamodbServer
  secrets: SecretsServer
  cloudformation: CloudformationServer
  lambda: InvokeServer
  /** Ports of the fleet, for a test that looks behind the commands. */
  ports: ReturnType<typeof openPorts>
  /** Runs one command line of the real program with `--backend aws`. */
  cli(...words: string[]): Promise<RecordingTerminal>
  /** The same where somebody sits who answers every question so. */
  answering(answer: string, ...words: string[]): Promise<RecordingTerminal & { asked: string[] }>
  /** The same with `--json`, its output read. */
  json<T = unknown>(...words: string[]): Promise<T>
  /** Writes a configuration (JSON is YAML), below what every test here wants. */
  configure(config: object, name?: string): Promise<void>
  settings(): Promise<Settings>
  remove(): Promise<void>
}

/** The ARN of the secret with the sites' passwords. */
export const SITE_SECRET =
  'arn:aws:secretsmanager:eu-central-1:000000000000:secret:siterounds-sites-a1b2c3'

const ACCOUNT = '000000000000'
const [TABLE, ARCHIVE, PAGES, QUEUE] = ['rounds-state', 'rounds-archive', 'rounds-pages', 'rounds']
const DISPATCH = 'siterounds-pipeline-Dispatch'

/** A fleet that was just deployed: no settings, no passwords. */
export async function awsWorld(): Promise<AwsWorld> {
  const folder = await mkdtemp(join(tmpdir(), 'rounds-aws-'))
  const [dynamodb, aws, secrets, cloudformation] = await Promise.all([
    dynamodbServer(),
    awsServer(),
    secretsServer({ [SITE_SECRET]: '{}' }),
    cloudformationServer(stacks()),
  ])
  await dynamodb.createTable(stateTable(TABLE))
  await makeBuckets(aws.url)
  const queueUrl = await makeQueue(aws.url)
  const endpoints = {
    AWS_ENDPOINT_URL_DYNAMODB: dynamodb.url,
    AWS_ENDPOINT_URL_S3: aws.url,
    AWS_ENDPOINT_URL_SQS: aws.url,
    AWS_ENDPOINT_URL_SECRETS_MANAGER: secrets.url,
    AWS_ENDPOINT_URL_CLOUDFORMATION: cloudformation.url,
  }
  stubAws(endpoints)
  const env = { [ENV.table]: TABLE, [ENV.stack]: 'siterounds', [ENV.rounds]: queueUrl }
  const lambda = await invokeServer({
    [DISPATCH]: (payload) =>
      dispatchPayload({ ...openFunction(env), log: () => {} }, payload, {
        ...{ id: 'request-1', sitesPerMessage: 20 },
      }),
  })
  vi.stubEnv('AWS_ENDPOINT_URL_LAMBDA', lambda.url)
  const places = { table: TABLE, archive: ARCHIVE, pages: PAGES, secret: SITE_SECRET }
  const ports = openPorts(places)
  const run = async (terminal: RecordingTerminal, words: string[]) => {
    await runCommand(['--backend', 'aws', ...words], terminal, '0.0.0')
    return terminal
  }
  const cli: AwsWorld['cli'] = (...words) => run(recordingTerminal(folder, USER), words)
  return {
    ...{ folder, dynamodb, secrets, cloudformation, lambda, ports, cli },
    async answering(answer, ...words) {
      const asked: string[] = []
      const terminal = Object.assign(recordingTerminal(folder, USER), {
        asked,
        async ask(question: string) {
          asked.push(question)
          return answer
        },
      })
      await run(terminal, words)
      return terminal
    },
    async json<T>(...words: string[]) {
      const { stdout, stderr } = await cli(...words, '--json')
      if (stdout === '') throw new Error(`${words.join(' ')}: ${stderr}`)
      return JSON.parse(stdout) as T
    },
    async configure(config, name = 'siterounds.yaml') {
      const mail = { kind: 'smtp', from: 'rounds@example.org', host: 'smtp.example.org' }
      const whole = { state: './var', mail, ...config }
      await writeFile(join(folder, name), JSON.stringify(whole, null, 2))
    },
    settings: () => fleetIn(ports.table).settingsOf({}),
    async remove() {
      vi.unstubAllEnvs()
      await ports.table.close()
      await Promise.all([dynamodb.close(), aws.close(), secrets.close()])
      await Promise.all([cloudformation.close(), lambda.close()])
      await rm(folder, { recursive: true, force: true })
    },
  }
}

const USER = { USER: 'ops' }

/** What the stacks say of themselves once they are deployed. */
function stacks(): Record<string, Record<string, string>> {
  return {
    'siterounds-data': { TableName: TABLE, ArchiveBucket: ARCHIVE, SiteSecretArn: SITE_SECRET },
    'siterounds-site': { PagesBucket: PAGES, PublicUrl: 'https://reports.example' },
    'siterounds-pipeline': { DispatchFunction: DISPATCH },
  }
}

/** The environment of somebody who has logged in; no file of this machine's user is read. */
export function stubAws(endpoints: Record<string, string>): void {
  const env = {
    AWS_REGION: LOCAL.region,
    AWS_ACCESS_KEY_ID: 'local',
    AWS_SECRET_ACCESS_KEY: 'local',
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_CONFIG_FILE: '/dev/null',
    AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
    ...endpoints,
  }
  for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value)
}

async function makeBuckets(endpoint: string): Promise<void> {
  const client = new S3Client({ ...LOCAL, endpoint, forcePathStyle: true })
  for (const Bucket of [ARCHIVE, PAGES]) await client.send(new CreateBucketCommand({ Bucket }))
  client.destroy()
}

async function makeQueue(endpoint: string): Promise<string> {
  const client = new SQSClient({ ...LOCAL, endpoint })
  await client.send(new CreateQueueCommand({ QueueName: QUEUE }))
  client.destroy()
  return `${endpoint}/${ACCOUNT}/${QUEUE}`
}

/** The name of a site's password. */
export const passwordOf = (id: string) => `${id.toUpperCase().replaceAll('-', '_')}_PASSWORD`

/** A site behind a web server, with a login. */
export function webSite(id: string, more: object = {}) {
  const auth = { kind: 'basic', user: 'rounds', password: reference(passwordOf(id)) }
  const source = { kind: 'http', url: `https://portal.example/${id}`, auth }
  return { id, timeZone: 'Asia/Shanghai', source, ...more }
}
