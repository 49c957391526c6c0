import { CfnOutput, Duration, Stack, type StackProps } from 'aws-cdk-lib'
import type * as lambda from 'aws-cdk-lib/aws-lambda'
import type * as sqs from 'aws-cdk-lib/aws-sqs'
import type { Construct } from 'constructs'
import type { FunctionName } from './assets.ts'
import type { DataStack } from './data-stack.ts'
import { JobFunction, type JobFunctionProps } from './job-function.ts'
import { deadLetterQueue, JobQueue, ROUND_VISIBILITY_TIMEOUTS } from './job-queue.ts'
import { Mail } from './mail.ts'
import { Monitoring } from './monitoring.ts'
import { acknowledge } from './nag.ts'
import { PrivateNetwork } from './private-network.ts'
import { Schedules } from './schedules.ts'
import type { InfraSettings } from './settings.ts'
import type { SiteStack } from './site-stack.ts'

/** What the pipeline works with. */
export interface PipelineProps extends StackProps {
  settings: InfraSettings
  data: DataStack
  site: SiteStack
  /** The code of each function. */
  codeOf(name: FunctionName): lambda.Code
}

/** What distinguishes one function from another. */
type Traits = Pick<JobFunctionProps, 'does' | 'failureMeans' | 'memoryMb' | 'timeout'>

/** For the functions that read whole days of many sites, or draw pages of them. */
const LONG = Duration.minutes(5)

/** For the functions that only send on, or send mails. */
const MIDDLE = Duration.minutes(2)

/** For the one that notes a few addresses. */
const SHORT = Duration.seconds(30)

const TRAITS: Record<FunctionName, Traits> = {
  dispatch: {
    does: 'Asks for rounds, reports and settlings, some sites in each message',
    failureMeans: 'Nothing is started: no site is read, and nobody is mailed.',
    memoryMb: 256,
    timeout: MIDDLE,
  },
  collect: {
    does: 'Reads what is new at sites into the ledger',
    failureMeans: 'Sites are not read: new alarms are neither seen nor mailed.',
    memoryMb: 512,
    timeout: LONG,
  },
  notify: {
    does: 'Mails the alarms that stand',
    failureMeans: 'Mails about alarms that stand are not sent.',
    memoryMb: 256,
    timeout: MIDDLE,
  },
  report: {
    does: 'Publishes the pages that have changed',
    failureMeans: 'Pages of the report site stay as they were.',
    memoryMb: 1_024,
    timeout: LONG,
  },
  settle: {
    does: 'Archives and closes past days',
    failureMeans: 'Past days are not archived; nothing is lost, as their records are kept longer.',
    memoryMb: 1_024,
    timeout: LONG,
  },
  feedback: {
    does: 'Notes addresses that did not take a mail',
    failureMeans: 'Mails go on to addresses that refuse them, which endangers sending as a whole.',
    memoryMb: 256,
    timeout: SHORT,
  },
}

/** What is done on a schedule: functions, the queues between them, mail, monitoring. */
export class PipelineStack extends Stack {
  private readonly props: PipelineProps
  private readonly network: PrivateNetwork | undefined
  /** Events and messages for a function that never got them, or failed at them. */
  private readonly undelivered: sqs.Queue
  private readonly functions = new Map<FunctionName, JobFunction>()
  private readonly queues = {
    rounds: new JobQueue(this, 'Rounds', TRAITS.collect.timeout, ROUND_VISIBILITY_TIMEOUTS),
    mails: new JobQueue(this, 'Mails', TRAITS.notify.timeout),
    reports: new JobQueue(this, 'Reports', TRAITS.report.timeout),
    settlings: new JobQueue(this, 'Settlings', TRAITS.settle.timeout),
  }

  constructor(scope: Construct, id: string, props: PipelineProps) {
    super(scope, id, props)
    this.props = props
    const { settings } = props
    this.undelivered = deadLetterQueue(this, 'Undelivered')
    acknowledge(this.undelivered, 'SQS3', 'It is itself where dead letters go.')
    this.network = this.makeNetwork(settings)
    const dispatch = this.makeDispatch()
    this.makeCollect()
    const notify = this.makeNotify()
    this.makeReport()
    this.makeSettle()
    if (settings.mailDomain) this.makeMail(notify, settings.mailDomain)
    const { undelivered, functions, queues } = this
    const { group } = new Schedules(this, 'Schedules', { dispatch, undelivered, settings })
    new Monitoring(this, 'Monitoring', { settings, functions, queues, undelivered, group })
    this.tellPlaces(dispatch)
  }

