import { Duration } from 'aws-cdk-lib'
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch'
import type { FunctionName } from './assets.ts'
import type { Watched } from './monitoring.ts'

/** Something that is watched, and when it is wrong. */
export interface Watch {
  /** Name of the alarm and of its heading in infra/runbook.md. */
  name: string
  /** What it means for people, as a sentence. */
  means: string
  metric: cloudwatch.IMetric
  /** Wrong while the metric lies above this for so many periods, or for `enough` of them. */
  threshold: number
  periods: number
  enough?: number
  /** Wrong while it lies below instead, or is not told at all. */
  isBelow?: true
  /** Another alarm tells the same, later: it is left out with `alarms: few`. */
  sooner?: true
}

/** The namespace of the metrics that the functions write into their logs. */
export const NAMESPACE = 'Siterounds'

/** What is asked of metrics that AWS counts. */
const FIVE_MINUTES = Duration.minutes(5)

const MINUTE_S = 60
const HOUR_S = 3_600

/** From this age of its oldest message on a queue is behind, in seconds, and who works it. */
const BEHIND: Record<keyof Watched['queues'], { ageS: number; worker: FunctionName }> = {
  // Older than one that failed, which comes again after a quarter of an hour and is done within
  // five minutes; younger than half an hour, when rounds are dropped.
  rounds: { ageS: 25 * MINUTE_S, worker: 'collect' },
  mails: { ageS: 20 * MINUTE_S, worker: 'notify' },
  reports: { ageS: 2 * HOUR_S, worker: 'report' },
  settlings: { ageS: 6 * HOUR_S, worker: 'settle' },
}

/** All that is watched of a pipeline. */
export function watches(watched: Watched): Watch[] {
  return [
    ...ofRounds(watched),
    ...ofDeadLetters(watched),
    ...ofFunctions(watched),
    ...ofQueueAges(watched),
    jobsAgain(watched),
    {
      name: 'schedule-dropped',
      means: 'Scheduler gave up an event: a round, report or settling was not started.',
      metric: new cloudwatch.Metric({
        namespace: 'AWS/Scheduler',
        metricName: 'InvocationDroppedCount',
        dimensionsMap: { ScheduleGroup: watched.group.scheduleGroupName },
        statistic: 'Sum',
        period: FIVE_MINUTES,
      }),
      threshold: 0,
      periods: 1,
      sooner: true,
    },
  ]
}

/** A metric that the functions of this fleet write (lib/work/metrics.ts). */
export function ownMetric(prefix: string, metricName: string, statistic: string, period: Duration) {
  const dimensionsMap = { Stack: prefix }
  return new cloudwatch.Metric({
    namespace: NAMESPACE,
    ...{ metricName, statistic, period, dimensionsMap },
  })
}

/** What the fleet is there for: rounds come to their end, and mails leave. */
function ofRounds({ settings: { everyMinutes, prefix } }: Watched): Watch[] {
  const round = Duration.minutes(everyMinutes)
  const waitMinutes = Math.max(everyMinutes, 15)
  return [
    {
      name: 'rounds-not-finished',
      means: 'No round has come to its end: new alarms are neither seen nor mailed.',
      metric: ownMetric(prefix, 'RoundsFinished', 'Sum', round),
      threshold: 1,
      isBelow: true,
      // A long round may end in the next one's time; rare rounds are waited for twice only.
      periods: everyMinutes < 60 ? 3 : 2,
    },
    {
      name: 'rounds-dropped',
      means: 'Rounds came too late and were dropped: sites are read more rarely than they should.',
      metric: ownMetric(prefix, 'RoundsDropped', 'Sum', Duration.minutes(waitMinutes)),
      threshold: 0,
      // One of many rounds may be lost to a busy hour; of rare ones each is waited for.
      ...(everyMinutes < 60 ? { periods: 3, enough: 2 } : { periods: 1, enough: 1 }),
    },
    {
      name: 'mails-waiting',
      means: 'Mails about alarms have waited for an hour, because the mail server takes none.',
      metric: ownMetric(prefix, 'MailsWaiting', 'Maximum', Duration.minutes(waitMinutes)),
      threshold: 0,
      periods: Math.max(1, Math.ceil(60 / waitMinutes)),
    },
  ]
}

function ofDeadLetters({ queues, functions, undelivered }: Watched): Watch[] {
  const depth = { period: FIVE_MINUTES, statistic: 'Maximum' }
  const letters = Object.entries(queues).map(([name, { deadLetters }]): Watch => {
    const { worker } = BEHIND[name as keyof Watched['queues']]
    return {
      name: `${name}-dead-letters`,
      means: `A message of the queue ${name} failed each time. ${meaning(functions, worker)}`,
      metric: deadLetters.metricApproximateNumberOfMessagesVisible(depth),
      threshold: 0,
      periods: 1,
    }
  })
  return [
    ...letters,
    {
      name: 'undelivered',
      means: 'An event never got to its function, or failed there each time.',
      metric: undelivered.metricApproximateNumberOfMessagesVisible(depth),
      threshold: 0,
      periods: 1,
    },
  ]
}

function ofFunctions({ functions }: Watched): Watch[] {
  const counted = { period: FIVE_MINUTES, statistic: 'Sum' }
  return [...functions].map(([name, { function: own, failureMeans }]) => ({
    name: `${name}-fails`,
    means: failureMeans,
    metric: new cloudwatch.MathExpression({
      expression: 'errors + throttles',
      usingMetrics: { errors: own.metricErrors(counted), throttles: own.metricThrottles(counted) },
      label: `Calls of ${name} that failed or were not begun`,
      period: FIVE_MINUTES,
    }),
    threshold: 0,
    // One failure is tried again by itself; that of three periods will not go by itself.
    periods: 3,
    sooner: true as const,
  }))
}

/**
 * Lambda counts a call as done whose messages are to be delivered again, so that errors of
 * functions are only those calls that were killed.
 */
function jobsAgain({ settings: { everyMinutes, prefix } }: Watched): Watch {
  const minutes = Math.min(Math.max(everyMinutes, 5), 15)
  return {
    name: 'jobs-again',
    means: 'Jobs fail as a whole, time and again: table, queues or settings are out of reach.',
    metric: ownMetric(prefix, 'JobsAgain', 'Sum', Duration.minutes(minutes)),
    threshold: 0,
    // One failure is tried again by itself; that of three periods will not go by itself.
    periods: 3,
    // What fails each time is a dead letter.
    sooner: true,
  }
}

function ofQueueAges({ queues, functions }: Watched): Watch[] {
  return Object.entries(queues).map(([name, { queue }]) => {
    const { ageS, worker } = BEHIND[name as keyof Watched['queues']]
    return {
      name: `${name}-behind`,
      means: `Messages of the queue ${name} wait too long. ${meaning(functions, worker)}`,
      metric: queue.metricApproximateAgeOfOldestMessage({
        period: FIVE_MINUTES,
        statistic: 'Maximum',
      }),
      threshold: ageS,
      periods: 1,
      sooner: true as const,
    }
  })
}

function meaning(functions: Watched['functions'], worker: FunctionName): string {
  return functions.get(worker)!.failureMeans
}
