import { startVitest } from 'vitest/node'
import { scriptOptions, wholeNumber } from '../fixtures/script-options.ts'
import { dynamodbLocal } from './dynamodb-local.ts'
import type { Engine } from './engine.ts'
import { motoS3, motoSes } from './moto.ts'
import { type Outcome, outcomesOf } from './outcomes.ts'
import type { Started } from './started.ts'

const HELP = `npm run test:aws -- [--within SECONDS] [--required]

Runs the tests of the drivers for AWS against engines that npm does not install: DynamoDB Local,
which is AWS's own, and moto. They are fetched once, with mvn and pip, and kept in the cache folder
of the user. An engine that cannot be had is told in one line, and fails nothing.

  --within SECONDS   all of it; 900 unless it is said
  --required         an engine that cannot be had is a failure
`

/** What the tests take of the time, once all is fetched, with much to spare; in seconds. */
const TESTS_SECONDS = 60

const ENGINES: readonly Engine[] = [dynamodbLocal, motoS3, motoSes]

type Had = { engine: Engine; started: Started } | { engine: Engine; absent: string }

const values = scriptOptions(HELP, { within: '900', required: false })
const within = wholeNumber('within', values.within, HELP)

const signal = AbortSignal.timeout(Math.max(1, within - TESTS_SECONDS) * 1_000)
const all = await Promise.all(ENGINES.map(had))
const present = all.filter((one) => 'started' in one)
const outcomes = present.length > 0 ? await tested(present.map(({ engine }) => engine)) : new Map()
for (const one of all) tell(one)
await Promise.all(present.map(({ started }) => started.stop()))
const failed = [...outcomes.values()].some(({ failed }) => failed > 0)
const lacking = values.required && present.length < all.length
process.exitCode = failed || lacking ? 1 : 0

async function had(engine: Engine): Promise<Had> {
  try {
    const started = await engine.start({ signal, say })
    process.env[`SITEROUNDS_${engine.service}_ENGINE`] = started.url
    return { engine, started }
  } catch (thrown) {
    return { engine, absent: (thrown as Error).message }
  }
}

/** Runs the tests of these engines and gives what came of each file. */
async function tested(engines: readonly Engine[]): Promise<Map<string, Outcome>> {
  const files = engines.flatMap(({ tests }) => tests)
  const vitest = await startVitest('test', files, { watch: false, silent: 'passed-only' })
  const outcomes = outcomesOf(vitest.state.getTestModules())
  await vitest.close()
  return outcomes
}

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}

/** One line for an engine, and one for each test that it was not asked. */
function tell(one: Had): void {
  const { name, needs, tests } = one.engine
  if ('absent' in one) {
    say(`${name}: not run: ${one.absent} (it needs ${needs})`)
    return
  }
  const parts = tests.map((file) => outcomes.get(file) ?? { passed: 0, failed: 1, skipped: [] })
  const sum = (key: 'passed' | 'failed') => parts.reduce((all, part) => all + part[key], 0)
  const skipped = parts.flatMap((part) => part.skipped)
  say(`${name}: ${sum('passed')} passed, ${sum('failed')} failed, ${skipped.length} skipped`)
  for (const reason of skipped) say(`  skipped: ${reason}`)
}
