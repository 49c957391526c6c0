import { resolve } from 'node:path'
import { z } from 'zod'
import type { Issue } from './config-findings.ts'
import { reference } from './config-problems.ts'
import {
  baseUrlRule,
  cidrRule,
  feedPathRule,
  fileRule,
  hostRule,
  lineIdRule,
  mailAddressRule,
  nameRule,
  type Rule,
  siteIdRule,
  timeZoneRule,
} from './config-rules.ts'
import {
  HEADER_NAME,
  HEADER_VALUE,
  HTTP_USER,
  MAIL_USER,
  PASSWORD,
  resolveSecret,
  type SlotRules,
  type Surroundings,
  VARIABLE,
} from './config-secrets.ts'
import { DEFAULT_PATHS, type Feed, SITE_ID } from './site.ts'

/** 1 GiB: a day file larger than this is a mistake at the site. */
const MAX_FILE_BYTES = 1_073_741_824

/** Ten minutes: a round that waits longer for one pause would miss the next rounds. */
const MOST_TIMEOUT_MS = 600_000

/** Ten years, in days. */
const MOST_DAYS = 3_650

const DAY_MINUTES = 1_440

/** What the configuration file says, with secrets, paths and most defaults filled in. */
export type Written = z.output<ReturnType<typeof fileSchema>>

/** Reads plain values against the schema; every problem at once. */
export function readWritten(
  value: unknown,
  around: Surroundings,
): { written: Written } | { issues: readonly Issue[] } {
  const result = fileSchema(around).safeParse(value)
  if (result.success) return { written: result.data }
  return { issues: result.error.issues as unknown as readonly Issue[] }
}

/** JSON Schema (draft 7, which editors know best) of the configuration file. */
export function settingsSchema(): object {
  const schema = z.toJSONSchema(fileSchema({ folder: '.', env: {} }), {
    io: 'input',
    target: 'draft-7',
    // Zod leaves out the examples of what holds a transform; ours are examples of the input.
    override: ({ zodSchema, jsonSchema }) => {
      const examples = z.globalRegistry.get(zodSchema)?.examples
      if (Array.isArray(examples)) jsonSchema.examples = examples
    },
  })
  return { title: 'siterounds.yaml', ...schema }
}

/** A text with a description, an example and a rule. */
function text(description: string, example: string, rule: Rule, more: { pattern?: string } = {}) {
  return z
    .string()
    .superRefine((value, context) => {
      const finding = rule(value)
      if (!finding) return
      context.addIssue({ code: 'custom', message: finding.message, params: { fix: finding.fix } })
    })
    .meta({ description, examples: [example], ...more })
}

/** A whole number from `least` to `most`. */
function whole(description: string, least: number, most: number) {
  return z.number().int().min(least).max(most).describe(description)
}

/** A place for a secret: `${NAME}` or `{ file }`, resolved while the file is read. */
function secret(description: string, example: string, rules: SlotRules, around: Surroundings) {
  const pattern = rules.literal ? {} : { pattern: VARIABLE.source }
  return z
    .union([
      z.string().meta(pattern),
      z.strictObject({ file: text('The file that holds the value.', './secrets/bj01', fileRule) }),
    ])
    .meta({ description, examples: [example] })
    .transform((written, context) => {
      const found = resolveSecret(written, rules, around)
      if ('text' in found) return found.text
      context.addIssue({ code: 'custom', message: found.message, params: { fix: found.fix } })
      return z.NEVER
    })
}

function path(description: string, example: string, { folder }: Surroundings) {
  return text(description, example, fileRule).transform((written) => resolve(folder, written))
}

const languageSchema = z.enum(['zh-CN', 'en'])

function httpAuthSchema(around: Surroundings) {
  return z
    .discriminatedUnion('kind', [
      z.strictObject({
        kind: z.literal('basic'),
        user: secret('The user.', 'rounds', HTTP_USER, around),
        password: secret(
          'The password, by reference.',
          reference('BJ01_PASSWORD'),
          PASSWORD,
          around,
        ),
      }),
      z.strictObject({
        kind: z.literal('header'),
        name: secret('The name of the header.', 'Authorization', HEADER_NAME, around),
        value: secret(
          'Its whole value, by reference.',
          reference('BJ01_TOKEN'),
          HEADER_VALUE,
          around,
        ),
      }),
    ])
    .meta({
      description: 'How the web server wants to know us.',
      examples: [{ kind: 'basic', user: 'rounds', password: reference('BJ01_PASSWORD') }],
    })
}

