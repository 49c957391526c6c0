import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { sentence } from '../lib/cli/command.ts'
import { makeRound, roundJson, roundLine } from '../lib/cli/round.ts'
import { keepRounds } from '../lib/cli/run.ts'
import { servePages } from '../lib/cli/serve.ts'
import { untilStopped } from '../lib/cli/stop.ts'
import { amount } from '../lib/cli/table.ts'
import { asRoundsError } from '../lib/errors.ts'
import { report } from '../lib/pipeline.ts'
import { addDays, SECOND_MS, systemClock } from '../lib/time.ts'
import { PAST_DAYS, replaceSystemFile } from './growth.ts'
import { readPast, startWorld, type World } from './world.ts'

/** The demo's rounds are quick, so that one can watch the sites grow. */
const EVERY_MS = 10 * SECOND_MS

/** Where the report site is served; the next free port if it is taken. */
const PORT = 8080

const HELP = `npm start                    sample sites and this machine, a round every 10 s
npm start -- --once          one round, then end
npm start -- --once --json   one round, its summary as JSON
npm start -- --folder PATH   keep the demo's files there (default: var/demo)
`

/** `npm start`: the whole of Siterounds, with nothing to install or configure. */
async function start(): Promise<void> {
  const { values: options } = parseArgs({
    options: {
      once: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
      folder: { type: 'string', default: join(import.meta.dirname, '..', 'var', 'demo') },
    },
  })
  if (options.help) {
    process.stdout.write(HELP)
    return
  }
  // Results go to standard output; with --json nothing else may.
  const tell = (line: string) => process[options.json ? 'stderr' : 'stdout'].write(line)
  tell('Siterounds: three sample sites on a loopback web server, and this machine as a fourth.\n')
  const world = await startWorld(options.folder, PORT, systemClock)
  try {
    const past = await readPast(world.rounds)
    if (past.days > 0) {
      tell(`Read the past: ${amount(past.lines, 'line')} of ${amount(past.days, 'day file')}.\n`)
    }
    const first = await firstRound(world)
    if (options.json)
      process.stdout.write(`${JSON.stringify(summaryJson(world, first), null, 2)}\n`)
    else tell(`First round: ${roundLine(first)}\n`)
    if (!options.once) await goOn(world, tell)
    else if (!options.json) tell(places(world))
  } finally {
    await world.close()
  }
}

/** The first round also settles the past that was read just before, and publishes its pages. */
async function firstRound(world: World) {
  const startedMs = world.rounds.clock.now()
  const round = await makeRound(world.rounds, { startedMs, nextMs: startedMs + EVERY_MS })
  const today = new Date(startedMs).toISOString().slice(0, 10)
  const range = { from: addDays(today, -PAST_DAYS.service - 1), to: addDays(today, 1) }
  const older = await report(world.rounds, { range })
  round.reported?.published.push(...older.published)
  return round
}

async function goOn(world: World, tell: (line: string) => void): Promise<void> {
  const served = await servePages(world.rounds.settings)
  try {
    tell(`${places(world)}The report site: ${served.url}   (Ctrl-C ends all)\n\n`)
    // One site's file is replaced in mid-day, as happens in the field: nothing is lost or doubled.
    await replaceSystemFile(world.portals, world.rounds.clock.now())
    await keepRounds(world.rounds, { tell, before: world.grow }, EVERY_MS, untilStopped())
    tell('Stopped. All is kept: npm start goes on where it was.\n')
  } finally {
    await served.close()
  }
}

function places(world: World): string {
  const { state } = world.rounds.settings
  return `Mails lie in    ${join(state, 'outbox')}\nPages lie in    ${join(state, 'site')}\n`
}

function summaryJson(world: World, round: Awaited<ReturnType<typeof firstRound>>) {
  const { state } = world.rounds.settings
  return {
    ...roundJson(round),
    outbox: join(state, 'outbox'),
    site: join(state, 'site'),
  }
}

try {
  await start()
} catch (thrown) {
  const { code = '', message } = thrown as NodeJS.ErrnoException
  if (code.startsWith('ERR_PARSE_ARGS')) process.stderr.write(`${message}\n\n${HELP}`)
  else process.stderr.write(`${sentence(asRoundsError(thrown))}\n`)
  process.exitCode = 2
}
