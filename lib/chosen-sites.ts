import { RoundsError } from './errors.ts'
import type { Settings, Site } from './site.ts'

/** The sites named, or all; an unknown name is an error of class `stop`. */
export function chosenSites(settings: Settings, ids?: readonly string[]): Site[] {
  if (!ids || ids.length === 0) return settings.sites
  return [...new Set(ids)].map((id) => {
    const site = settings.sites.find((one) => one.id === id)
    if (site) return site
    const known = settings.sites.slice(0, 10).map((one) => one.id)
    throw new RoundsError(
      'unknown-site',
      'stop',
      `There is no site “${id}”.`,
      `The configuration has ${known.join(', ')}${settings.sites.length > 10 ? ' and more' : ''}.`,
    )
  })
}
