import { join } from 'node:path'
import { ALARM_DICTIONARY_PATH } from './alarm-kinds.ts'
import { feedsOf, SAMPLE_SITES, type SampleSite } from './sample-sites.ts'
import { THIS_MACHINE } from './sampler.ts'

/** Below the demo's folder: where the portal's files lie, for the portal, growth and sampler. */
export const PORTALS_FOLDER = 'portals'

/** All mails of the demo go here, and end as files in the outbox. */
const RECIPIENT = 'ops@example.com'

/**
 * The demo's configuration as YAML, for the ordinary loader: three sample sites behind the portal
 * at `portalUrl`, and this machine, whose files lie in `<folder>/portals/this-machine`. State and
 * outbox stand in `folder`, an absolute path; pages are served on `port`. `timeZone` is the one
 * that the sampler of this machine is given.
 */
export function demoSettings(
  folder: string,
  portalUrl: string,
  port: number,
  timeZone: string,
): string {
  return [
    '# Written by `npm start` at every start: changes do not last.',
    `state: ${quoted(folder)}`,
    `alarmDictionary: ${quoted(ALARM_DICTIONARY_PATH)}`,
    'mail: { kind: outbox, from: siterounds@example.com }',
    'report:',
    '  title: Siterounds demo',
    '  languages: [zh-CN, en]',
    '  todayEveryMinutes: 0',
    'schedule: { everyMinutes: 1 }',
    `serve: { port: ${port} }`,
    'sites:',
    ...SAMPLE_SITES.flatMap((site) => sampleSiteLines(site, portalUrl)),
    ...thisMachineLines(folder, timeZone),
    '',
  ].join('\n')
}

/** The west site is asked for its alarm feed although it has none: so a missing feed is seen. */
function sampleSiteLines(site: SampleSite, portalUrl: string): string[] {
  const countsOf = site.service.written === 'dayBefore' ? 'dayBefore' : 'fileDay'
  return [
    `  - id: ${site.id}`,
    `    name: ${quoted(site.name)}`,
    `    timeZone: ${site.zone.name}`,
    `    language: ${site.language}`,
    '    source:',
    '      kind: http',
    `      url: ${quoted(`${portalUrl}/${site.id}`)}`,
    '      # The portal of the demo runs on this machine.',
    '      allowAddresses: [127.0.0.0/8]',
    ...(feedsOf(site).includes('alarm')
      ? []
      : ['    # The portal has no alarm files of this site: a missing feed, on purpose.']),
    '    feeds:',
    '      system: {}',
    '      alarm: {}',
    `      service: { countsOf: ${countsOf} }`,
    `    units: ${site.units}`,
    '    onRewrite: merge',
    `    recipients: [${RECIPIENT}]`,
  ]
}

function thisMachineLines(folder: string, timeZone: string): string[] {
  return [
    `  - id: ${THIS_MACHINE}`,
    '    name: This machine',
    `    timeZone: ${quoted(timeZone)}`,
    '    language: en',
    '    source:',
    '      kind: directory',
    `      path: ${quoted(join(folder, PORTALS_FOLDER, THIS_MACHINE))}`,
    '    feeds:',
    '      system: {}',
    '      alarm: {}',
    '      service: false',
    '    units: bytes',
    '    onRewrite: merge',
    `    recipients: [${RECIPIENT}]`,
  ]
}

/** A JSON string is a YAML string too, whatever it holds. */
function quoted(text: string): string {
  return JSON.stringify(text)
}
