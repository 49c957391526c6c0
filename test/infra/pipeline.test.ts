import { describe, expect, it } from 'vitest'
import { dueEvery } from '../../infra/schedules.ts'
import { isStale } from '../../lib/job.ts'
import { DAY_MS, HOUR_MS, SECOND_MS } from '../../lib/time.ts'
import { type JobQueueName, jobsIn } from '../../lib/work/queues.ts'
import { EVERYTHING, ofType, shown, synthesised, theOne } from './synthesis.ts'

const templates = synthesised({ ...EVERYTHING, roundsAtOnce: '50' })
const { pipeline } = templates

const QUEUES: [queue: string, worker: string, atOnce: number][] = [
  ['Rounds', 'Collect', 50],
  ['Mails', 'Notify', 2],
  ['Reports', 'Report', 5],
  ['Settlings', 'Settle', 5],
]

describe.each(QUEUES)('the queue %s', (name, worker, atOnce) => {
  const queueName = name.toLowerCase() as JobQueueName
  const queue = theOne(pipeline, 'AWS::SQS::Queue', `${name}Queue`)
  const letters = theOne(pipeline, 'AWS::SQS::Queue', `${name}DeadLetters`)
  const own = theOne(pipeline, 'AWS::Lambda::Function', worker)

  it('keeps what failed three times for fourteen days', () => {
    const { deadLetterTargetArn, maxReceiveCount } = queue.Properties.RedrivePolicy
    expect([shown(deadLetterTargetArn), maxReceiveCount]).toEqual([`{${letters.id}.Arn}`, 3])
    expect(letters.Properties.MessageRetentionPeriod).toBe(14 * 86_400)
  })

  it('hides a message for six times as long as its worker may take, of rounds three times', () => {
    const times = name === 'Rounds' ? 3 : 6
    expect(queue.Properties.VisibilityTimeout).toBe(times * own.Properties.Timeout)
  })

  it('shows what failed again while it is still to be done', () => {
    for (const job of jobsIn(queueName)) {
      const ageMs = (queue.Properties.VisibilityTimeout + own.Properties.Timeout) * SECOND_MS
      expect(isStale({ id: 'x', job, atMs: 0 }, ageMs)).toBe(false)
    }
  })

  it(`is worked by ${worker}, one message in a call`, () => {
    const mapping = theOne(pipeline, 'AWS::Lambda::EventSourceMapping', worker).Properties
    expect(mapping).toMatchObject({
      BatchSize: 1,
      FunctionResponseTypes: ['ReportBatchItemFailures'],
      ScalingConfig: { MaximumConcurrency: atOnce },
    })
    expect(shown(mapping.EventSourceArn)).toBe(`{${queue.id}.Arn}`)
    expect(shown(mapping.FunctionName)).toBe(`{${own.id}}`)
  })
})

describe('the queues', () => {
  it('are standard queues, each with its dead letters or for dead letters', () => {
    const queues = ofType(templates, 'AWS::SQS::Queue')
    expect(queues).toHaveLength(9)
    expect(queues.filter(({ Properties }) => Properties.FifoQueue)).toEqual([])
    const targets = queues.map(({ Properties }) =>
      shown(Properties.RedrivePolicy?.deadLetterTargetArn ?? ''),
    )
    const without = queues.filter(
      ({ id, Properties }) => !Properties.RedrivePolicy && !targets.includes(`{${id}.Arn}`),
    )
    expect(without.map(({ id }) => id.replace(/[0-9A-F]{8}$/, ''))).toEqual(['Undelivered'])
  })

  it('have URLs among the outputs', () => {
    for (const [name] of QUEUES) {
      const queue = theOne(pipeline, 'AWS::SQS::Queue', `${name}Queue`)
      expect(pipeline.outputs[`${name}QueueUrl`]!.Value).toEqual({ Ref: queue.id })
    }
  })
})

const CADENCES = [1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30, 60, 120, 180, 240, 360, 480, 720, 1440]

/** The values that a field of a cron expression stands for. */
function valuesOf(field: string, count: number): number[] {
  const [from = '', step] = field.split('/')
  const all = Array.from({ length: count }, (_, value) => value)
  if (from === '*') return all
  if (step === undefined) return [Number(from)]
  return all.filter((value) => value >= Number(from) && (value - Number(from)) % Number(step) === 0)
}

