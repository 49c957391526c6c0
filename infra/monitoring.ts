import { CfnOutput, Stack } from 'aws-cdk-lib'
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch'
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions'
import * as iam from 'aws-cdk-lib/aws-iam'
import type * as scheduler from 'aws-cdk-lib/aws-scheduler'
import * as sns from 'aws-cdk-lib/aws-sns'
import type * as sqs from 'aws-cdk-lib/aws-sqs'
import { Construct } from 'constructs'
import type { FunctionName } from './assets.ts'
import { Dashboard } from './dashboard.ts'
import type { JobFunction } from './job-function.ts'
import type { JobQueue } from './job-queue.ts'
import type { InfraSettings } from './settings.ts'
import { type Watch, watches } from './watches.ts'

/** What is watched. */
export interface Watched {
  settings: InfraSettings
  functions: ReadonlyMap<FunctionName, JobFunction>
  queues: Readonly<Record<'rounds' | 'mails' | 'reports' | 'settlings', JobQueue>>
  undelivered: sqs.Queue
  group: scheduler.ScheduleGroup
}

/**
 * Watches Siterounds itself: whoever operates it is mailed when it does not do what sites' alarms
 * depend on. Each alarm has a heading of its name in infra/runbook.md.
 */
export class Monitoring extends Construct {
  private readonly topic: sns.Topic
  private readonly prefix: string

  constructor(scope: Construct, id: string, watched: Watched) {
    super(scope, id)
    const { prefix, alarms, operatorMail } = watched.settings
    this.prefix = prefix
    this.topic = this.makeTopic(operatorMail)
    const all = watches(watched).filter((watch) => alarms === 'all' || !watch.sooner)
    const made = all.map((watch) => this.watch(watch))
    new Dashboard(this, 'Dashboard', { watched, alarms: made })
  }

  private makeTopic(operatorMail: string | undefined): sns.Topic {
    const topic = new sns.Topic(this, 'Operator', {
      displayName: 'Siterounds needs its operator',
      enforceSSL: true,
    })
    // The rule for TLS takes the place of the policy by which alarms of the account may publish.
    topic.addToResourcePolicy(
      new iam.PolicyStatement({
        sid: 'Alarms',
        principals: [new iam.ServicePrincipal('cloudwatch.amazonaws.com')],
        actions: ['sns:Publish'],
        resources: [topic.topicArn],
        conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(this).account } },
      }),
    )
    if (operatorMail) {
      new sns.Subscription(this, 'OperatorMail', {
        topic,
        protocol: sns.SubscriptionProtocol.EMAIL,
        endpoint: operatorMail,
      })
    }
    new CfnOutput(Stack.of(this), 'OperatorTopic', { value: topic.topicArn })
    return topic
  }

  private watch({ name, means, metric, ...when }: Watch): cloudwatch.Alarm {
    const alarm = new cloudwatch.Alarm(this, name, {
      alarmName: `${this.prefix}-${name}`,
      alarmDescription: `${means} What to do: infra/runbook.md, “${name}”.`,
      metric,
      threshold: when.threshold,
      comparisonOperator: when.isBelow
        ? cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD
        : cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
      evaluationPeriods: when.periods,
      datapointsToAlarm: when.enough ?? when.periods,
      treatMissingData: when.isBelow
        ? cloudwatch.TreatMissingData.BREACHING
        : cloudwatch.TreatMissingData.NOT_BREACHING,
    })
    const action = new SnsAction(this.topic)
    alarm.addAlarmAction(action)
    // The operator hears of the end as well, and need not look.
    alarm.addOkAction(action)
    return alarm
  }
}