function sourceSchema(around: Surroundings) {
  const siteIds = z
    .array(text('An id as the site writes it.', 'bj01', lineIdRule))
    .min(1)
    .optional()
    .meta({
      description: 'Ids that the site may write in its lines. Default: its own id.',
      examples: [['bj01']],
    })
  const maxFileBytes = whole('The most that is read of one day file, in bytes.', 1, 2 ** 40)
  const shared = { siteIds, maxFileBytes: maxFileBytes.default(MAX_FILE_BYTES) }
  return z
    .discriminatedUnion('kind', [
      z.strictObject({
        kind: z.literal('http'),
        url: text(
          'The folder of the feeds on the web.',
          'https://portal.example/bj01',
          baseUrlRule,
        ),
        auth: httpAuthSchema(around).optional(),
        allowAddresses: z
          .array(text('An address range.', '10.0.0.0/8', cidrRule))
          .default([])
          .describe('Private or loopback ranges that the site may live in.'),
        timeoutMs: whole('The longest pause, in milliseconds.', 1, MOST_TIMEOUT_MS).default(15_000),
        ...shared,
      }),
      z.strictObject({
        kind: z.literal('directory'),
        path: path('The folder that holds the feeds.', './portals/bj01', around),
        ...shared,
      }),
    ])
    .meta({
      description: 'Where the day files are read from.',
      examples: [{ kind: 'directory', path: './portals/bj01' }],
    })
}

/** One feed: `false` when the site has no such feed. */
function feedSchema<Extra extends z.ZodRawShape>(feed: Feed, extra: Extra) {
  const description = `Path below the source; {day} is YYYYmmdd.`
  const keys = {
    path: text(description, DEFAULT_PATHS[feed], feedPathRule).default(DEFAULT_PATHS[feed]),
    ...extra,
  }
  return z
    .union([z.literal(false), z.strictObject(keys)])
    .prefault({} as never)
    .meta({ description: `The ${feed} feed, or false when the site has none.`, examples: [false] })
}

const feedsSchema = z
  .strictObject({
    system: feedSchema('system', {}),
    alarm: feedSchema('alarm', {}),
    service: feedSchema('service', {
      countsOf: z
        .enum(['fileDay', 'dayBefore'])
        .default('fileDay')
        .describe('The day that the counts are of: the one in the file name, or the day before.'),
    }),
  })
  .prefault({})
  .describe('What the site offers. Default: all three feeds at their usual paths.')

function siteSchema(around: Surroundings) {
  return z
    .strictObject({
      id: text('Names the site in folders, pages and keys.', 'bj01', siteIdRule, {
        pattern: SITE_ID.source,
      }),
      name: text('What people call the site. Default: its id.', '北京一局', nameRule).optional(),
      timeZone: text('IANA time zone of the site.', 'Asia/Shanghai', timeZoneRule),
      language: languageSchema.optional().describe('Language of mails about this site.'),
      source: sourceSchema(around),
      feeds: feedsSchema,
      units: z
        .enum(['bytes', 'KiB', 'MiB'])
        .default('bytes')
        .describe('Unit of memory and disk sizes in the system feed.'),
      onRewrite: z
        .enum(['merge', 'replace'])
        .default('merge')
        .describe(
          'When a day file was rewritten: count all lines ever seen, or only the newest file.',
        ),
      recipients: z
        .array(text('A mail address.', 'ops@example.com', mailAddressRule))
        .default([])
        .meta({ description: 'Who is mailed about this site.', examples: [['ops@example.com']] }),
    })
    .meta({ description: 'One customer location.', examples: [SAMPLE_SITE] })
}

const thresholdsSchema = z
  .strictObject({
    cpuPercent: percent('A CPU busier than this is marked.').default(85),
    memoryPercent: percent('Memory fuller than this is marked.').default(90),
    diskPercent: percent('A disk fuller than this is marked.').default(85),
    standsForMinutes: minutes('An alarm is mailed after standing this long.').default(15),
    expireAfterDays: z
      .number()
      .gt(0)
      .max(MOST_DAYS)
      .default(2)
      .describe('An alarm unchanged for so many days of observed time expires.'),
    gapMinutes: z
      .number()
      .gt(0)
      .max(DAY_MINUTES)
      .default(60)
      .describe('A hole in the samples longer than this makes the day partial.'),
  })
  .prefault({})
  .describe('From where on something is worth a mark, a mail, or an end.')

