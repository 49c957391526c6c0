/** The three kinds of daily file (DESIGN: feeds). */
export const FEEDS = ['system', 'alarm', 'service'] as const

/** One of the three kinds of daily file. */
export type Feed = (typeof FEEDS)[number]

/** The paths below a source that sites use unless they say otherwise; `{day}` is YYYYmmdd. */
export const DEFAULT_PATHS: Readonly<Record<Feed, string>> = {
  system: 'sys_monitor/system_info_{day}.txt',
  alarm: 'sys_alarm/system_alarm_{day}.txt',
  service: 'sys_service/system_service_{day}.txt',
}

/** A calendar day as people write it, `YYYY-MM-DD`, in the time zone of its site. */
export type Day = string

/** A language of pages and mails. */
export type Language = 'zh-CN' | 'en'

/** The unit in which a site writes memory and disk sizes. */
export type ByteUnit = 'bytes' | 'KiB' | 'MiB'

/** How a web server wants to know us. Values are the secrets themselves: never print them. */
export type HttpAuth =
  | { kind: 'basic'; user: string; password: string }
  | { kind: 'header'; name: string; value: string }

/** Day files behind a web server; paths of the feeds are appended to `url`. */
export interface HttpSourceSettings {
  kind: 'http'
  url: string
  auth?: HttpAuth
  /** CIDR ranges that the site may live in although they are private or loopback. */
  allowAddresses: string[]
  /** The longest a connection, the answer's head, or a pause within the body may take. */
  timeoutMs: number
  /** The most that is read of one day file. */
  maxFileBytes: number
}

/** Day files in a folder of this machine; paths of the feeds are appended to `path`. */
export interface DirectorySourceSettings {
  kind: 'directory'
  /** Absolute: the configuration resolves it against its own folder. */
  path: string
  maxFileBytes: number
}

/** Where a site's day files are read from. */
export type SourceSettings = HttpSourceSettings | DirectorySourceSettings

/** What is asked of one feed of a site. */
export interface FeedSettings {
  /** Path below the source, with `{day}` for YYYYmmdd. */
  path: string
}

/** One customer location, complete: every default is filled in. */
export interface Site {
  /** Matches `[A-Za-z0-9._-]{1,64}`. */
  id: string
  name: string
  /** IANA name, such as `Asia/Shanghai`. */
  timeZone: string
  /** Language of mails about this site. */
  language: Language
  source: SourceSettings
  /** Ids that the site may write in its lines; lines with others are rejects (`foreign-site`). */
  siteIds: string[]
  /** A feed that the site does not have is absent here. */
  feeds: Partial<Record<Feed, FeedSettings>>
  /** Whether a service file's counts are of its own day or of the day before. */
  serviceCountsOf: 'fileDay' | 'dayBefore'
  units: ByteUnit
  /** Which rows of a rewritten file count: all ever seen, or the newest finished generation's. */
  onRewrite: 'merge' | 'replace'
  /** Mail addresses; none means that nobody is mailed about this site. */
  recipients: string[]
}

/** From where on something is worth a mark, a mail, or an end. */
export interface Thresholds {
  cpuPercent: number
  memoryPercent: number
  diskPercent: number
  /** How long an alarm must have stood before it is mailed, in minutes. */
  standsForMinutes: number
  /** An alarm unchanged for so many days of observed time expires. */
  expireAfterDays: number
  /** A hole in a day's samples longer than this makes the day partial, in minutes. */
  gapMinutes: number
}

/** How mail leaves: by SMTP, by SES of AWS, or as files in the outbox folder. */
export type MailSettings =
  | { kind: 'outbox' | 'ses'; from: string }
  | {
      kind: 'smtp'
      from: string
      host: string
      port: number
      /** TLS from the first byte (port 465); otherwise STARTTLS is used when offered. */
      secure: boolean
      /** Refuse to send when the server offers no TLS. */
      requireTls: boolean
      auth?: { user: string; password: string }
    }

/** How pages are published. */
export interface ReportSettings {
  title: string
  /** The first is at the root of the report site, each other below its own folder. */
  languages: Language[]
  /** Where readers find the report site, ending in `/`; mails link there when it is set. */
  publicUrl?: string
  /** While `run` keeps the schedule, today's pages are rebuilt no more often than this. */
  todayEveryMinutes: number
}

/** The whole configuration, validated, with every default filled in and every secret resolved. */
export interface Settings {
  /** The embedded back end's folder, absolute: state.db, site/, outbox/, archive/. */
  state: string
  sites: Site[]
  /** Absolute path of the CSV that gives alarm names words and severities. */
  alarmDictionary?: string
  thresholds: Thresholds
  mail: MailSettings
  report: ReportSettings
  retention: { keepDays: number; settleAfterDays: number }
  schedule: {
    everyMinutes: number
    sitesAtOnce: number
    /** Files of all feeds but alarms are read no oftener; absent for every round. */
    samplesEveryMinutes?: number
  }
  /** Port of `serve` and `run`. */
  serve: { port: number }
}

/** The grammar of a site id (DESIGN section 1). */
export const SITE_ID = /^[A-Za-z0-9._-]{1,64}$/
