import { reference } from './config-problems.ts'

/** The schema's file, which `init` writes beside the configuration; the sample refers to it. */
export const SCHEMA_FILE = 'siterounds.schema.json'

/**
 * A commented configuration to start from. It is valid as it stands; only its sites are made up.
 * Keys that are commented out show their defaults, unless they say otherwise.
 */
export function sampleSettings(): string {
  const password = reference('BJ01_PASSWORD')
  const token = reference('BJ01_TOKEN')
  const smtpPassword = reference('SMTP_PASSWORD')
  return `# yaml-language-server: $schema=./${SCHEMA_FILE}
# Configuration of Siterounds. \`siterounds check\` says whether it is sound.
# Relative paths start at the folder of this file.

state: ./var                       # database, pages, outbox and archive
# language: zh-CN                  # of mails about sites that name none: zh-CN or en

sites:
  - id: bj01                       # names folders and pages: letters, digits, . _ -
    name: 北京一局                 # what people read; default: the id
    timeZone: Asia/Shanghai
    source:
      kind: http
      url: "http://127.0.0.1:8081/bj01"
      allowAddresses: ["127.0.0.0/8"]   # private or loopback ranges it may live in
      # Secrets never stand here: name an environment variable, or a file.
      # auth: { kind: basic, user: rounds, password: "${password}" }
      # auth: { kind: basic, user: rounds, password: { file: ./secrets/bj01 } }
      # auth: { kind: header, name: Authorization, value: "${token}" }
      # timeoutMs: 15000
      # maxFileBytes: 1073741824
      # siteIds: [bj01]            # ids that the site may write in its lines
    # feeds:                       # false: the site has no such feed
    #   system: { path: "sys_monitor/system_info_{day}.txt" }
    #   alarm: { path: "sys_alarm/system_alarm_{day}.txt" }
    #   service: { path: "sys_service/system_service_{day}.txt", countsOf: fileDay }  # or dayBefore
    # units: bytes                 # of memory and disks: bytes, KiB or MiB
    # onRewrite: merge             # or replace: only the newest file counts
    recipients: [ops@example.com]

  - id: gz02
    name: 广州二局
    timeZone: Asia/Shanghai
    source: { kind: directory, path: ./portals/gz02 }
    recipients: [ops@example.com]

# alarmDictionary: ./alarms.csv    # words and severities of alarm names; none by default

# thresholds:
#   cpuPercent: 85
#   memoryPercent: 90
#   diskPercent: 85
#   standsForMinutes: 15           # an alarm is mailed after standing this long
#   expireAfterDays: 2             # an alarm unchanged for so long expires
#   gapMinutes: 60                 # a longer hole in the samples makes a day partial

# mail: { kind: outbox, from: siterounds@localhost }   # mails become files in state/outbox
# mail:                            # or by SMTP:
#   kind: smtp
#   from: siterounds@example.com
#   host: smtp.example.com
#   port: 587
#   auth: { user: rounds, password: "${smtpPassword}" }

# report:
#   title: Siterounds
#   languages: [zh-CN, en]         # the first is at the root
#   publicUrl: https://rounds.example/   # mails link here; none by default
#   todayEveryMinutes: 10

# retention: { keepDays: 35, settleAfterDays: 2 }
# schedule: { everyMinutes: 5, sitesAtOnce: 8, samplesEveryMinutes: 60 }
# serve: { port: 8080 }
`
}
