import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { openEmbedded } from '../lib/backends/embedded.ts'
import { readSettings } from '../lib/config.ts'
import { formatProblem } from '../lib/config-problems.ts'
import { RoundsError } from '../lib/errors.ts'
import { observedDays } from '../lib/ledger/observed.ts'
import { silentLog } from '../lib/log.ts'
import { collect, type Rounds } from '../lib/pipeline.ts'
import { type Day, FEEDS, type Feed, type Site } from '../lib/site.ts'
import { addDays, type Clock, zoneNamed } from '../lib/time.ts'
import { growSampleSites, PAST_DAYS } from './growth.ts'
import { startPortal } from './portal.ts'
import { sampleThisMachine } from './sampler.ts'
import { demoSettings, PORTALS_FOLDER } from './settings.ts'

/** The demo's world, up and running: sites that grow, and the rounds over them. */
export interface World {
  rounds: Rounds
  /** Where the sites' files lie. */
  portals: string
  /** Lets the sites write what has happened by now. */
  grow(): Promise<void>
  close(): Promise<void>
}

/** Brings up three sample sites on a loopback web server, and this machine as a fourth one. */
export async function startWorld(folder: string, port: number, clock: Clock): Promise<World> {
  const portals = join(folder, PORTALS_FOLDER)
  mkdirSync(portals, { recursive: true })
  const { timeZone } = Intl.DateTimeFormat().resolvedOptions()
  const grow = async () => {
    await growSampleSites(portals, clock.now())
    await sampleThisMachine(portals, clock.now(), timeZone)
  }
  await grow()
  const portal = await startPortal(portals)
  const file = join(folder, 'siterounds.yaml')
  writeFileSync(file, demoSettings(folder, portal.url, port, timeZone))
  const read = readSettings(file, {})
  if ('problems' in read) {
    const problems = read.problems.map(formatProblem).join('\n')
    throw new RoundsError(
      'demo-settings',
      'stop',
      `The demo's configuration is wrong:\n${problems}`,
    )
  }
  const rounds = openEmbedded(read.settings, silentLog, { clock })
  return {
    rounds,
    portals,
    grow,
    close: async () => {
      await rounds.close()
      await portal.close()
    },
  }
}

/**
 * Reads the past days that the sample sites offer, of each feed those that were not read before; so
 * a second start reads nothing twice, and one that was killed goes on. Returns the lines read.
 */
export async function readPast(rounds: Rounds): Promise<{ lines: number; days: number }> {
  const past = { lines: 0, days: 0 }
  for (const site of rounds.settings.sites) {
    const zone = zoneNamed(site.timeZone)
    const yesterday = addDays(zone.dayOf(rounds.clock.now()), -1)
    for (const feed of FEEDS.filter((one) => site.feeds[one])) {
      const range = await unreadDays(rounds, site, feed, yesterday)
      if (!range) continue
      const { totals, files } = await collect(rounds, {
        via: 'backfill',
        sites: [site.id],
        feeds: [feed],
        range,
      })
      past.lines += totals.lines
      past.days += files.length
    }
  }
  return past
}

async function unreadDays(
  { table, clock }: Rounds,
  site: Site,
  feed: Feed,
  to: Day,
): Promise<{ from: Day; to: Day } | undefined> {
  const from = addDays(to, 1 - PAST_DAYS[feed])
  const observed = await observedDays(table, site.id, clock.now(), { from, to })
  for (let day = from; day <= to; day = addDays(day, 1)) {
    if (!observed.get(day)?.feeds[feed]) return { from: day, to }
  }
  return undefined
}
