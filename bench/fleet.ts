import { appendFileSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import pLimit from 'p-limit'
import { collect, notify, report } from '../lib/pipeline.ts'
import { FEEDS } from '../lib/site.ts'
import { HOUR_MS, MINUTE_MS } from '../lib/time.ts'
import { alarmLines, MIDNIGHT_MS, SAMPLE_MS, serviceLine, systemSample } from './lines.ts'
import { type Line, peakMiB, secondsOf } from './measure.ts'
import {
  benchSettings,
  dayFile,
  justRead,
  openRounds,
  type Step,
  type World,
  writeDayFile,
} from './world.ts'

const SERVERS = 3

/** The last round before the one that is measured, and that one. */
const BEFORE_MS = MIDNIGHT_MS + 9 * HOUR_MS
const NOW_MS = BEFORE_MS + SAMPLE_MS

/** Alarm lines of a site before the round that is measured. */
const ALARMS_BEFORE = 80

/** What a round over 1,000 sites may take. */
const TARGET_SECONDS = 60
const TARGET_MIB = 512

/**
 * One round over many sites whose files grew by a usual five minutes: collect, notify and report,
 * as `run` makes it. Beside collect and notify, just reading what is new of each file.
 */
export const STEPS: Record<string, Step> = { prepare, round }

function sitesOf(world: World): string[] {
  const count = world.quick ? 12 : 1000
  return Array.from({ length: count }, (_, index) => `s${String(index).padStart(4, '0')}`)
}

/** At one site of twenty an alarm comes of age between the two rounds: somebody is mailed. */
function firstAlarm(site: number): number {
  return site % 20 === 0 ? 2 : 0
}

/** The files and the state of the round before; then every file grows. */
async function prepare(world: World): Promise<Line[]> {
  const ids = sitesOf(world)
  const atOf = (index: number) => BEFORE_MS - (ALARMS_BEFORE - index) * 5 * MINUTE_MS
  const sizes = ids.map((id, site) => {
    const first = firstAlarm(site)
    const samples = (BEFORE_MS - MIDNIGHT_MS) / SAMPLE_MS
    const system = Array.from({ length: samples }, (_, sample) =>
      systemSample(id, SERVERS, sample, MIDNIGHT_MS + sample * SAMPLE_MS),
    )
    const alarms = Array.from({ length: ALARMS_BEFORE }, (_, index) =>
      alarmLines(id, first + index, first + index + 1, atOf(index)),
    )
    return {
      system: writeDayFile(world, id, 'system', [system.join('')]),
      alarm: writeDayFile(world, id, 'alarm', [alarms.join('')]),
      service: writeDayFile(world, id, 'service', [serviceLine(id, 1, MIDNIGHT_MS + 600_000)]),
    }
  })
  const rounds = openRounds(benchSettings(world, 'state', ids, 'http'), { now: () => BEFORE_MS })
  const { failures } = await collect(rounds, { via: 'round', paced: true })
  if (failures.length > 0) throw failures[0]!.error
  await notify(rounds)
  await rounds.close()
  writeFileSync(join(world.folder, 'sizes.json'), JSON.stringify(sizes))
  for (const [index, id] of ids.entries()) {
    const sample = (NOW_MS - MIDNIGHT_MS) / SAMPLE_MS
    appendFileSync(dayFile(world, id, 'system'), systemSample(id, SERVERS, sample, NOW_MS - 9000))
    const from = firstAlarm(index) + ALARMS_BEFORE
    const alarms = alarmLines(id, from, from + 2 + (index % 4), NOW_MS - 5000)
    appendFileSync(dayFile(world, id, 'alarm'), alarms)
  }
  return []
}

async function round(world: World): Promise<Line[]> {
  const ids = sitesOf(world)
  const settings = benchSettings(world, 'state', ids, 'http')
  const rounds = openRounds(settings, { now: () => NOW_MS })
  let totals = { lines: 0 }
  const collectSeconds = await secondsOf(async () => {
    const collected = await collect(rounds, { via: 'round', paced: true })
    if (collected.failures.length > 0) throw collected.failures[0]!.error
    totals = collected.totals
  })
  let mails = 0
  const notifySeconds = await secondsOf(async () => {
    mails = (await notify(rounds)).sent.length
  })
  const collectPeak = peakMiB()
  let pages = 0
  const reportSeconds = await secondsOf(async () => {
    pages = (await report(rounds)).published.length
  })
  await rounds.close()
  const wholePeak = peakMiB()
  const sizes = JSON.parse(readFileSync(join(world.folder, 'sizes.json'), 'utf8'))
  const limit = pLimit(settings.schedule.sitesAtOnce)
  const readSeconds = await secondsOf(() =>
    Promise.all(
      ids.map((_, site) =>
        limit(() =>
          Promise.all(FEEDS.map((feed) => justRead(settings, feed, sizes[site][feed], site))),
        ),
      ),
    ),
  )
  const line = (name: string, seconds: number, peak: number, note: string): Line => ({
    name,
    rate: ids.length / seconds,
    unit: 'sites/s',
    ratio: seconds / readSeconds,
    of: 'reading what is new',
    peakMiB: peak,
    note: `${seconds.toFixed(1)} s; ${note}`,
    ...(!world.quick && {
      target: {
        text: `<= ${TARGET_SECONDS} s, <= ${TARGET_MIB} MiB`,
        met: seconds <= TARGET_SECONDS && peak <= TARGET_MIB,
      },
    }),
  })
  const noted = collectSeconds + notifySeconds
  const count = `${ids.length} sites`
  return [
    line(`${count}: collect`, collectSeconds, collectPeak, `${totals.lines} lines`),
    line(`${count}: collect, notify`, noted, collectPeak, `${mails} mails`),
    line(`${count}: whole round`, noted + reportSeconds, wholePeak, `${pages} pages`),
  ]
}
