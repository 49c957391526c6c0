import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { appendFile, cp, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { seeded } from '../../demo/seeded.ts'
import { collect, notify, type Rounds, report, settle } from '../../lib/pipeline.ts'
import { addDays, compactDay, HOUR_MS } from '../../lib/time.ts'
import { growingWeek } from '../fixtures/growing-week.ts'
import { onceARun } from '../fixtures/once-a-run.ts'
import { REAL_DAYS } from '../fixtures/real-week.ts'
import { filesBelow, newWorld, realSites, type World } from '../fixtures/rounds-world.ts'
import { killedAt } from './killed.ts'

/** A world in which the real week went by, and when that was over. */
export interface LivedWeek {
  world: World
  endMs: number
}

/** Few days are kept, so that the records of the first ones have left the table in the end. */
export const KEEP_DAYS = 3

/** A day that was settled long ago when a late line of it comes, which a backfill reads. */
export const LATE_DAY = REAL_DAYS[1]!

/** The first day behind the week. */
export const AFTER = addDays(REAL_DAYS.at(-1)!, 1)

/** Decides about pieces and kills. */
const SEED = 'rebuild'

/** A copy, for whoever asks, of one week that is lived once in a run; see `lived`. */
export async function livedWeek(): Promise<LivedWeek> {
  const folder = await onceARun('lived-week', async (folder) => {
    const { world, endMs } = await lived()
    await cp(world.folder, join(folder, 'world'), { recursive: true })
    await writeFile(join(folder, 'end-ms'), String(endMs))
    await world.remove()
  })
  const world = await copied({ folder: join(folder, 'world') })
  return { world, endMs: Number(await readFile(join(folder, 'end-ms'), 'utf8')) }
}

/**
 * The real week as rounds saw it: every file in pieces, its last line unfinished now and then; two
 * sites wrote their alarm files anew in another order, and of one of them only the newest counts;
 * rounds died under way; days were settled, archived, one of them opened again by a backfill, and
 * their records left the table; mails were sent, pages published.
 */
async function lived(): Promise<LivedWeek> {
  const world = await newWorld()
  await configure(world)
  let nowMs = 0
  const clock = { now: () => nowMs }
  const rounds = world.open(clock)
  const next = seeded(SEED)
  for (const { day, atMs, last, files } of growingWeek(SEED, 2)) {
    nowMs = atMs
    for (const [path, bytes] of files) await world.write(path, last ? bytes : turned(path, bytes))
    await killedAt(rounds, Math.floor(next() * 200), round)
    await round(rounds)
    if (!last) continue
    nowMs += 3 * HOUR_MS
    await round(rounds)
    if (day === REAL_DAYS[5]) await backfillLate(world, rounds)
  }
  // Rounds look no more at the pages of days before those that are kept: they are asked for.
  await report(rounds, { range: { from: REAL_DAYS[0]!, to: AFTER } })
  await rounds.close()
  return { world, endMs: nowMs }
}

/** Of one site only the newest generation counts; another's service files are of the day before. */
async function configure(world: World): Promise<void> {
  const more: Record<string, object> = {
    sh03: { onRewrite: 'replace' },
    bj01: { feeds: { service: { countsOf: 'dayBefore' } } },
  }
  await world.configure({
    retention: { keepDays: KEEP_DAYS, settleAfterDays: 1 },
    sites: realSites().map((site) => {
      return { ...site, recipients: ['ops@example.org'], ...more[site.id] }
    }),
    report: { languages: ['en'] },
  })
}

async function backfillLate(world: World, rounds: Rounds): Promise<void> {
  const file = `bj01/sys_alarm/system_alarm_${compactDay(LATE_DAY)}.txt`
  const time = `${LATE_DAY} 23:59:59`
  await appendFile(join(world.portals, file), `bj01|LATE|n1|late|${time}||${time}\n`)
  const range = { from: LATE_DAY, to: LATE_DAY }
  const { totals, failures } = await collect(rounds, { via: 'backfill', range })
  if (totals.lines !== 1 || failures.length > 0) throw new Error(JSON.stringify(failures))
}

/** What `run` does at each of its rounds. */
export async function round(rounds: Rounds): Promise<void> {
  const { failures } = await collect(rounds, { via: 'round' })
  await notify(rounds)
  const settled = await settle(rounds, { paced: true })
  const failed = [...failures, ...settled.failures]
  if (failed.length > 0) throw new Error(JSON.stringify(failed))
  await report(rounds)
}

/** While a day runs, some write their alarm file from back to front: it is replaced each time. */
function turned(path: string, bytes: Uint8Array): Uint8Array {
  if (!/^(gz02|sh03)\/sys_alarm/.test(path)) return bytes
  const lines = Buffer.from(bytes).toString('latin1').split('\n')
  const rest = lines.pop()!
  return Buffer.from([...lines.reverse(), rest].join('\n'), 'latin1')
}

/** The same world in a folder of its own. */
export async function copied({ folder }: Pick<World, 'folder'>): Promise<World> {
  const world = await newWorld()
  await cp(folder, world.folder, { recursive: true })
  return world
}

/** Every item of a state without its version, every mail, and digests of pages and the archive. */
export async function stateOf(world: World): Promise<Record<string, string>> {
  const folder = join(world.folder, 'var')
  const database = new DatabaseSync(join(folder, 'state.db'), { readOnly: true })
  const rows = database
    // What glances are compared with comes and goes with the rounds.
    .prepare("SELECT * FROM items WHERE partition NOT LIKE 'glance#%' ORDER BY partition, sort")
    .all()
  database.close()
  const state: Record<string, string> = {}
  for (const { partition, sort, data, bytes, expires } of rows) {
    const body = createHash('sha256').update((bytes as Uint8Array | null) ?? '')
    state[`${partition} / ${sort}`] = [data, body.digest('hex'), expires].join(' ')
  }
  for (const part of ['site', 'archive'].filter((one) => existsSync(join(folder, one)))) {
    const files = await filesBelow(join(folder, part))
    for (const [path, hash] of Object.entries(files)) state[part + path] = hash
  }
  const outbox = join(folder, 'outbox')
  for (const name of existsSync(outbox) ? await readdir(outbox) : []) {
    const mail = await readFile(join(outbox, name), 'utf8')
    // Two of the same mail differ in these: by the clock on the wall, and by chance.
    state[`outbox/${name}`] = mail.replace(/^Date: .*/m, '').replaceAll(/_NmP-\w+/g, '')
  }
  return state
}