/** The minutes of a day at which a cron expression is due. */
function minutesOfDay(cron: string): number[] {
  const [, minute = '', hour = ''] = /^cron\((\S+) (\S+) \* \* \? \*\)$/.exec(cron) ?? []
  return valuesOf(hour, 24).flatMap((hours) => valuesOf(minute, 60).map((one) => 60 * hours + one))
}

describe('when a schedule is due', () => {
  it.each(CADENCES)('every %d minutes it is so evenly through the day', (minutes) => {
    for (const offset of [0, 3, 7]) {
      const due = minutesOfDay(dueEvery(minutes, offset, 'UTC').cron)
      expect(due).toHaveLength(1440 / minutes)
      expect(due.every((one, index) => one === due[0]! + index * minutes)).toBe(true)
      const first = minutes === 1440 ? 5 * 60 : 0
      expect(due[0]).toBe(first + Math.min(offset, minutes - 1))
    }
  })

  it('counts in UTC up to an hour, so that the hour that comes twice has its rounds', () => {
    expect(dueEvery(5, 0, 'Europe/Berlin').timeZone).toBe('UTC')
    expect(dueEvery(60, 0, 'Europe/Berlin').timeZone).toBe('UTC')
    expect(dueEvery(120, 0, 'Europe/Berlin').timeZone).toBe('Europe/Berlin')
    expect(dueEvery(1440, 0, 'Asia/Shanghai').timeZone).toBe('Asia/Shanghai')
  })
})

describe('the hour of what is due once a day', () => {
  const { cron } = dueEvery(1440, 0, 'UTC')
  const hour = Math.floor(minutesOfDay(cron)[0]! / 60)

  /** Days of a year, as a zone counts them, that have no such hour. */
  function daysWithout(timeZone: string, wanted: number): string[] {
    const told = new Intl.DateTimeFormat('sv', {
      ...{ timeZone, hourCycle: 'h23', year: 'numeric', month: '2-digit', day: '2-digit' },
      hour: '2-digit',
    })
    const hours = new Map<string, Set<number>>()
    const from = Date.parse('2026-01-01T00:00:00Z')
    for (let ms = from; ms < from + 366 * DAY_MS; ms += HOUR_MS) {
      const [day = '', text] = told.format(ms).split(' ')
      hours.set(day, (hours.get(day) ?? new Set()).add(Number(text)))
    }
    const whole = [...hours].slice(1, -1)
    return whole.flatMap(([day, own]) => (own.has(wanted) ? [] : [day]))
  }

  it.each([
    // Where clocks are set forward at 0, 1, 2, 3 and 23 o’clock.
    ['America/Santiago', 0],
    ['Africa/Cairo', 0],
    ['Europe/London', 1],
    ['Europe/Berlin', 2],
    ['Europe/Helsinki', 3],
    ['America/Nuuk', 23],
    ['Antarctica/Troll', 2],
  ])('is there on every day in %s, where %d is not', (timeZone, gap) => {
    expect(daysWithout(timeZone, hour)).toEqual([])
    expect(daysWithout(timeZone, gap)).toHaveLength(1)
  })
})

