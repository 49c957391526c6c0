/** What is counted, over all sites together: CloudWatch bills every metric by itself. */
export const METRICS = [
  'RoundsFinished',
  'RoundsDropped',
  'JobsAgain',
  'SitesFailed',
  'LinesAdded',
  'MailsSent',
  'MailsWaiting',
  'MailsBounced',
] as const

/** The name of something that is counted. */
export type MetricName = (typeof METRICS)[number]

/** Notes counts of one job. */
export type Metrics = (counts: Partial<Record<MetricName, number>>) => void

/** Where the counts are found in CloudWatch. */
export const NAMESPACE = 'Siterounds'

/**
 * Writes counts as log lines in CloudWatch's Embedded Metric Format, which cost no request. `stack`
 * is the one dimension: several fleets may live in one account.
 * Format: docs.aws.amazon.com/AmazonCloudWatch, “Specification: Embedded metric format”.
 */
export function embeddedMetrics(
  write: (line: string) => void,
  now: () => number,
  stack: string,
): Metrics {
  return (counts) => {
    const names = Object.keys(counts)
    if (names.length === 0) return
    const definition = {
      Namespace: NAMESPACE,
      Dimensions: [['Stack']],
      Metrics: names.map((Name) => ({ Name, Unit: 'Count' })),
    }
    const header = { Timestamp: now(), CloudWatchMetrics: [definition] }
    write(`${JSON.stringify({ _aws: header, Stack: stack, ...counts })}\n`)
  }
}
