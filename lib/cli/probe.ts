import type { Command } from 'commander'
import { openSource } from '../backends/embedded.ts'
import type { RoundsError } from '../errors.ts'
import { type Step, stepsTo, stepsToFolder } from '../fetch/reach.ts'
import { type Day, FEEDS } from '../site.ts'
import { addDays, daysFromTo, isTimeZone, parseDay, systemClock, zoneNamed } from '../time.ts'
import { guarded, printJson, usage } from './command.ts'
import { CONFIG_FLAGS, CONFIG_HELP, type ConfigOption } from './configured.ts'
import { type FirstLine, type ProbedFeed, probeFeed } from './probe-feed.ts'
import { type Guesses, guessesOf, proposedSite } from './probe-guesses.ts'
import { type ProbeTarget, probeTarget } from './probe-target.ts'
import { isFine, printFeed, printStep } from './probe-text.ts'
import { siteYaml } from './probe-yaml.ts'
import { shown } from './table.ts'
import type { Terminal } from './terminal.ts'
import { wrapped } from './wrapped.ts'

interface ProbeOptions extends ConfigOption {
  json?: boolean
  allow: string[]
  day?: string
  timeZone?: string
}

/** How many days back a feed is looked for when no day was named. */
const DAYS_BACK = 7

/** The zone in which the day begins first: nowhere is it later. */
const FIRST_ZONE = 'Etc/GMT-14'

/** `siterounds probe ID|URL|FOLDER`: looks at a site, step by step; writes nothing. */
export function addProbe(program: Command, terminal: Terminal): void {
  program
    .command('probe')
    .description('look at a site step by step, and print the YAML to paste; writes nothing')
    .argument('<site>', 'the id of a configured site, or the URL or folder of a new one')
    .option(CONFIG_FLAGS, CONFIG_HELP)
    .option('--json', 'print the result as JSON')
    .option(
      '--allow <range>',
      'a private or loopback range that the site may live in, such as 10.0.0.0/8',
      (value: string, before: string[]) => [...before, value],
      [],
    )
    .option('--day <YYYY-MM-DD>', `this day; default: today, or up to ${DAYS_BACK} days back`)
    .option('--time-zone <name>', 'IANA time zone of a new site; default: guessed')
    .action((word: string, options: ProbeOptions) =>
      guarded(terminal, async () => {
        const { day, timeZone } = options
        if (day !== undefined && !parseDay(day)) {
          throw usage(`“${shown(day)}” is no day.`, 'Write days as YYYY-MM-DD: 2026-11-10.')
        }
        if (timeZone !== undefined && !isTimeZone(timeZone)) {
          throw usage(`“${shown(timeZone)}” is no time zone.`, 'Write it like Asia/Shanghai.')
        }
        const own = timeZone ?? Intl.DateTimeFormat().resolvedOptions().timeZone
        const target = probeTarget(word, options.allow, own, options, terminal)
        if (target) await probe(target, options, terminal)
      }),
    )
}

interface Probed {
  steps: Step[]
  feeds: (ProbedFeed & { hint: string })[]
  guesses: Guesses
  yaml: string
}

async function probe(target: ProbeTarget, options: ProbeOptions, terminal: Terminal) {
  const { site, isNew } = target
  const quiet = options.json ?? false
  if (!quiet) printHead(target, terminal)
  const steps = await walked(target, (step) => quiet || printStep(step, terminal))
  const reached = steps.every(({ ok }) => ok)
  const feeds: Probed['feeds'] = []
  for await (const one of reached ? probedFeeds(target, options.day) : []) {
    const told = { ...one, hint: hintFor(one, target, options.day) }
    feeds.push(told)
    if (!quiet) printFeed(told, told.hint, terminal)
  }
  if (!reached && !quiet) terminal.out('\nThe feeds were not tried.\n')
  const guesses = guessesOf(feeds, site, isNew, systemClock.now())
  const wantsAuth = feeds.some(({ error }) => /answered 40[13]$/.test(error?.message ?? ''))
  const hasAuth = site.source.kind === 'http' && site.source.auth !== undefined
  const proposed = proposedSite(site, isNew, options.timeZone !== undefined, guesses)
  const yaml = siteYaml(proposed.site, wantsAuth || hasAuth, proposed.remarks)
  const probed = { steps, feeds, guesses, yaml }
  const ok = reached && feeds.every(isFine)
  if (quiet) printJson(terminal, probedJson(target, probed, ok))
  else printRest(target, probed, terminal)
  if (!ok) terminal.exitCode = 1
}

