import { Duration, RemovalPolicy } from 'aws-cdk-lib'
import type * as dynamodb from 'aws-cdk-lib/aws-dynamodb'
import * as iam from 'aws-cdk-lib/aws-iam'
import * as lambda from 'aws-cdk-lib/aws-lambda'
import * as logs from 'aws-cdk-lib/aws-logs'
import type * as s3 from 'aws-cdk-lib/aws-s3'
import type * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager'
import type * as sqs from 'aws-cdk-lib/aws-sqs'
import { Construct } from 'constructs'
import { ENV, type EnvName } from '../lib/env.ts'
import { acknowledgeObjects } from './nag.ts'
import type { PrivateNetwork } from './private-network.ts'

/** What a function of the pipeline is made from. */
export interface JobFunctionProps {
  code: lambda.Code
  /** What it does: its description. */
  does: string
  /** What people lose while it fails, as one sentence: the text of its alarms. */
  failureMeans: string
  memoryMb: number
  timeout: Duration
  logDays: number
  /** Where it runs, if sites are reached from there only. */
  network?: PrivateNetwork | undefined
}

/** What the table's driver sends (lib/store/dynamodb.ts): no scans, no batches, no transactions. */
const TABLE_ACTIONS = ['GetItem', 'PutItem', 'DeleteItem', 'Query'].map((one) => `dynamodb:${one}`)

/** What may be done with the objects of a bucket. */
type ObjectAction = 'GetObject' | 'PutObject' | 'DeleteObject'

/** The name of a queue in the environment. */
type QueueName = 'rounds' | 'mails' | 'reports' | 'settlings' | 'deadLetters'

/**
 * A function with a role of its own and logs that end. It gets the name of a thing and the
 * permission to use it by one call, so that neither is there without the other.
 */
export class JobFunction extends Construct {
  readonly function: lambda.Function
  readonly role: iam.Role
  readonly timeout: Duration
  readonly failureMeans: string

  constructor(scope: Construct, id: string, props: JobFunctionProps) {
    super(scope, id)
    this.failureMeans = props.failureMeans
    this.timeout = props.timeout
    const logGroup = new logs.LogGroup(this, 'Logs', {
      retention: props.logDays,
      removalPolicy: RemovalPolicy.DESTROY,
    })
    this.role = new iam.Role(this, 'Role', {
      assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com'),
    })
    this.may(['logs:CreateLogStream', 'logs:PutLogEvents'], [logGroup.logGroupArn])
    props.network?.letIn(this.role)
    this.function = new lambda.Function(this, 'Function', {
      runtime: lambda.Runtime.NODEJS_24_X,
      architecture: lambda.Architecture.ARM_64,
      code: props.code,
      handler: 'index.handler',
      description: props.does,
      memorySize: props.memoryMb,
      timeout: props.timeout,
      role: this.role,
      logGroup,
      loggingFormat: lambda.LoggingFormat.JSON,
    })
    props.network?.place(this.function)
  }

  /** Lets it do just these actions with just these resources. */
  may(actions: string[], resources: string[]): void {
    this.role.addToPolicy(new iam.PolicyStatement({ actions, resources }))
  }

  /** Tells it the value of a name. */
  knows(name: EnvName, value: string): void {
    this.function.addEnvironment(ENV[name], value)
  }

  /** Reads and writes the table. */
  usesTable(table: dynamodb.TableV2): void {
    this.knows('table', table.tableName)
    this.may(TABLE_ACTIONS, [table.tableArn])
  }

  /**
   * Does this with the objects of a bucket. It may also list the bucket: without that S3 answers
   * 403 for an object that is not there, and a missing page would look like a missing permission.
   */
  usesObjects(name: 'archive' | 'pages', bucket: s3.Bucket, actions: ObjectAction[]): void {
    this.knows(name, bucket.bucketName)
    this.may(
      actions.map((one) => `s3:${one}`),
      [bucket.arnForObjects('*')],
    )
    this.may(['s3:ListBucket'], [bucket.bucketArn])
    const reason = 'Objects are named for sites and days, which nobody knows beforehand.'
    acknowledgeObjects(this.role, bucket, reason)
  }

  /** Sends messages to a queue. */
  sendsTo(name: QueueName, queue: sqs.Queue): void {
    this.knows(name, queue.queueUrl)
    this.may(['sqs:SendMessage'], [queue.queueArn])
  }

  /** Reads the passwords of sites and mail servers. */
  readsSecret(secret: secretsmanager.Secret): void {
    this.knows('secret', secret.secretArn)
    this.may(['secretsmanager:GetSecretValue'], [secret.secretArn])
  }

  /** Events that it was called with and failed at, all tries included, go to a queue. */
  leavesFailuresTo(queue: sqs.Queue): void {
    this.may(['sqs:SendMessage'], [queue.queueArn])
    new lambda.EventInvokeConfig(this, 'Calls', {
      function: this.function,
      retryAttempts: CALL_RETRIES,
      maxEventAge: EVENT_AGE,
      onFailure: { bind: () => ({ destination: queue.queueArn }) },
    })
  }
}

/** Lambda tries a call once more, and once more again. */
const CALL_RETRIES = 2

/**
 * How long an event may wait for its function. Whatever is older need not be done any more: the
 * next event of the same schedule does it too.
 */
export const EVENT_AGE = Duration.minutes(30)
