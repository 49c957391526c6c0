import { collect, report } from '../lib/pipeline.ts'
import { DAY_MS } from '../lib/time.ts'
import { alarmLines, MIDNIGHT_MS, SAMPLE_MS, serviceLine, systemSample } from './lines.ts'
import { byTurns, type Line, peakMiB } from './measure.ts'
import { benchSettings, openRounds, type Step, type World, writeDayFile } from './world.ts'

const SERVERS = 3

/** Alarm lines of a site's day. */
const ALARMS = 220

/** The pages of whole days, in both languages, against writing the same bytes and nothing else. */
export const STEPS: Record<string, Step> = { pages }

async function pages(world: World): Promise<Line[]> {
  const ids = Array.from({ length: world.quick ? 1 : 12 }, (_, index) => `s${index}`)
  const samples = DAY_MS / SAMPLE_MS
  for (const id of ids) {
    const system = Array.from({ length: samples }, (_, sample) =>
      systemSample(id, SERVERS, sample, MIDNIGHT_MS + sample * SAMPLE_MS),
    )
    const alarms = Array.from({ length: ALARMS }, (_, index) =>
      alarmLines(id, index, index + 1, MIDNIGHT_MS + ((index + 1) * DAY_MS) / (ALARMS + 1)),
    )
    writeDayFile(world, id, 'system', system)
    writeDayFile(world, id, 'alarm', alarms)
    writeDayFile(world, id, 'service', [serviceLine(id, 1, MIDNIGHT_MS + 600_000)])
  }
  const settings = benchSettings(world, 'state', ids, 'directory')
  const rounds = openRounds(settings, { now: () => MIDNIGHT_MS + DAY_MS - 1000 })
  const { failures } = await collect(rounds, { via: 'round' })
  if (failures.length > 0) throw failures[0]!.error

  const { published } = await report(rounds, { force: true })
  const days = published.filter((path) => /\d{4}-\d{2}-\d{2}/.test(path))
  const bodies = await Promise.all(published.map(async (path) => (await rounds.pages.get(path))!))
  const dayBytes = bodies
    .filter((_, index) => days.includes(published[index]!))
    .reduce((sum, body) => sum + body.length, 0)
  const { seconds, ratio } = await byTurns(
    world.quick ? 1 : 5,
    () => report(rounds, { force: true }),
    async () => {
      const options = { contentType: 'text/html; charset=utf-8', cacheControl: 'no-cache' }
      for (const [index, path] of published.entries()) {
        await rounds.pages.put(path, bodies[index]!, options)
      }
    },
  )
  await rounds.close()
  return [
    {
      name: `pages of ${SERVERS} servers`,
      rate: published.length / seconds,
      unit: 'pages/s',
      ratio,
      of: 'writing the same pages',
      peakMiB: peakMiB(),
      note: `${Math.round(dayBytes / days.length / 1000)} KB a day's page`,
    },
  ]
}