function printHead({ site, isNew }: ProbeTarget, terminal: Terminal): void {
  const { source } = site
  const place = source.kind === 'http' ? source.url : source.path
  const what = isNew ? 'a new site' : `${site.id} ${site.name === site.id ? '' : site.name}`.trim()
  terminal.out(`${wrapped(`Probing ${what}: ${place}`)}\n`)
}

/** Walks to the site; a refused address of a new site is cured by an option of this command. */
async function walked({ site, isNew }: ProbeTarget, tell: (step: Step) => void): Promise<Step[]> {
  const { source } = site
  const way =
    source.kind === 'http'
      ? stepsTo(source.url, source.allowAddresses, source.timeoutMs)
      : stepsToFolder(source.path)
  const steps: Step[] = []
  for await (const step of way) {
    const range = /allowAddresses: \["([^"]+)"\]/.exec(step.hint ?? '')?.[1]
    const hint = `If the site is rightly there, probe it again with --allow ${range}`
    const told = isNew && range ? { ...step, hint } : step
    steps.push(told)
    tell(told)
  }
  return steps
}

/** The feeds one after the other, each as soon as it is known. */
async function* probedFeeds({ site, isNew }: ProbeTarget, day: Day | undefined) {
  const zone = zoneNamed(site.timeZone)
  const nowMs = systemClock.now()
  // A new site's zone is unknown, and a known one's may be wrong: it may be tomorrow there.
  const today = zoneNamed(FIRST_ZONE).dayOf(nowMs)
  const days = day ? [day] : daysFromTo(addDays(zone.dayOf(nowMs), -DAYS_BACK), today).reverse()
  const source = openSource(site.source)
  try {
    for (const feed of FEEDS) {
      if (!site.feeds[feed]) continue
      const probed = await probeFeed(source, site, feed, days, zone, isNew)
      const absent = probed.absent.filter((one) => one === day || one <= zone.dayOf(nowMs))
      yield { ...probed, absent }
    }
  } finally {
    await source.close()
  }
}

/** What the operator can do about a feed; empty when nothing is to be done. */
function hintFor(probed: ProbedFeed, { isNew }: ProbeTarget, day: Day | undefined): string {
  const { feed, found, error } = probed
  if (error) return isNew ? newSiteHint(error) : error.hint
  if (!found) {
    const other = day ? 'Try another --day; or ' : ''
    const rest = `set feeds.${feed}: false if the site has no such feed, or correct its path.`
    return other + (other ? rest : rest.replace('set', 'Set'))
  }
  if (isFine(probed)) return ''
  if (found.siteIds.size > 0)
    return 'No line has the id that is expected: see source.siteIds below.'
  return 'No line was understood: is this the right file?'
}

function newSiteHint({ message, hint }: RoundsError): string {
  if (!/answered 40[13]$/.test(message)) return hint
  return 'The site wants credentials: write source.auth (see below), then probe it by its id.'
}

function printRest({ isNew }: ProbeTarget, { guesses, yaml }: Probed, terminal: Terminal): void {
  if (guesses.sentences.length > 0) terminal.out('\nWhat the lines tell\n')
  for (const sentence of guesses.sentences) terminal.out(wrapped(sentence, '  - '))
  const what = isNew ? 'To paste below sites: in the configuration' : 'As it stands'
  terminal.out(`\n${what}\n\n${yaml}`)
}

function probedJson({ site, isNew }: ProbeTarget, probed: Probed, ok: boolean) {
  const { guesses, steps, yaml } = probed
  const { units, offset, countsOf, siteIds, sentences } = guesses
  return {
    ok,
    site: isNew ? null : site.id,
    steps,
    feeds: probed.feeds.map((one) => {
      const { feed, path, absent, found, error, hint } = one
      const status = error ? 'error' : found ? 'found' : 'absent'
      const { sizes: _, siteIds: ids, first, ...known } = found ?? { siteIds: undefined }
      return {
        feed,
        path,
        status,
        ok: isFine(one),
        absent,
        ...(error && { error: error.message, code: error.code }),
        ...(hint && { hint }),
        ...known,
        ...(ids && { siteIds: Object.fromEntries(ids) }),
        ...(first && { first: first.map(lineJson) }),
      }
    }),
    guesses: {
      siteIds,
      units: units ?? null,
      timeZone: offset ? { offset: offset.name, zones: offset.zones } : null,
      countsOf: countsOf ?? null,
      sentences,
    },
    yaml,
  }
}

function lineJson(line: FirstLine) {
  return line.kind === 'reading'
    ? { kind: line.kind, reading: Object.fromEntries(line.fields) }
    : line
}
