import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { isStale, type Job } from '../../lib/job.ts'
import { METRICS } from '../../lib/work/metrics.ts'
import { EVERYTHING, ofType, shown, synthesised, type Templates, theOne } from './synthesis.ts'

const all = synthesised({ ...EVERYTHING, prefix: 'fleet' })

const alarmsOf = (templates: Templates) =>
  ofType(templates, 'AWS::CloudWatch::Alarm').map(({ Properties }) => Properties)

const nameOf = ({ AlarmName }: { AlarmName: string }) =>
  AlarmName.replace(/^(fleet|siterounds)-/, '')

function alarm(name: string, templates = all) {
  return alarmsOf(templates).find((one) => nameOf(one) === name)
}

/** The metrics that an alarm looks at: each of them is paid for. */
function metricsOf(one: { Metrics?: { MetricStat?: object }[] }): number {
  return one.Metrics?.filter(({ MetricStat }) => MetricStat).length ?? 1
}

/** A metric within an alarm. */
interface Looked {
  MetricName: string
  Dimensions: { Value: unknown }[]
}

function page(name: string): string {
  return readFileSync(new URL(`../../infra/${name}.md`, import.meta.url), 'utf8')
}

const headings = [...page('runbook').matchAll(/^## `(.+)`$/gm)].map(([, name]) => name!)

describe('the runbook', () => {
  it('has a heading for each alarm, and none for any other', () => {
    expect([...headings].sort()).toEqual(alarmsOf(all).map(nameOf).sort())
  })

  it.each(headings)('says of %s what it means, what to look at, and what to do', (name) => {
    const after = page('runbook').split(`## \`${name}\``)[1]!
    const [section = ''] = after.split(/^## /m)
    for (const part of ['What it means', 'What to look at', 'What to do']) {
      expect(section).toContain(`**${part}.**`)
    }
  })
})

describe('the commands of the runbook', () => {
  const [, commands = ''] = /```\n(look\(\).*?)```/s.exec(page('runbook')) ?? []

  /** Answers as the AWS CLI does, and shows the one call that changes something. */
  const AWS = `aws() { case "$2" in
    get-queue-attributes) echo "arn-of-$4" ;;
    list-dead-letter-source-queues) echo "source-of-$4" ;;
    *) echo "$@" ;;
  esac; }`

  it('move dead letters to the queue that they are of: SQS cannot know it of all of them', () => {
    // Of those that a function wrote itself: CouldNotDetermineMessageSource.
    const script = `${AWS}\n${commands}\nagain letters`
    const told = execFileSync('sh', ['-eu', '-c', script], { encoding: 'utf8' })
    const ends = '--source-arn arn-of-letters --destination-arn arn-of-source-of-letters'
    expect(told).toBe(`sqs start-message-move-task ${ends}\n`)
  })

  it('are never given a queue that is nobody’s dead letters', () => {
    const [, section = ''] = page('runbook').split('## `undelivered`')
    expect(section.split(/^## /m)[0]).not.toContain('`again`')
  })
})

describe('every alarm', () => {
  it.each(alarmsOf(all).map((one) => [nameOf(one), one] as const))(
    '%s says what it means, and tells the operator of its beginning and end',
    (name, one) => {
      expect(one.AlarmDescription).toMatch(/^[A-Z].*\. What to do: infra\/runbook\.md, /)
      expect(one.AlarmDescription).toContain(`“${name}”`)
      const { id } = theOne(all.pipeline, 'AWS::SNS::Topic', 'Monitoring')
      expect(one.AlarmActions.map(shown)).toEqual([`{${id}}`])
      expect(one.OKActions.map(shown)).toEqual([`{${id}}`])
    },
  )

  it('may tell the operator, which the rule for TLS alone would forbid', () => {
    const { PolicyDocument } = theOne(
      all.pipeline,
      'AWS::SNS::TopicPolicy',
      'Monitoring',
    ).Properties
    const allowed = PolicyDocument.Statement.filter(
      ({ Effect }: { Effect: string }) => Effect === 'Allow',
    )
    expect(allowed).toHaveLength(1)
    expect(allowed[0]).toMatchObject({
      Action: 'sns:Publish',
      Principal: { Service: 'cloudwatch.amazonaws.com' },
      Condition: { StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } } },
    })
  })

  it('reaches the operator by mail, if there is an address', () => {
    const own = theOne(all.pipeline, 'AWS::SNS::Subscription', 'Monitoring').Properties
    expect([own.Protocol, own.Endpoint]).toEqual(['email', EVERYTHING.operatorMail])
    expect(ofType(synthesised(), 'AWS::SNS::Subscription')).toEqual([])
  })
})

describe('what is watched', () => {
  it('is that rounds come to their end: silence is a fault', () => {
    expect(alarm('rounds-not-finished')).toMatchObject({
      Namespace: 'Siterounds',
      MetricName: 'RoundsFinished',
      Statistic: 'Sum',
      Period: 300,
      EvaluationPeriods: 3,
      Threshold: 1,
      ComparisonOperator: 'LessThanThreshold',
      TreatMissingData: 'breaching',
    })
  })

  it.each([
    ['60', 3_600, 2],
    ['1440', 86_400, 2],
  ])(
    'is that of rounds every %s minutes two come to their end',
    (everyMinutes, period, periods) => {
      const rare = alarm('rounds-not-finished', synthesised({ everyMinutes }))
      expect([rare.Period, rare.EvaluationPeriods]).toEqual([period, periods])
    },
  )

  it('is that no mail waits for an hour', () => {
    const waiting = alarm('mails-waiting')
    expect(waiting).toMatchObject({
      Namespace: 'Siterounds',
      MetricName: 'MailsWaiting',
      Statistic: 'Maximum',
      Threshold: 0,
      ComparisonOperator: 'GreaterThanThreshold',
      TreatMissingData: 'notBreaching',
    })
    expect(waiting.Period * waiting.EvaluationPeriods).toBe(3_600)
  })

  it('are all queues for dead letters, and how long messages wait', () => {
    const depths = alarmsOf(all).filter(
      ({ MetricName }) => MetricName === 'ApproximateNumberOfMessagesVisible',
    )
    const watched = depths.map(({ Dimensions }) => shown(Dimensions[0].Value))
    const letters = ofType(all, 'AWS::SQS::Queue').filter(
      ({ Properties }) => !Properties.RedrivePolicy,
    )
    expect(watched.sort()).toEqual(letters.map(({ id }) => `{${id}.QueueName}`).sort())
    const ages = alarmsOf(all).filter(
      ({ MetricName }) => MetricName === 'ApproximateAgeOfOldestMessage',
    )
    expect(ages.map((one) => [nameOf(one), one.Threshold])).toEqual([
      ['rounds-behind', 1_500],
      ['mails-behind', 1_200],
      ['reports-behind', 7_200],
      ['settlings-behind', 21_600],
    ])
  })

  it('is a queue of rounds that is behind before what waits in it is dropped', () => {
    const { Threshold, Period } = alarm('rounds-behind')
    const round: Job = { id: 'x', job: 'round', atMs: 0 }
    expect(isStale(round, (Threshold + Period) * 1_000)).toBe(false)
    // One that failed comes again by then, and may take as long as its function.
    const { Timeout } = theOne(all.pipeline, 'AWS::Lambda::Function', 'Collect').Properties
    const queue = theOne(all.pipeline, 'AWS::SQS::Queue', 'RoundsQueue').Properties
    expect(Threshold).toBeGreaterThan(queue.VisibilityTimeout + Timeout)
  })

  it('are rounds that were dropped, time and again', () => {
    expect(alarm('rounds-dropped')).toMatchObject({
      ...{ Namespace: 'Siterounds', MetricName: 'RoundsDropped', Statistic: 'Sum' },
      ...{ Threshold: 0, ComparisonOperator: 'GreaterThanThreshold', Period: 900 },
      ...{ EvaluationPeriods: 3, DatapointsToAlarm: 2, TreatMissingData: 'notBreaching' },
    })
  })

  it.each([
    ['30', 1_800, 3, 2],
    ['60', 3_600, 1, 1],
    ['1440', 86_400, 1, 1],
  ])('are those of rounds every %s minutes', (everyMinutes, period, periods, enough) => {
    const own = alarm('rounds-dropped', synthesised({ everyMinutes }))
    const { Period, EvaluationPeriods, DatapointsToAlarm } = own
    expect([Period, EvaluationPeriods, DatapointsToAlarm]).toEqual([period, periods, enough])
  })

  it.each([
    ['2', 300],
    ['10', 600],
    ['60', 900],
  ])('are jobs that are tried again and again; of rounds every %s minutes', (minutes, period) => {
    expect(alarm('jobs-again', synthesised({ everyMinutes: minutes }))).toMatchObject({
      ...{ Namespace: 'Siterounds', MetricName: 'JobsAgain', Statistic: 'Sum', Threshold: 0 },
      ...{ Period: period, EvaluationPeriods: 3, DatapointsToAlarm: 3 },
    })
  })

  it('is every metric that a function writes, by a name that it does write', () => {
    const written = alarmsOf(all).filter(({ Namespace }) => Namespace === 'Siterounds')
    for (const { MetricName } of written) expect(METRICS).toContain(MetricName)
    expect(written).toHaveLength(4)
  })

  it('are errors and throttles of every function, with what they mean for people', () => {
    const functions = ofType(all, 'AWS::Lambda::Function')
    expect(functions).toHaveLength(6)
    for (const { id } of functions) {
      const name = `${/^[A-Z][a-z]+/.exec(id)![0].replace('Function', '').toLowerCase()}-fails`
      const { Metrics } = alarm(name) as { Metrics: { MetricStat?: { Metric: Looked } }[] }
      const names = Metrics.flatMap(({ MetricStat }) =>
        MetricStat ? [MetricStat.Metric] : [],
      ).map(({ MetricName, Dimensions }) => `${MetricName} ${shown(Dimensions[0]!.Value)}`)
      expect(names.sort()).toEqual([`Errors {${id}}`, `Throttles {${id}}`])
    }
    expect(alarm('collect-fails').AlarmDescription).toMatch(/^Sites are not read/)
  })

  it('are events that Scheduler gives up', () => {
    const dropped = alarm('schedule-dropped')
    expect([dropped.Namespace, dropped.MetricName]).toEqual([
      'AWS/Scheduler',
      'InvocationDroppedCount',
    ])
    expect(dropped.Dimensions[0].Name).toBe('ScheduleGroup')
  })

  it('is on one page', () => {
    const { DashboardName, DashboardBody } = theOne(
      all.pipeline,
      'AWS::CloudWatch::Dashboard',
    ).Properties
    expect(DashboardName).toBe('fleet')
    for (const name of ['RoundsFinished', 'RoundsDropped', 'MailsWaiting', 'JobsAgain']) {
      expect(shown(DashboardBody)).toContain(name)
    }
  })
})

describe('few alarms', () => {
  const few = alarmsOf(synthesised({ ...EVERYTHING, alarms: 'few' }))

  it('are those that no other alarm tells of later', () => {
    expect(few.map(nameOf)).toEqual([
      'rounds-not-finished',
      'rounds-dropped',
      'mails-waiting',
      'rounds-dead-letters',
      'mails-dead-letters',
      'reports-dead-letters',
      'settlings-dead-letters',
      'undelivered',
    ])
  })

  it('cost what infra/README.md says, as all of them do', () => {
    const counted = [alarmsOf(all), few].map((alarms) =>
      alarms.map(metricsOf).reduce((sum, one) => sum + one, 0),
    )
    const told = [...page('README').matchAll(/^\| `(all|few)` \| (\d+) \| (\d+) \|/gm)]
    expect(told.map(([, , , metrics]) => Number(metrics))).toEqual(counted)
    expect(told.map(([, , alarms]) => Number(alarms))).toEqual([alarmsOf(all).length, few.length])
  })
})
