import { reference } from '../config-problems.ts'
import { siteIdRule } from '../config-rules.ts'
import { VARIABLE } from '../config-secrets.ts'
import { DEFAULT_PATHS, FEEDS, type HttpAuth, type Site } from '../site.ts'

/** Remarks that stand behind the lines of the YAML that they are about. */
export interface Remarks {
  timeZone?: string
  siteIds?: string
  units?: string
  countsOf?: string
}

/** What a source gets when the configuration does not say otherwise: 15 s, and 1 GiB a file. */
export const DEFAULT_LIMITS = { timeoutMs: 15_000, maxFileBytes: 2 ** 30 } as const

/** Where remarks begin, so that they stand below one another. */
const REMARK_COLUMN = 34

/**
 * A site as an item of `sites:` in the configuration. Every text is written as JSON, of which YAML
 * is a superset, so nothing in it can be read as anything else. Secrets are left out; references to
 * them are none.
 */
export function siteYaml(site: Site, wantsAuth: boolean, remarks: Remarks): string {
  const lines = [
    `  - id: ${JSON.stringify(site.id)}`,
    ...(site.name === site.id ? [] : [`    name: ${JSON.stringify(site.name)}`]),
    remarked(`    timeZone: ${site.timeZone}`, remarks.timeZone),
    ...(site.language === 'zh-CN' ? [] : [`    language: ${site.language}`]),
    ...sourceLines(site, wantsAuth, remarks),
    ...feedLines(site, remarks),
    ...(site.units === 'bytes' && !remarks.units
      ? []
      : [remarked(`    units: ${site.units}`, remarks.units)]),
    ...(site.onRewrite === 'merge' ? [] : [`    onRewrite: ${site.onRewrite}`]),
    remarked(`    recipients: ${JSON.stringify(site.recipients)}`, recipientsRemark(site)),
  ]
  return `${lines.join('\n')}\n`
}

function recipientsRemark({ recipients }: Site): string | undefined {
  return recipients.length > 0 ? undefined : 'who is mailed about alarms'
}

function sourceLines(
  { id, source, siteIds }: Site,
  wantsAuth: boolean,
  remarks: Remarks,
): string[] {
  const ids = siteIds.length === 1 && siteIds[0] === id ? [] : siteIds
  const idLines =
    ids.length > 0 ? [remarked(`      siteIds: ${JSON.stringify(ids)}`, remarks.siteIds)] : []
  const most = source.maxFileBytes === DEFAULT_LIMITS.maxFileBytes ? [] : [source.maxFileBytes]
  const limits = most.map((bytes) => `      maxFileBytes: ${bytes}`)
  if (source.kind === 'directory') {
    const path = JSON.stringify(source.path)
    return ['    source:', '      kind: directory', `      path: ${path}`, ...limits, ...idLines]
  }
  const variable = `${id.toUpperCase().replace(/[^A-Z0-9]/g, '_')}_PASSWORD`
  const auth = `{ kind: basic, user: rounds, password: "${reference(variable)}" }`
  const allow = `      allowAddresses: ${JSON.stringify(source.allowAddresses)}`
  return [
    '    source:',
    '      kind: http',
    `      url: ${JSON.stringify(source.url)}`,
    ...(source.allowAddresses.length > 0 ? [allow] : []),
    ...(source.auth && isReferring(source.auth) ? authLines(source.auth) : []),
    ...(wantsAuth ? [`      # auth: ${auth}`] : []),
    ...(source.timeoutMs === DEFAULT_LIMITS.timeoutMs
      ? []
      : [`      timeoutMs: ${source.timeoutMs}`]),
    ...limits,
    ...idLines,
  ]
}

/** Whether a login holds no secret, but the name of one: so it is in the settings of a stack. */
function isReferring(auth: HttpAuth): boolean {
  return VARIABLE.test(auth.kind === 'basic' ? auth.password : auth.value)
}

function authLines(auth: HttpAuth): string[] {
  const texts = Object.entries(auth).map(([key, text]) => `${key}: ${JSON.stringify(text)}`)
  return [`      auth: { ${texts.join(', ')} }`]
}

function feedLines({ feeds, serviceCountsOf }: Site, remarks: Remarks): string[] {
  const lines = FEEDS.flatMap((feed) => {
    const settings = feeds[feed]
    if (!settings) return [`      ${feed}: false`]
    const isService = feed === 'service'
    const keys = [
      ...(settings.path === DEFAULT_PATHS[feed] ? [] : [`path: ${JSON.stringify(settings.path)}`]),
      ...(isService && serviceCountsOf !== 'fileDay' ? [`countsOf: ${serviceCountsOf}`] : []),
    ]
    if (keys.length === 0) return []
    return [remarked(`      ${feed}: { ${keys.join(', ')} }`, isService ? remarks.countsOf : '')]
  })
  return lines.length > 0 ? ['    feeds:', ...lines] : []
}

function remarked(line: string, remark: string | undefined): string {
  return remark ? `${line.padEnd(REMARK_COLUMN - 1)} # ${remark}` : line
}

/** An id for a new site: of what it writes, of its address, or a made-up one. */
export function proposedId(candidates: readonly string[]): string {
  return candidates.find((one) => siteIdRule(one) === undefined) ?? 'site01'
}
