import { fork } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { textTable } from '../lib/cli/table.ts'
import { BENCHES, type Bench } from './benches.ts'
import type { Line } from './measure.ts'

const USAGE = `npm run bench -- [--quick] [--only <row>]… [--json]

  --quick   small sizes: to see that everything runs
  --only    ${BENCHES.map(({ name }) => name).join(', ')}
  --json    an array of rows instead of a table
`

/** Runs a module in a process of its own and gives the one message that it sends. */
function messageOf<T>(module: string, parameters: string[]) {
  const child = fork(new URL(module, import.meta.url), parameters, {
    execArgv: ['--expose-gc', '--max-semi-space-size=8', '--disable-warning=ExperimentalWarning'],
  })
  const message = new Promise<T>((resolve, reject) => {
    child.once('message', (sent) => resolve(sent as T))
    child.once('exit', (code) => reject(new Error(`${module} ${parameters[0]} ended (${code})`)))
  })
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  return { child, message, exited }
}

/** The lines of one bench; its files are gone afterwards. */
async function linesOf({ name, steps }: Bench, quick: boolean): Promise<Line[]> {
  const folder = mkdtempSync(join(tmpdir(), 'siterounds-bench-'))
  mkdirSync(join(folder, 'sites'))
  const server = messageOf<string>('./file-server.ts', [join(folder, 'sites')])
  try {
    const world = { folder, quick, url: await server.message }
    const lines: Line[] = []
    for (const step of steps) {
      const running = messageOf<Line[]>('./step.ts', [name, step, JSON.stringify(world)])
      lines.push(...(await running.message))
      await running.exited
    }
    return lines
  } finally {
    server.child.disconnect()
    await server.exited
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Three digits that count. */
function figure(value: number): string {
  if (value >= 100) return Math.round(value).toLocaleString('en-US')
  return value.toPrecision(3)
}

function table(lines: readonly Line[]): string {
  return textTable(
    ['', 'rate', '', 'ratio', '', 'peak MiB', '', 'target'],
    lines.map(({ name, rate, unit, ratio, of, peakMiB, note, target }) => [
      name,
      figure(rate),
      unit,
      `${figure(ratio)} x`,
      of,
      peakMiB,
      note ?? '',
      target ? `${target.text}: ${target.met ? 'met' : 'MISSED'}` : '',
    ]),
    ['left', 'right', 'left', 'right', 'left', 'right'],
  )
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      quick: { type: 'boolean', default: false },
      only: { type: 'string', multiple: true, default: [] },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  const unknown = values.only.filter((one) => !BENCHES.some(({ name }) => name === one))
  if (values.help || unknown.length > 0) {
    process.stderr.write(USAGE)
    process.exitCode = values.help ? 0 : 2
    return
  }
  const lines: Line[] = []
  for (const bench of BENCHES) {
    if (values.only.length > 0 && !values.only.includes(bench.name)) continue
    process.stderr.write(`${bench.name} …\n`)
    lines.push(...(await linesOf(bench, values.quick)))
  }
  process.stdout.write(values.json ? `${JSON.stringify(lines, null, 2)}\n` : table(lines))
}

await main()