describe('the schedules', () => {
  const rare = synthesised({ settleEveryMinutes: '1440', timeZone: 'Asia/Shanghai' })
  const schedules = ofType(rare, 'AWS::Scheduler::Schedule').map((one) => one.Properties)

  it('ask dispatch for each job, with the time that was meant', () => {
    const inputs = schedules.map(({ Target }) => JSON.parse(Target.Input))
    const at = '<aws.scheduler.scheduled-time>'
    expect(inputs).toEqual(['round', 'report', 'settle'].map((job) => ({ job, at })))
    const dispatch = theOne(rare.pipeline, 'AWS::Lambda::Function', 'Dispatch').id
    for (const { Target } of schedules) expect(shown(Target.Arn)).toBe(`{${dispatch}.Arn}`)
  })

  it('are due as the settings say', () => {
    const due = schedules.map((one) => [one.ScheduleExpression, one.ScheduleExpressionTimezone])
    expect(due).toEqual([
      ['cron(0/5 * * * ? *)', 'UTC'],
      ['cron(3 * * * ? *)', 'UTC'],
      ['cron(7 5 * * ? *)', 'Asia/Shanghai'],
    ])
  })

  it('try again for half an hour, and leave what never arrived in a queue', () => {
    for (const { Target } of schedules) {
      expect(Target.RetryPolicy.MaximumEventAgeInSeconds).toBe(1800)
      expect(shown(Target.DeadLetterConfig.Arn)).toMatch(/^\{Undelivered/)
    }
  })

  it('may be a minute late when they are far apart, and not when they are close', () => {
    for (const { FlexibleTimeWindow } of schedules) {
      expect(FlexibleTimeWindow).toEqual({ Mode: 'FLEXIBLE', MaximumWindowInMinutes: 1 })
    }
    const close = ofType(synthesised({ everyMinutes: '2' }), 'AWS::Scheduler::Schedule')
    expect(close[0]!.Properties.FlexibleTimeWindow).toEqual({ Mode: 'OFF' })
  })

  it('have a role that no other group of schedules can take', () => {
    const role = theOne(rare.pipeline, 'AWS::IAM::Role', 'Schedules').Properties
    const [{ Principal, Condition }] = role.AssumeRolePolicyDocument.Statement
    const group = theOne(rare.pipeline, 'AWS::Scheduler::ScheduleGroup').id
    expect(Principal).toEqual({ Service: 'scheduler.amazonaws.com' })
    expect(shown(Condition.StringEquals['aws:SourceArn'])).toBe(`{${group}.Arn}`)
  })
})

describe('mail by SES', () => {
  it('leaves in the name of the domain, with a return path of its own', () => {
    const { Properties } = theOne(pipeline, 'AWS::SES::EmailIdentity')
    expect(Properties).toMatchObject({
      EmailIdentity: 'example.org',
      FeedbackAttributes: { EmailForwardingEnabled: false },
      MailFromAttributes: { MailFromDomain: 'bounce.example.org' },
    })
  })

  it('leaves by TLS only, and not to those who complained', () => {
    const { Properties } = theOne(pipeline, 'AWS::SES::ConfigurationSet')
    expect(Properties).toMatchObject({
      DeliveryOptions: { TlsPolicy: 'REQUIRE' },
      ReputationOptions: { ReputationMetricsEnabled: true },
      SuppressionOptions: { SuppressedReasons: ['BOUNCE', 'COMPLAINT'] },
    })
  })

  it('that is not taken is told to the feedback function, or kept', () => {
    const topic = theOne(pipeline, 'AWS::SNS::Topic', 'MailFeedback')
    const destination = theOne(pipeline, 'AWS::SES::ConfigurationSetEventDestination').Properties
      .EventDestination
    expect(destination.MatchingEventTypes).toEqual(['bounce', 'complaint'])
    expect(shown(destination.SnsDestination.TopicARN)).toBe(`{${topic.id}}`)
    const subscription = theOne(pipeline, 'AWS::SNS::Subscription', 'MailToFunction').Properties
    const feedback = theOne(pipeline, 'AWS::Lambda::Function', 'Feedback')
    expect(shown(subscription.Endpoint)).toBe(`{${feedback.id}.Arn}`)
    expect(shown(subscription.RedrivePolicy.deadLetterTargetArn)).toMatch(/^\{Undelivered/)
    const permission = theOne(pipeline, 'AWS::Lambda::Permission').Properties
    expect(permission).toMatchObject({ Principal: 'sns.amazonaws.com' })
    expect(shown(permission.SourceArn)).toBe(`{${topic.id}}`)
    const queue = theOne(pipeline, 'AWS::SQS::QueuePolicy', 'Undelivered').Properties
    expect(JSON.stringify(queue.PolicyDocument)).toContain(topic.id)
  })

  it('says which records the domain needs, and its configuration set', () => {
    expect(shown(pipeline.outputs.DkimRecords!.Value).match(/ CNAME /g)).toHaveLength(3)
    const { id } = theOne(pipeline, 'AWS::SES::ConfigurationSet')
    expect(pipeline.outputs.ConfigurationSet!.Value).toEqual({ Ref: id })
  })
})

describe('without a domain for mail', () => {
  it('there is nothing of SES, and no function for what it returns', () => {
    const { resources, outputs } = synthesised().pipeline
    expect(JSON.stringify(resources)).not.toMatch(/AWS::SES|ses:|Feedback|CONFIGURATION_SET/)
    expect(resources.filter(({ Type }) => Type === 'AWS::Lambda::Function')).toHaveLength(5)
    expect(outputs.DkimRecords).toBeUndefined()
  })
})
