import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { chosenSites } from '../chosen-sites.ts'
import type { Finding } from '../config-problems.ts'
import { baseUrlRule, cidrRule } from '../config-rules.ts'
import { asRoundsError, type RoundsError } from '../errors.ts'
import { DEFAULT_PATHS, type Settings, type Site, type SourceSettings } from '../site.ts'
import { usage } from './command.ts'
import { type ConfigOption, configFile, readConfigured, settingsFor } from './configured.ts'
import { DEFAULT_LIMITS, proposedId } from './probe-yaml.ts'
import type { Terminal } from './terminal.ts'

/** What is probed: a site of the configuration, or a new one that has an address only. */
export interface ProbeTarget {
  site: Site
  isNew: boolean
}

/**
 * The target that a word names: a URL, a site of the configuration, or a folder. Wrong use is
 * thrown; undefined when the configuration was needed and its problems were printed.
 */
export function probeTarget(
  word: string,
  allow: readonly string[],
  timeZone: string,
  options: ConfigOption,
  terminal: Terminal,
): ProbeTarget | undefined {
  for (const range of allow) refuse(cidrRule(range), '--allow')
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(word)) {
    if (/^[^/]*\/\/[^/?#]*@/.test(word)) throw withUser()
    refuse(baseUrlRule(word), 'The address')
    const url = new URL(word)
    const names = [...url.pathname.split('/').filter(Boolean).reverse(), url.hostname]
    const source: SourceSettings = {
      kind: 'http',
      url: word,
      allowAddresses: [...allow],
      ...DEFAULT_LIMITS,
    }
    return { site: newSite(proposedId(names), source, timeZone), isNew: true }
  }
  const path = resolve(terminal.cwd, word)
  const isPath = /[/\\]/.test(word) || word === '.' || word === '..'
  if (isPath || (!isConfigured(word, options, terminal) && existsSync(path))) {
    const names = path.split(/[/\\]/).reverse().slice(0, 1)
    const source: SourceSettings = {
      kind: 'directory',
      path,
      maxFileBytes: DEFAULT_LIMITS.maxFileBytes,
    }
    return { site: newSite(proposedId(names), source, timeZone), isNew: true }
  }
  const settings = settingsFor(options, terminal)
  if (!settings) {
    terminal.err(`“${word}” was taken for a site of ${configFile(options, terminal)}.\n`)
    terminal.err('A new site is probed by its URL (http://…) or its folder (./…).\n')
    return undefined
  }
  return { site: allowed(known(settings, word), allow), isNew: false }
}

function known(settings: Settings, id: string): Site {
  try {
    return chosenSites(settings, [id])[0]!
  } catch (thrown) {
    const { message, hint } = asRoundsError(thrown)
    throw usage(message, `${hint} A new site is named by its URL or its folder (./…).`)
  }
}

/** The address is not repeated: it holds a password. */
function withUser(): RoundsError {
  return usage(
    'The address holds a user or a password.',
    'Leave them out; write source.auth in the configuration, and probe the site by its id.',
  )
}

function isConfigured(id: string, options: ConfigOption, terminal: Terminal): boolean {
  const read = readConfigured(options, terminal)
  return 'settings' in read && read.settings.sites.some((site) => site.id === id)
}

function refuse(finding: Finding | undefined, what: string): void {
  if (finding) throw usage(`${what}: ${finding.message}.`, `Cure: ${finding.fix}.`)
}

function allowed(site: Site, allow: readonly string[]): Site {
  if (site.source.kind !== 'http' || allow.length === 0) return site
  const allowAddresses = [...new Set([...site.source.allowAddresses, ...allow])]
  return { ...site, source: { ...site.source, allowAddresses } }
}

function newSite(id: string, source: SourceSettings, timeZone: string): Site {
  const { system, alarm, service } = DEFAULT_PATHS
  return {
    id,
    name: id,
    timeZone,
    language: 'zh-CN',
    source,
    siteIds: [id],
    feeds: { system: { path: system }, alarm: { path: alarm }, service: { path: service } },
    serviceCountsOf: 'fileDay',
    units: 'bytes',
    onRewrite: 'merge',
    recipients: [],
  }
}