  private makeNetwork({ vpcId, privateSubnetIds: subnetIds }: InfraSettings) {
    return vpcId && subnetIds
      ? new PrivateNetwork(this, 'Network', { vpcId, subnetIds })
      : undefined
  }

  private makeDispatch(): JobFunction {
    const dispatch = this.make('dispatch')
    dispatch.usesTable(this.props.data.table)
    for (const [name, { queue }] of this.queueEntries()) dispatch.sendsTo(name, queue)
    dispatch.knows('sitesPerMessage', String(this.props.settings.sitesPerMessage))
    dispatch.leavesFailuresTo(this.undelivered)
    return dispatch
  }

  private makeCollect(): void {
    const { data, settings } = this.props
    const collect = this.make('collect', this.network)
    collect.usesTable(data.table)
    collect.usesObjects('archive', data.archive, ['GetObject'])
    collect.readsSecret(data.secret)
    collect.sendsTo('rounds', this.queues.rounds.queue)
    collect.sendsTo('mails', this.queues.mails.queue)
    this.queues.rounds.workedBy(collect, settings.roundsAtOnce)
  }

  private makeNotify(): JobFunction {
    const { data, site, settings } = this.props
    const notify = this.make('notify')
    notify.usesTable(data.table)
    notify.usesObjects('archive', data.archive, ['GetObject'])
    notify.readsSecret(data.secret)
    notify.sendsTo('mails', this.queues.mails.queue)
    notify.knows('publicUrl', site.publicUrl)
    this.queues.mails.workedBy(notify, settings.mailsAtOnce)
    return notify
  }

  private makeReport(): void {
    const { data, site, settings } = this.props
    const report = this.make('report')
    report.usesTable(data.table)
    report.usesObjects('archive', data.archive, ['GetObject'])
    report.usesObjects('pages', site.pages, ['GetObject', 'PutObject', 'DeleteObject'])
    report.sendsTo('reports', this.queues.reports.queue)
    report.knows('publicUrl', site.publicUrl)
    this.queues.reports.workedBy(report, settings.reportsAtOnce)
  }

  private makeSettle(): void {
    const { data, settings } = this.props
    const settle = this.make('settle', this.network)
    settle.usesTable(data.table)
    // It removes Parquet files that are replaced by more of them; older versions stay for a while.
    settle.usesObjects('archive', data.archive, ['GetObject', 'PutObject', 'DeleteObject'])
    settle.readsSecret(data.secret)
    settle.sendsTo('settlings', this.queues.settlings.queue)
    this.queues.settlings.workedBy(settle, settings.settlingsAtOnce)
  }

  private makeMail(notify: JobFunction, mailDomain: string): void {
    const feedback = this.make('feedback')
    feedback.usesTable(this.props.data.table)
    feedback.leavesFailuresTo(this.undelivered)
    const { mailFromDomain } = this.props.settings
    const mail = new Mail(this, 'Mail', { mailDomain, mailFromDomain })
    mail.sentBy(notify)
    mail.returnsTo(feedback, this.undelivered)
  }

  private make(name: FunctionName, network?: PrivateNetwork): JobFunction {
    const { codeOf, settings } = this.props
    const made = new JobFunction(this, capital(name), {
      ...TRAITS[name],
      code: codeOf(name),
      logDays: settings.logDays,
      network,
    })
    made.knows('stack', settings.prefix)
    this.functions.set(name, made)
    return made
  }

  private queueEntries() {
    return Object.entries(this.queues) as [keyof typeof this.queues, JobQueue][]
  }

  private tellPlaces(dispatch: JobFunction): void {
    for (const [name, { queue }] of this.queueEntries()) {
      new CfnOutput(this, `${capital(name)}QueueUrl`, { value: queue.queueUrl })
    }
    new CfnOutput(this, 'DispatchFunction', { value: dispatch.function.functionName })
  }
}

function capital(name: string): string {
  return `${name[0]!.toUpperCase()}${name.slice(1)}`
}
