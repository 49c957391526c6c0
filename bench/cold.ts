import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { buildSync } from 'esbuild'
import { ENV } from '../lib/env.ts'
import { byTurns, type Line, median, peakMiB, secondsOf } from './measure.ts'
import type { Step, World } from './world.ts'

/** The start of the function that collects, as it is deployed, against esbuild's defaults. */
export const STEPS: Record<string, Step> = { build, start }

/** Of the time that the defaults take over an empty script, so much at most. */
const MOST_RATIO = 0.65

const script = (folder: string, name: string) => join(folder, name, 'index.mjs')

async function build({ folder }: World): Promise<Line[]> {
  run('infra/assets.ts', [folder])
  buildSync({
    entryPoints: ['functions/collect.ts'],
    outfile: script(folder, 'defaults'),
    bundle: true,
    platform: 'node',
    format: 'esm',
    // Without it packages in CommonJS would not start at all.
    banner: {
      js:
        "import{createRequire as __r}from'node:module';" +
        "import{fileURLToPath as __f}from'node:url';" +
        'const require=__r(import.meta.url),__filename=__f(import.meta.url),' +
        "__dirname=__f(new URL('.',import.meta.url));",
    },
  })
  writeFileSync(join(folder, 'empty.mjs'), '')
  return []
}

async function start({ folder, quick }: World): Promise<Line[]> {
  const times = quick ? 2 : 15
  const empty = () => run(join(folder, 'empty.mjs'))
  const emptySeconds: number[] = []
  for (let nth = 0; nth < times; nth += 1) emptySeconds.push(await secondsOf(empty))
  const { seconds, besideSeconds } = await byTurns(
    times,
    () => run(script(folder, 'collect')),
    () => run(script(folder, 'defaults')),
  )
  const base = median(emptySeconds)
  const ratio = (seconds - base) / (besideSeconds - base)
  const target = {
    text: `≤ ${MOST_RATIO} of esbuild’s defaults, over an empty script`,
    met: ratio <= MOST_RATIO,
  }
  const rate = 1000 * (seconds - base)
  return [
    {
      name: 'cold start',
      ...{ rate, unit: 'ms', ratio, of: 'the defaults', peakMiB: peakMiB() },
      ...(!quick && { target }),
    },
  ]
}

/** Runs a script to its end, in the environment of a function. */
function run(path: string, parameters: string[] = []): void {
  const names = Object.values(ENV).map((name) => [name, 'https://sqs.invalid/1/bench'])
  const env = { ...process.env, ...Object.fromEntries(names), AWS_REGION: 'eu-central-1' }
  const { status, stderr } = spawnSync(process.execPath, [path, ...parameters], { env })
  if (status !== 0) throw new Error(`${path} ended with ${status}: ${stderr}`)
}
