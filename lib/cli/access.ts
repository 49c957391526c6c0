import type { Command } from 'commander'
import { keysForLinks, turnKeys } from '../access/key-turning.ts'
import { type AccessKey, lastLinkEndsMs, readKeys } from '../access/keys.ts'
import {
  accessLink,
  LONGEST_LINK_HOURS,
  linkFolder,
  sessionToken,
} from '../access/session-token.ts'
import { type AccessPlaces, openAccess } from '../backends/access.ts'
import { type Clock, HOUR_MS, isoInstant, SECOND_MS, systemClock } from '../time.ts'
import { guarded, printJson, usage } from './command.ts'
import { textTable } from './table.ts'
import type { Terminal } from './terminal.ts'
import { wrapped } from './wrapped.ts'

/** Finds a deployed report site by what was given on the command line, global options included. */
export type PlacesOf = (options: Record<string, unknown>) => Promise<AccessPlaces>

/** How long a link is valid when nothing is said, in hours: a working day and no night. */
const USUAL_HOURS = 12

interface AccessOptions {
  json?: boolean
}

/** `siterounds access`: links into a closed report site, and the keys that sign them. */
export function addAccess(
  program: Command,
  terminal: Terminal,
  placesOf: PlacesOf,
  clock: Clock = systemClock,
): void {
  const access = program.command('access').description('links into a closed report site')
  const run = <Options>(body: (places: AccessPlaces, options: Options) => Promise<void>) =>
    function (this: Command): Promise<void> {
      const options = this.optsWithGlobals<Options & Record<string, unknown>>()
      return guarded(terminal, async () => body(await placesOf(options), options))
    }
  access
    .command('link')
    .description('print a link that opens the report site in a browser, for a time')
    .option('--hours <n>', `how long it is valid, up to ${LONGEST_LINK_HOURS}`, hours, USUAL_HOURS)
    .option('--path <folder>', 'only the pages in this folder, such as /bj01/', folder, '/')
    .option('--json', 'print the result as JSON')
    .action(run<LinkOptions>((places, options) => link(places, options, terminal, clock)))
  access
    .command('rotate')
    .description('sign new links with a new key; links that were handed out stay valid')
    .option('--now', 'end all links at once, such as when one came into wrong hands')
    .option('--json', 'print the result as JSON')
    .action(run<RotateOptions>((places, options) => rotate(places, options, terminal, clock)))
  access
    .command('show')
    .description('the keys, until when their links are valid, and whether they are at the edge')
    .option('--json', 'print the result as JSON')
    .action(run<AccessOptions>((places, options) => show(places, options, terminal)))
}

interface LinkOptions extends AccessOptions {
  hours: number
  path: string
}

function hours(text: string): number {
  const count = Number(text)
  if (/^\d+$/.test(text) && count >= 1 && count <= LONGEST_LINK_HOURS) return count
  throw usage(
    `“${text}” is no number of hours for a link.`,
    `Give a whole number from 1 to ${LONGEST_LINK_HOURS}.`,
  )
}

function folder(text: string): string {
  const path = linkFolder(text)
  if (path !== undefined) return path
  throw usage(
    `“${text}” is no folder of the report site.`,
    'Write it as /bj01/ or /bj01/2026-11-10/.',
  )
}

async function link(
  places: AccessPlaces,
  { hours, path, json }: LinkOptions,
  terminal: Terminal,
  clock: Clock,
): Promise<void> {
  const stores = await openAccess(places, terminal.env)
  const keys = await keysForLinks(stores, clock.now())
  const key = keys.at(-1)!
  // Whole seconds, as in the token: what is said is what holds.
  const endsAtMs = Math.floor((clock.now() + hours * HOUR_MS) / SECOND_MS) * SECOND_MS
  const href = accessLink(places.publicUrl, path, sessionToken(key, { path, endsAtMs }))
  const until = isoInstant(endsAtMs)
  if (json) {
    printJson(terminal, { link: href, path, until, kid: key.kid })
  } else {
    terminal.out(`${href}\n`)
    const what = path === '/' ? 'all pages' : `the pages below ${path}`
    terminal.err(wrapped(`It opens ${what} until ${until}, for everybody who has it.`))
  }
}

interface RotateOptions extends AccessOptions {
  now?: boolean
}

async function rotate(
  places: AccessPlaces,
  { now: endLinks = false, json }: RotateOptions,
  terminal: Terminal,
  clock: Clock,
): Promise<void> {
  const stores = await openAccess(places, terminal.env)
  const keys = await turnKeys(stores, { endLinks, nowMs: clock.now() })
  const kept = keys.slice(0, -1).map(({ kid }) => kid)
  const { kid } = keys.at(-1)!
  if (json) return printJson(terminal, { kid, kept })
  terminal.out(`${kid} signs new links from now on.\n`)
  terminal.out(
    wrapped(
      kept.length === 0
        ? 'Links that were made before open nothing more. It takes some seconds everywhere.'
        : 'Links that were made before are valid until their time is over; --now ends them.',
    ),
  )
}

/** Says what stands where, and no secret; nothing is changed. */
async function show(places: AccessPlaces, { json }: AccessOptions, terminal: Terminal) {
  const { secret, edge } = await openAccess(places, terminal.env)
  const { text } = await secret.read()
  const keys = text === undefined ? [] : readKeys(text)
  const { secrets } = await edge.read()
  const rows = keys.map((key, index) => keyRow(key, lastLinkEndsMs(keys, index), secrets))
  const others = [...secrets.keys()].filter((kid) => !keys.some((key) => key.kid === kid))
  if (json) return printJson(terminal, { keys: rows, others })
  const cells = rows.map(({ kid, madeAt, linksUntil, atEdge }) => [
    kid,
    madeAt,
    linksUntil ?? 'signs new links',
    atEdge ? 'yes' : 'no',
  ])
  terminal.out(textTable(['key', 'made', 'links until', 'at the edge'], cells))
  if (others.length > 0 || rows.some(({ atEdge }) => !atEdge)) {
    const more = others.length > 0 ? `, which holds others too (${others.join(', ')})` : ''
    terminal.err(wrapped(`The edge is to be brought up${more}: siterounds access link does so.`))
  }
}

function keyRow(
  { kid, secret, madeAt }: AccessKey,
  endsAtMs: number | undefined,
  edge: ReadonlyMap<string, string>,
) {
  const linksUntil = endsAtMs === undefined ? null : isoInstant(endsAtMs)
  return { kid, madeAt, linksUntil, atEdge: edge.get(kid) === secret }
}
