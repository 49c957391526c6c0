import type { Node } from 'constructs'
import { unknownSetting } from './unknown-setting.ts'

/**
 * What a deployment may decide, under `context.siterounds` in cdk.json; `-c everyMinutes=60` holds
 * for one command alone, and the next one takes it back. infra/README.md lists them.
 */
export interface InfraSettings {
  /** Begins the names of all stacks; some are the account's, so it differs between regions too. */
  prefix: string
  /** Minutes from round to round, and between looks at what is to be reported or settled. */
  everyMinutes: number
  reportEveryMinutes: number
  settleEveryMinutes: number
  /** The time zone in which the hours of schedules are counted. */
  timeZone: string
  /** Sites that ride in one message. */
  sitesPerMessage: number
  /** Messages of a queue that are worked at the same time. */
  roundsAtOnce: number
  mailsAtOnce: number
  reportsAtOnce: number
  settlingsAtOnce: number
  /** Days that the logs of the functions are kept. */
  logDays: number
  /** `few` leaves out the alarms that only tell sooner what others tell. */
  alarms: 'all' | 'few'
  /** Who is mailed when an alarm is raised. */
  operatorMail?: string
  /** The domain of `mail.from`; without it nothing of SES is made, and mail leaves by SMTP. */
  mailDomain?: string
  /** A name below `mailDomain` that bounces return to, so that SPF passes for the domain. */
  mailFromDomain?: string
  /** `closed` asks every reader for a signed link; `public` must be written to open the site. */
  access: 'closed' | 'public'
  /** The report site's own name, with the ARN of its certificate in us-east-1. */
  domain?: string
  certificateArn?: string
  /** In China: the id of its certificate among those of IAM. */
  certificateId?: string
  /** Which edge locations of CloudFront serve the report site. */
  priceClass: '100' | '200' | 'all'
  /** An existing VPC from which sites are reached, and private subnets of it. */
  vpcId?: string
  privateSubnetIds?: string[]
}

/** How one setting is read: its default, and what it may be in words and in code. */
interface Reader {
  standard?: string | number
  is: string
  read(text: string): unknown
}

/** Minutes that divide the hour, or hours that divide the day: cron can say no others evenly. */
export const CADENCES = [
  1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30, 60, 120, 180, 240, 360, 480, 720, 1440,
] as const

/** How long CloudWatch Logs can keep logs, in days. */
const LOG_DAYS = [
  1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288,
  3653,
]

function matching(pattern: RegExp, is: string, standard?: string): Reader {
  return {
    is,
    read: (text) => (pattern.test(text) ? text : undefined),
    ...(standard && { standard }),
  }
}

function oneOf(values: readonly (string | number)[], standard: string | number): Reader {
  return {
    standard,
    is: `one of ${values.join(', ')}`,
    read: (text) => values.find((value) => String(value) === text),
  }
}

function whole(from: number, to: number, standard: number): Reader {
  return {
    standard,
    is: `a whole number from ${from} to ${to}`,
    read: (text) => (/^\d+$/.test(text) && +text >= from && +text <= to ? +text : undefined),
  }
}

/** Names with commas between, as the command line gives them. */
function list(pattern: RegExp, is: string): Reader {
  const read = (text: string) => {
    const names = text.split(',').map((name) => name.trim())
    return names.every((name) => pattern.test(name)) ? names : undefined
  }
  return { is, read }
}

