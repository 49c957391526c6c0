import { type Calls, callsOf } from './calls.ts'
import type { CostCase } from './case.ts'
import { gbSecondsOf } from './compute.ts'
import { ACCESS_LOG_DAYS, FIXED, partsOf } from './deployment.ts'
import { PRICES } from './prices.ts'
import { type JobName, MEASURED, type Measured, type Pace, paceOf, type Usage } from './usage.ts'

/** One line of the bill. */
export interface CostRow {
  name: string
  /** US dollars a month. */
  usd: number
  /** True for what is paid whatever the number of sites. */
  fixed: boolean
}

/** What a fleet costs in a month: the rows that add up, and what may come to them. */
export interface MonthlyCost {
  rows: CostRow[]
  /** Paid only by those who choose it; no part of the sum. */
  optional: CostRow[]
  /** Sums of the rows that grow with the fleet, and of those that do not. */
  variableUsd: number
  fixedUsd: number
}

/** A month, in days: a twelfth of a year. */
export const MONTH_DAYS = 30.4

/** Archive and pages are kept for good; this is what they cost when a year of them is there. */
export const STORED_DAYS = 365

/** Page views a month of the row for CloudFront. */
export const PAGE_VIEWS = 10_000

/** What all rows are computed from. */
interface Reckoning {
  one: CostCase
  measured: Measured
  pace: Pace
  calls: Calls
}

/**
 * What this fleet costs in a month, by list prices and what was measured. Figures of the case are
 * not checked.
 */
export function monthlyCost(one: CostCase, measured: Measured = MEASURED): MonthlyCost {
  const pace = paceOf(one.everyMinutes, measured)
  const from: Reckoning = { one, measured, pace, calls: callsOf(one) }
  const rows = [
    ...fixedRows(),
    ...tableRows(from),
    ...objectRows(from),
    ...lambdaRows(from),
    ...otherRows(from),
  ]
  const sum = (isFixed: boolean) =>
    rows.filter(({ fixed }) => fixed === isFixed).reduce((all, { usd }) => all + usd, 0)
  return { rows, optional: optionalRows(from), variableUsd: sum(false), fixedUsd: sum(true) }
}

const GB = 1024 ** 3

/** Calls that wait at an empty queue: five of them side by side, for 20 s each. */
const WAITS_A_DAY = (5 * 86_400) / 20

function fixedRows(): CostRow[] {
  const { cloudwatch, secrets, sqs } = PRICES
  const row = (name: string, usd: number) => ({ name, usd, fixed: true })
  const metrics = FIXED.ownMetrics + FIXED.mailMetrics
  const waits = FIXED.queues * WAITS_A_DAY * MONTH_DAYS
  return [
    row('CloudWatch: alarms', FIXED.alarmMetrics * cloudwatch.alarmMetric),
    row('CloudWatch: metrics', metrics * cloudwatch.ownMetric),
    row('CloudWatch: dashboard', FIXED.dashboards * cloudwatch.dashboard),
    row('Secrets Manager: secrets', FIXED.secrets * secrets.secret),
    row('SQS: waiting at empty queues', waits * sqs.request),
  ]
}

/** Units that a message reads of the settings: the version, and a part of 200 sites. */
const MESSAGE_UNITS = 6

/** Units that the ids of all sites take, for each site: four for a part of 200. */
const ID_UNITS = 4 / 200

function tableRows({ one, pace, calls }: Reckoning): CostRow[] {
  const { dynamodb } = PRICES
  const messages = Object.values(calls.messages).reduce((sum, count) => sum + count, 0)
  const settleTicks = calls.messages.settle / partsOf(one.sites)
  const processes = settleTicks * Math.min(partsOf(one.sites), one.settlingsAtOnce)
  const idReads = (calls.ticks + processes) * (one.sites * ID_UNITS + 1)
  const readUnits = inAll(calls, pace, 'readUnits') + messages * MESSAGE_UNITS + idReads
  const storedGb = (one.sites * one.keepDays * pace.tableBytes) / GB
  return [
    monthly('DynamoDB: reads', readUnits * dynamodb.readUnit),
    monthly('DynamoDB: writes', inAll(calls, pace, 'writeUnits') * dynamodb.writeUnit),
    grows(
      'DynamoDB: storage and recovery',
      storedGb * (dynamodb.storedGbMonth + dynamodb.recoveryGbMonth),
    ),
  ]
}

/** Files that a part of the fleet has in the archive for a day: one of each feed. */
const PARQUET_FILES = 3

