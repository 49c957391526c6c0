import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import PostalMime from 'postal-mime'
import { collect, notify, openAlarms, report, settle } from '../../lib/pipeline.ts'
import type { Settings } from '../../lib/site.ts'
import { MINUTE_MS } from '../../lib/time.ts'
import { growingWeek, type Step } from '../fixtures/growing-week.ts'
import { type Portal, portalServer } from '../fixtures/portal-server.ts'
import { REAL_DAYS, unpackRealWeek } from '../fixtures/real-week.ts'
import { type Known, knownOf } from '../fixtures/rounds-hash.ts'
import { newWorld, realSites, type World } from '../fixtures/rounds-world.ts'
import type { Deployed } from './deployed.ts'

/** The service files of the past stand there before the first round; a backfill reads them. */
const isPast = (path: string) => /sys_service\/.*_(2026(0|10)|2026110[1-6])/.test(path)

const BEFORE = { from: '2026-11-01', to: '2026-11-06' }
const WHOLE = { from: BEFORE.from, to: REAL_DAYS.at(-1)! }

/** The instant at which open alarms are compared: the end of the last day. */
const END_MS = Date.parse('2026-11-14T23:59:59+08:00')

/** All days are over for long enough to be settled for good. */
const SETTLED_MS = Date.parse('2026-11-18T03:10:00+08:00')

/** Behind the settling: what it noted under its clock is the past then. */
const REPORTED_MS = SETTLED_MS + 5 * MINUTE_MS

/** What a back end made of the week. */
export interface Lived {
  known: Known
  /** The report site, by path. */
  pages: Record<string, string>
  /** Every mail: its Message-ID, and what it says. */
  mails: Letter[]
}

/** A mail as its reader has it. */
export interface Letter {
  messageId: string
  text: string
}

/** The week's world: three sites behind a web server, and a configuration. */
export interface WeekWorld {
  world: World
  /** Pieces in which the files of a day come: a round of the schedule follows each. */
  pieces: number
  settings: Settings
  close(): Promise<void>
}

/** An empty world whose sites stand behind a web server; mails leave as `kind` says. */
export async function weekWorld(kind: 'outbox' | 'ses', pieces: number): Promise<WeekWorld> {
  const world = await newWorld()
  const portal: Portal = await portalServer(world.portals)
  await unpackRealWeek(world.portals, isPast)
  await world.configure({
    sites: realSites(portal.url, { recipients: ['ops@example.com'] }),
    mail: { kind, from: 'rounds@example.com' },
    report: { publicUrl: 'https://rounds.example.com/' },
  })
  return {
    ...{ world, pieces },
    settings: world.settings(),
    async close() {
      await portal.close()
      await world.remove()
    },
  }
}

/** The steps of the week, each written into the portals just before it is given. */
async function* stepsIn({ world, pieces }: WeekWorld): AsyncGenerator<Step> {
  for (const step of growingWeek(`${pieces} pieces`, pieces)) {
    for (const [path, bytes] of step.files) await world.write(path, bytes)
    yield step
  }
}

/** The week on one machine: a round after each step, at last a settling and a report. */
export async function onOneMachine(pieces: number): Promise<Lived> {
  const week = await weekWorld('outbox', pieces)
  const { world } = week
  let nowMs = Date.parse('2026-11-08T00:00:10+08:00')
  const rounds = world.open({ now: () => nowMs })
  await collect(rounds, { via: 'backfill', range: BEFORE })
  for await (const { atMs } of stepsIn(week)) {
    nowMs = atMs
    const behind = await collect(rounds, { via: 'round', paced: true })
    await notify(rounds, { behind })
  }
  nowMs = SETTLED_MS
  await settle(rounds, { paced: true })
  nowMs = REPORTED_MS
  await report(rounds)
  const known = await knownOf(rounds, WHOLE, END_MS)
  const pages: Record<string, string> = {}
  for (const path of await rounds.pages.list('')) {
    pages[path] = Buffer.from((await rounds.pages.get(path))!).toString()
  }
  const outbox = join(world.folder, 'var', 'outbox')
  const raws = (await readdir(outbox)).map((name) => readFile(join(outbox, name)))
  const mails = await lettersOf(await Promise.all(raws))
  await rounds.close()
  await week.close()
  return { known, pages, mails }
}

/** The same week on deployed stacks; `round` makes one round, with whatever goes wrong in it. */
export async function onAws(
  deployed: Deployed,
  week: WeekWorld,
  round: (atMs: number) => Promise<void>,
): Promise<void> {
  await deployed.apply(week.settings)
  deployed.setClock(Date.parse('2026-11-08T00:00:10+08:00'))
  await deployed.stack.invoke('DispatchFunction', { job: 'backfill', ...BEFORE })
  await deployed.stack.pump.pumpUntilQuiet()
  for await (const { atMs } of stepsIn(week)) await round(atMs)
}

/** Settles and reports the week, and gives what came of it. */
export async function endedOn(deployed: Deployed, { settings }: WeekWorld): Promise<Lived> {
  await deployed.tick('settle', SETTLED_MS)
  await deployed.tick('report', REPORTED_MS)
  return {
    known: await knownOf(deployed.rounds(settings, REPORTED_MS), WHOLE, END_MS),
    pages: await deployed.pages(),
    mails: await lettersOf(deployed.stack.services.ses.mails.map(({ raw }) => raw)),
  }
}

/** An alarm as mails name it. */
const ALARM =
  /^\[[^\]]+\] (\S+)\n {2}\S+ (\S+)\n(?: {2}.*\n)*? {2}.*?(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)$/gm

/** The alarms that a mail is about: name, node and time. */
export function alarmsIn(text: string): string[] {
  return [...text.matchAll(ALARM)].map(([, name, node, time]) => `${name} ${node} ${time}`)
}

/** The alarms that stand and have stood for long enough to be mailed, as `alarmsIn` names them. */
export async function standingAt(
  deployed: Deployed,
  { settings }: WeekWorld,
  atMs: number,
): Promise<string[]> {
  const rounds = deployed.rounds(settings, atMs)
  const standsMs = settings.thresholds.standsForMinutes * MINUTE_MS
  const all = await Promise.all(settings.sites.map((site) => openAlarms(rounds, site, atMs)))
  return all
    .flat()
    .filter(({ backfilled, raisedMs }) => !backfilled && atMs - raisedMs >= standsMs)
    .map(({ name, node, raisedText }) => `${name} ${node} ${raisedText}`)
}

async function lettersOf(raws: readonly Uint8Array[]): Promise<Letter[]> {
  const letters = await Promise.all(
    raws.map(async (raw) => {
      const { messageId = '', text = '' } = await PostalMime.parse(raw)
      return { messageId, text }
    }),
  )
  return letters.sort((one, other) => (one.messageId < other.messageId ? -1 : 1))
}