const DOMAIN = /^(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$/
const ATTRIBUTES = 'a domain such as example.org'

/** Two is the least that an event source of SQS may be limited to, 1,000 the most. */
const atOnce = (standard: number) => whole(2, 1_000, standard)

const READERS: Record<keyof InfraSettings, Reader> = {
  prefix: matching(/^[a-z][a-z0-9-]{0,30}$/, 'a-z, 0-9 and -, at most 31 of them', 'siterounds'),
  everyMinutes: oneOf(CADENCES, 5),
  reportEveryMinutes: oneOf(CADENCES, 60),
  settleEveryMinutes: oneOf(CADENCES, 60),
  timeZone: {
    standard: 'UTC',
    is: 'a time zone such as Asia/Shanghai',
    read: (text) => (isTimeZone(text) ? text : undefined),
  },
  sitesPerMessage: whole(1, 1_000, 20),
  roundsAtOnce: atOnce(20),
  mailsAtOnce: atOnce(2),
  reportsAtOnce: atOnce(5),
  settlingsAtOnce: atOnce(5),
  logDays: oneOf(LOG_DAYS, 30),
  alarms: oneOf(['all', 'few'], 'all'),
  operatorMail: matching(/^[^\s@,]+@[^\s@,]+$/, 'one mail address'),
  mailDomain: matching(DOMAIN, ATTRIBUTES),
  mailFromDomain: matching(DOMAIN, 'a name below mailDomain, such as bounce.example.org'),
  access: oneOf(['closed', 'public'], 'closed'),
  domain: matching(DOMAIN, ATTRIBUTES),
  certificateArn: matching(
    /^arn:aws:acm:us-east-1:\d{12}:certificate\/[\w-]+$/,
    'the ARN of a certificate in us-east-1, where CloudFront looks for it',
  ),
  certificateId: matching(/^[A-Z0-9]{16,128}$/, 'the id of a server certificate of IAM'),
  priceClass: oneOf(['100', '200', 'all'], '200'),
  vpcId: matching(/^vpc-[0-9a-f]{8,17}$/, 'the id of a VPC such as vpc-0a1b2c3d'),
  privateSubnetIds: list(
    /^subnet-[0-9a-f]{8,17}$/,
    'subnets with commas between, such as subnet-0a1b2c3d,subnet-0e1f2a3b',
  ),
}

/** The names of all settings. */
export const SETTING_NAMES = Object.keys(READERS) as (keyof InfraSettings)[]

/** Keys of the context that are no settings, and hold neither a colon nor a slash. */
const OTHER_KEYS = ['siterounds', 'cli-telemetry', 'cdk-migrate', 'acknowledged-issue-numbers']

/**
 * Whether a key of the context is the CDK's own: its flags (`@aws-cdk/…`), its command line's
 * (`aws:cdk:…`) and what it looked up in an account (`vpc-provider:…`) all hold a colon or a slash.
 */
function isOfCdk(key: string): boolean {
  return /[:/]/.test(key) || OTHER_KEYS.includes(key)
}

/** Whether a region lies in the partition of China, which lacks some services. */
export function isChina(region: string | undefined): boolean {
  return region?.startsWith('cn-') ?? false
}

/**
 * Reads the settings from the context of a construct; the region is where the stacks are to go, if
 * that is known. Throws all that is wrong at once, each with what to write.
 */
export function readInfraSettings(
  node: Pick<Node, 'tryGetContext' | 'getAllContext'>,
  region?: string,
): InfraSettings {
  const kept = (node.tryGetContext('siterounds') ?? {}) as Record<string, unknown>
  const given = Object.keys(node.getAllContext()).filter((key) => !isOfCdk(key))
  const unknown = [...Object.keys(kept), ...given].filter((key) => !Object.hasOwn(READERS, key))
  const wrong = [...new Set(unknown)].map((key) => unknownSetting(key, SETTING_NAMES))
  const settings: Record<string, unknown> = {}
  for (const [key, { standard, is, read }] of Object.entries(READERS)) {
    const value = node.tryGetContext(key) ?? kept[key] ?? standard
    if (value === undefined) continue
    settings[key] = read(String(value))
    if (settings[key] === undefined) wrong.push(`${key} is ${is}, not “${value}”`)
  }
  wrong.push(...disagreements(settings as unknown as InfraSettings, isChina(region)))
  if (wrong.length === 0) return settings as unknown as InfraSettings
  throw new Error(
    `Wrong settings of the deployment: ${wrong.join('; ')}. ` +
      'Give them under context.siterounds in cdk.json, or for one command with -c key=value.',
  )
}

/** What is wrong with settings that are right one by one. */
function disagreements(settings: InfraSettings, china: boolean): string[] {
  const { domain, certificateArn, certificateId, mailDomain, mailFromDomain } = settings
  const { vpcId, privateSubnetIds } = settings
  const certificate = china ? certificateId : certificateArn
  const cases: [boolean, string][] = [
    [
      Boolean(domain) !== Boolean(certificate),
      `domain and ${china ? 'certificateId' : 'certificateArn'} go together`,
    ],
    [china && !domain, 'in China CloudFront serves own names only: give domain'],
    [
      china && settings.access === 'closed',
      'in China CloudFront has no functions that could ask for links: write access=public',
    ],
    [!china && certificateId !== undefined, 'certificateId is for regions of China'],
    [china && certificateArn !== undefined, 'in China give certificateId, not certificateArn'],
    [china && mailDomain !== undefined, 'in China there is no SES: leave out mailDomain'],
    [
      mailFromDomain !== undefined && !mailFromDomain.endsWith(`.${mailDomain}`),
      'mailFromDomain is a name below mailDomain',
    ],
    [Boolean(vpcId) !== Boolean(privateSubnetIds), 'vpcId and privateSubnetIds go together'],
  ]
  return cases.filter(([isWrong]) => isWrong).map(([, what]) => what)
}

function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }) !== undefined && !/^[+-]/.test(name)
  } catch {
    return false
  }
}
