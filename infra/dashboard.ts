import { Duration } from 'aws-cdk-lib'
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch'
import { Construct } from 'constructs'
import type { Watched } from './monitoring.ts'
import { ownMetric } from './watches.ts'

/** Columns of a dashboard that one of its graphs takes: three stand side by side. */
const WIDTH = 8

const FIVE_MINUTES = Duration.minutes(5)

/** One page that shows how the fleet is, in the order in which one looks. */
export class Dashboard extends Construct {
  constructor(
    scope: Construct,
    id: string,
    { watched, alarms }: { watched: Watched; alarms: cloudwatch.IAlarm[] },
  ) {
    super(scope, id)
    const { prefix } = watched.settings
    new cloudwatch.Dashboard(this, 'Page', {
      dashboardName: prefix,
      widgets: [
        [new cloudwatch.AlarmStatusWidget({ alarms, width: 3 * WIDTH, title: 'Alarms' })],
        [
          graph('Rounds finished, and dropped', [
            ownMetric(prefix, 'RoundsFinished', 'Sum', FIVE_MINUTES),
            ownMetric(prefix, 'RoundsDropped', 'Sum', FIVE_MINUTES),
          ]),
          graph('Mails waiting', [ownMetric(prefix, 'MailsWaiting', 'Maximum', FIVE_MINUTES)]),
          graph('Messages waiting', queueMetrics(watched)),
        ],
        functionGraphs(watched),
      ],
    })
  }
}

function graph(title: string, left: cloudwatch.IMetric[]): cloudwatch.GraphWidget {
  const leftYAxis = { min: 0, showUnits: false }
  return new cloudwatch.GraphWidget({ title, left, width: WIDTH, leftYAxis })
}

function queueMetrics({ queues, undelivered }: Watched): cloudwatch.IMetric[] {
  const shown = { period: FIVE_MINUTES, statistic: 'Maximum' }
  const own = Object.entries(queues).flatMap(([name, { queue, deadLetters }]) => [
    queue.metricApproximateNumberOfMessagesVisible({ ...shown, label: name }),
    deadLetters.metricApproximateNumberOfMessagesVisible({ ...shown, label: `${name}, dead` }),
  ])
  const label = 'undelivered'
  return [...own, undelivered.metricApproximateNumberOfMessagesVisible({ ...shown, label })]
}

function functionGraphs({ functions, settings: { prefix } }: Watched): cloudwatch.GraphWidget[] {
  const all = [...functions].map(([label, { function: own }]) => ({ label, own }))
  return [
    graph(
      'Calls',
      all.map(({ label, own }) => own.metricInvocations({ label })),
    ),
    graph('Errors, and jobs tried again', [
      ...all.map(({ label, own }) => own.metricErrors({ label })),
      ownMetric(prefix, 'JobsAgain', 'Sum', FIVE_MINUTES),
    ]),
    graph(
      'Longest call, ms',
      all.map(({ label, own }) => own.metricDuration({ label, statistic: 'Maximum' })),
    ),
  ]
}
