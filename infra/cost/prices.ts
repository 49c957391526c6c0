/*
 * List prices in US dollars, region us-east-1, without any free allotment and without discounts.
 * They are as noted on 2026-11-22, without a look at AWS's pages on that day. Each page is named:
 * check the prices there before you make a budget of them. Other regions differ.
 */

/** The day of which the prices are. */
export const PRICES_NOTED = '2026-11-22'

const MILLION = 1_000_000

/** Prices by service; the comment before each group is the page on which they stand. */
export const PRICES = {
  /** https://aws.amazon.com/dynamodb/pricing/on-demand/ (standard table class). */
  dynamodb: {
    /** A write of 1 KB begun. */
    writeUnit: 0.625 / MILLION,
    /** A strongly consistent read of 4 KB begun. */
    readUnit: 0.125 / MILLION,
    storedGbMonth: 0.25,
    /** Point-in-time recovery, for each GB of the table. */
    recoveryGbMonth: 0.2,
  },
  /** https://aws.amazon.com/s3/pricing/ (S3 Standard; PUT stands for LIST as well). */
  s3: { put: 5 / MILLION, get: 0.4 / MILLION, storedGbMonth: 0.023 },
  /** https://aws.amazon.com/lambda/pricing/ (Arm). */
  lambda: { gbSecond: 0.0000133334, request: 0.2 / MILLION },
  /** https://aws.amazon.com/sqs/pricing/ (standard queues). */
  sqs: { request: 0.4 / MILLION },
  /** https://aws.amazon.com/eventbridge/pricing/ (Scheduler). */
  scheduler: { invocation: 1 / MILLION },
  /** https://aws.amazon.com/ses/pricing/ (for each recipient). */
  ses: { mail: 0.1 / 1_000 },
  /** https://aws.amazon.com/cloudwatch/pricing/ */
  cloudwatch: {
    logGb: 0.5,
    logStoredGbMonth: 0.03,
    /** For each metric that an alarm looks at. */
    alarmMetric: 0.1,
    ownMetric: 0.3,
    dashboard: 3,
  },
  /** https://aws.amazon.com/secrets-manager/pricing/ */
  secrets: { secret: 0.4, call: 0.05 / 10_000 },
  /** https://aws.amazon.com/ec2/pricing/on-demand/ (data transfer out to the internet). */
  dataOut: { gb: 0.09 },
  /** https://aws.amazon.com/vpc/pricing/ (the address is a public IPv4 one). */
  nat: { hour: 0.045, gb: 0.045, addressHour: 0.005 },
  /** https://aws.amazon.com/cloudfront/pricing/ (readers in the United States and Europe). */
  cloudfront: {
    request: 1 / MILLION,
    gb: 0.085,
    functionCall: 0.1 / MILLION,
    keyRead: 0.03 / MILLION,
  },
} as const
