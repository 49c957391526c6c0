import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { findingsAcross } from './config-across.ts'
import { findingsOf } from './config-findings.ts'
import type { Finding, Found, Problem } from './config-problems.ts'
import { readWritten, settingsSchema, type Written } from './config-schema.ts'
import { type Place, readYaml } from './config-yaml.ts'
import type { MailSettings, Settings, Site } from './site.ts'

/** What the path of the configuration is when neither option nor environment name another. */
export const DEFAULT_CONFIG_FILE = 'siterounds.yaml'

/** Submission with STARTTLS, and with TLS from the first byte (RFC 8314). */
const SUBMISSION_PORT = 587
const SUBMISSIONS_PORT = 465

const START: Place = { line: 1, column: 1 }

/**
 * Reads the configuration: either settings that are complete and sound, or every problem there
 * is, in the order of the file. Never throws for what the file holds. Secrets are read from `env`
 * and from the files that the configuration names; no problem holds one. `alsoFind` looks at the
 * plain values for what else is wrong: of a place that it names, nothing else is told.
 */
export function readSettings(
  file: string,
  env: Record<string, string | undefined>,
  alsoFind: (value: unknown) => Found[] = () => [],
): { settings: Settings } | { problems: Problem[] } {
  const placed = (finding: Finding, place: Place = START): Problem => ({
    file,
    line: place.line,
    column: place.column,
    message: finding.message,
    fix: finding.fix,
  })
  const read = readText(file)
  if (!('text' in read)) return { problems: [placed(read, read)] }

  const yaml = readYaml(read.text)
  const problems = yaml.findings.map((finding) => placed(finding, finding))
  if (yaml.value === undefined) return { problems: inOrder(problems) }
  if (typeof yaml.value !== 'object' || yaml.value === null || Array.isArray(yaml.value)) {
    return { problems: inOrder([...problems, placed(shapeOf(yaml.value))]) }
  }
  const around = { folder: dirname(resolve(file)), env }
  const result = readWritten(yaml.value, around)
  const lineOf = (path: Found['path']) => yaml.placeOf(path, 'value').line
  const others = findingsAcross(yaml.value, lineOf)
  if ('issues' in result) others.push(...findingsOf(result.issues, yaml.value, settingsSchema()))
  const found = alsoFind(yaml.value)
  const places = new Set(found.map(({ path }) => JSON.stringify(path)))
  found.push(...others.filter(({ path }) => !places.has(JSON.stringify(path))))
  for (const finding of found) {
    const typed = finding.path.includes('auth') ? undefined : yaml.typedAt(finding.path)
    problems.push(placed(withQuotes(finding, typed), yaml.placeOf(finding.path, finding.at)))
  }
  if (problems.length || 'issues' in result) return { problems: inOrder(problems) }
  return { settings: settingsFrom(result.written) }
}

/** The file's text, or the finding that there is none. Column 1 of the line that is not UTF-8. */
function readText(file: string): { text: string } | (Finding & Place) {
  const fix = 'run `siterounds init` to write one, or name another with --config'
  let bytes: Buffer
  try {
    bytes = readFileSync(file)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return { message: 'there is no such file', fix, ...START }
    return { message: `the file cannot be read (${code})`, fix, ...START }
  }
  const decode = (part: Uint8Array) => new TextDecoder('utf-8', { fatal: true }).decode(part)
  try {
    return { text: decode(bytes) }
  } catch {
    let line = 1
    for (let start = 0; start < bytes.length; line++) {
      const end = bytes.indexOf(0x0a, start)
      try {
        decode(bytes.subarray(start, end === -1 ? undefined : end))
      } catch {
        break
      }
      start = end + 1
    }
    const message = 'this line is not UTF-8'
    return { message, fix: 'save the file as UTF-8 (not as GBK or ANSI)', line, column: 1 }
  }
}

function shapeOf(value: unknown): Finding {
  const empty = value === null
  return {
    message: empty ? 'the file is empty' : 'the file must begin with keys, such as `state:`',
    fix: 'run `siterounds init` to write a sample',
  }
}

/** A number where text is wanted was mostly meant as text: shows it as it was typed, in quotes. */
function withQuotes(finding: Found, typed: string | undefined): Finding {
  const wanted = /must be text, and is (a number|a fraction|`true`|`false`)$/.test(finding.message)
  if (!wanted || typed === undefined || !/^[\w.+-]{1,64}$/.test(typed)) return finding
  return { message: finding.message, fix: `put it in quotes: "${typed}"` }
}

/** By place; of problems that say the same at the same place, one. */
function inOrder(problems: Problem[]): Problem[] {
  const byText = new Map(problems.map((problem) => [JSON.stringify(problem), problem]))
  return [...byText.values()].sort((a, b) => a.line - b.line || a.column - b.column)
}

function settingsFrom(written: Written): Settings {
  const { language, sites, mail, alarmDictionary, report, ...rest } = written
  const { publicUrl, ...pages } = report
  return {
    ...rest,
    sites: sites.map((site) => siteFrom(site, language)),
    mail: mailFrom(mail),
    report: { ...pages, ...(publicUrl !== undefined && { publicUrl }) },
    ...(alarmDictionary !== undefined && { alarmDictionary }),
  }
}

function siteFrom(written: Written['sites'][number], language: Site['language']): Site {
  const { siteIds, ...source } = written.source
  const { system, alarm, service } = written.feeds
  return {
    id: written.id,
    name: written.name ?? written.id,
    timeZone: written.timeZone,
    language: written.language ?? language,
    source,
    siteIds: siteIds ?? [written.id],
    feeds: {
      ...(system && { system: { path: system.path } }),
      ...(alarm && { alarm: { path: alarm.path } }),
      ...(service && { service: { path: service.path } }),
    },
    serviceCountsOf: service ? service.countsOf : 'fileDay',
    units: written.units,
    onRewrite: written.onRewrite,
    recipients: [...new Set(written.recipients)],
  }
}

/** A password never travels in the clear unless the file says `requireTls: false`. */
function mailFrom(mail: Written['mail']): MailSettings {
  if (mail.kind !== 'smtp') return mail
  const { auth, host, from, kind } = mail
  const secure = mail.secure ?? mail.port === SUBMISSIONS_PORT
  const port = mail.port ?? (secure ? SUBMISSIONS_PORT : SUBMISSION_PORT)
  const requireTls = mail.requireTls ?? auth !== undefined
  return { kind, from, host, port, secure, requireTls, ...(auth && { auth }) }
}