/** What S3 notes of each request in the bucket of access logs. */
const ACCESS_NOTE_BYTES = 600

function objectRows({ one, measured, pace, calls }: Reckoning): CostRow[] {
  const { s3 } = PRICES
  const { archive, parquet, pages } = measured.storedBytes
  const byLanguage = one.languages / measured.languages
  // What is put is pages nearly always; beside them the pages of all sites, and Parquet files.
  const own = inAll(calls, pace, 'puts') * byLanguage
  const fleet = (calls.jobs.report / one.sites) * one.languages
  const puts = own + fleet + partsOf(one.sites) * PARQUET_FILES
  const gets = inAll(calls, pace, 'gets')
  const storedBytes = one.sites * STORED_DAYS * (archive + parquet + pages * byLanguage)
  const notesBytes = (puts + gets) * ACCESS_LOG_DAYS * ACCESS_NOTE_BYTES
  return [
    monthly('S3: requests', puts * s3.put + gets * s3.get),
    grows('S3: storage, a year of it', ((storedBytes + notesBytes) / GB) * s3.storedGbMonth),
  ]
}

function lambdaRows({ one, pace, calls }: Reckoning): CostRow[] {
  const { lambda } = PRICES
  const all = gbSecondsOf(one, calls, pace)
  const gbSeconds = Object.values(all).reduce((sum, own) => sum + own, 0)
  return [
    monthly('Lambda: compute', gbSeconds * lambda.gbSecond),
    monthly('Lambda: requests', callsOfFunctions(calls) * lambda.request),
  ]
}

/** Bytes that a request sends to a site, its share of making the connection included. */
const ASKING_BYTES = 1_500

function otherRows({ one, measured, pace, calls }: Reckoning): CostRow[] {
  const { sqs, scheduler, ses, cloudwatch, secrets, dataOut } = PRICES
  const logGb = (callsOfFunctions(calls) * measured.logBytes.perMessage) / GB
  const logUsd = cloudwatch.logGb + (cloudwatch.logStoredGbMonth * one.logDays) / MONTH_DAYS
  // Each process reads the secret of the sites anew after five minutes.
  const roundTicks = calls.jobs.round / one.sites
  const secretReads = Math.min(calls.messages.collect, roundTicks * one.roundsAtOnce)
  return [
    monthly('SQS: messages', calls.queueRequests * sqs.request),
    monthly('Scheduler', calls.ticks * scheduler.invocation),
    monthly('SES: mails', calls.jobs.mail * ses.mail),
    monthly('CloudWatch: logs', logGb * logUsd),
    monthly('Secrets Manager: reads', secretReads * secrets.call),
    monthly('Data out to the sites', (askedBytes(calls, pace) / GB) * dataOut.gb),
  ]
}

function optionalRows({ one, measured, pace, calls }: Reckoning): CostRow[] {
  const { nat, cloudfront, s3 } = PRICES
  const { siteDay, pageView } = measured.readBytes
  // A day is read as it grows, and once more when it is settled.
  const natGb = (2 * one.sites * siteDay + askedBytes(calls, pace)) / GB
  const natUsd = 24 * (nat.hour + nat.addressHour) + natGb * nat.gb
  const view =
    cloudfront.request +
    cloudfront.functionCall +
    cloudfront.keyRead +
    s3.get +
    (pageView / GB) * cloudfront.gb
  return [
    monthly('NAT gateway, for a fixed outgoing address', natUsd),
    grows(`CloudFront, ${PAGE_VIEWS.toLocaleString('en-US')} page views`, PAGE_VIEWS * view),
  ]
}

function askedBytes(calls: Calls, pace: Pace): number {
  return inAll(calls, pace, 'requests') * ASKING_BYTES
}

function callsOfFunctions({ ticks, messages }: Calls): number {
  return ticks + Object.values(messages).reduce((sum, count) => sum + count, 0)
}

/** What all jobs of a day ask for, of one kind. */
function inAll({ jobs }: Calls, { usage }: Pace, what: keyof Usage): number {
  const names = Object.keys(jobs) as JobName[]
  return names.reduce((sum, name) => sum + jobs[name] * usage[name][what], 0)
}

/** A row that grows with the fleet, by what is paid for a day. */
function monthly(name: string, usdADay: number): CostRow {
  return grows(name, usdADay * MONTH_DAYS)
}

/** A row that grows with the fleet. */
function grows(name: string, usd: number): CostRow {
  return { name, usd, fixed: false }
}