function percent(description: string) {
  return z.number().gt(0).max(100).describe(description)
}

function minutes(description: string) {
  return z
    .number()
    .min(0)
    .max(MOST_DAYS * DAY_MINUTES)
    .describe(description)
}

function mailSchema(around: Surroundings) {
  const from = text('The sender.', 'siterounds@example.com', mailAddressRule).default(
    'siterounds@localhost',
  )
  return z
    .discriminatedUnion('kind', [
      z.strictObject({ kind: z.literal('outbox'), from }),
      z.strictObject({ kind: z.literal('ses'), from }),
      z.strictObject({
        kind: z.literal('smtp'),
        from,
        host: text('The mail server.', 'smtp.example.com', hostRule),
        port: whole('Default: 465 when `secure`, else 587.', 1, 65_535).optional(),
        secure: z
          .boolean()
          .optional()
          .describe('TLS from the first byte. Default: only on port 465.'),
        requireTls: z
          .boolean()
          .optional()
          .describe('Refuse a server without TLS. Default: true when `auth` is given.'),
        auth: z
          .strictObject({
            user: secret('The user.', 'rounds', MAIL_USER, around),
            password: secret(
              'The password, by reference.',
              reference('SMTP_PASSWORD'),
              PASSWORD,
              around,
            ),
          })
          .optional()
          .meta({
            description: 'The login at the mail server.',
            examples: [{ user: 'rounds', password: reference('SMTP_PASSWORD') }],
          }),
      }),
    ])
    .prefault({ kind: 'outbox' })
    .meta({
      description: 'How mail leaves: by SMTP, by SES of AWS, or as files in the outbox folder.',
      examples: [{ kind: 'outbox' }],
    })
}

const reportSchema = z
  .strictObject({
    title: text('Title of the report.', 'Siterounds', nameRule).default('Siterounds'),
    languages: z
      .array(languageSchema)
      .min(1)
      .default(['zh-CN', 'en'])
      .describe('The first is at the root of the report, each other below its own folder.'),
    publicUrl: text('Where readers find the report.', 'https://rounds.example/', baseUrlRule)
      .transform((url) => (url.endsWith('/') ? url : `${url}/`))
      .optional(),
    todayEveryMinutes: whole('Pause between rebuilds of today.', 0, DAY_MINUTES).default(10),
  })
  .prefault({})
  .describe('How pages are published.')

const retentionSchema = z
  .strictObject({
    keepDays: whole('Days until records leave the table for the archive.', 1, MOST_DAYS).default(
      35,
    ),
    settleAfterDays: whole('Days until a day is settled again.', 1, MOST_DAYS).default(2),
  })
  .prefault({})
  .describe('How long what is kept where.')

/** When a file was read is noted every 45 minutes: a shorter pause could not be told. */
const LEAST_SAMPLES_MINUTES = 45

const scheduleSchema = z
  .strictObject({
    everyMinutes: whole('Pause between rounds.', 1, DAY_MINUTES).default(5),
    sitesAtOnce: whole('Sites that are read at the same time.', 1, 256).default(8),
    samplesEveryMinutes: whole(
      'Pause between readings of system and service files; alarm files are read by every round.',
      LEAST_SAMPLES_MINUTES,
      DAY_MINUTES,
    ).optional(),
  })
  .prefault({})
  .describe('When rounds are made.')

function fileSchema(around: Surroundings) {
  return z
    .strictObject({
      state: path('Folder of the database, pages, outbox and archive.', './var', around),
      language: languageSchema.default('zh-CN').describe('Language of sites that name none.'),
      sites: z
        .array(siteSchema(around))
        .min(1)
        .meta({ description: 'The sites.', examples: [[SAMPLE_SITE]] }),
      alarmDictionary: path('CSV of alarm names.', './alarms.csv', around).optional(),
      thresholds: thresholdsSchema,
      mail: mailSchema(around),
      report: reportSchema,
      retention: retentionSchema,
      schedule: scheduleSchema,
      serve: z
        .strictObject({
          port: whole('Port of `serve` and `run`; 0 takes a free one.', 0, 65_535).default(8080),
        })
        .prefault({})
        .describe('The web server of this machine.'),
    })
    .describe('Configuration of Siterounds.')
}

const SAMPLE_SITE = {
  id: 'bj01',
  timeZone: 'Asia/Shanghai',
  source: { kind: 'directory', path: './portals/bj01' },
}
