import { execFileSync } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import type { Summary } from './summary.ts'

const RECORD = new URL('record.json', import.meta.url)

interface Recorded {
  from: number
  to: number
  histories: number
  commit: string
  failures: number[]
  digest: string
}

/** Adds a run to the record of all runs; refuses when the code is not what the commit holds. */
export async function recordRun({ seed, summary }: { seed: number; summary: Summary }) {
  const cwd = new URL('.', import.meta.url)
  const git = (...words: string[]) => execFileSync('git', words, { cwd, encoding: 'utf8' }).trim()
  const changed = git('status', '--porcelain', '--', '../../lib', '.').replace(/.*record\.json/, '')
  if (changed !== '') throw new Error(`not recorded: these are not committed:\n${changed}`)
  const record: Recorded[] = JSON.parse(await readFile(RECORD, 'utf8').catch(() => '[]'))
  record.push({
    from: seed,
    to: seed + summary.histories - 1,
    histories: summary.histories,
    commit: git('rev-parse', '--short=12', 'HEAD'),
    failures: summary.failures.map((failure) => failure.seed).sort((a, b) => a - b),
    digest: summary.digest,
  })
  const lines = record.map((one) => `  ${JSON.stringify(one)}`)
  await writeFile(RECORD, `[\n${lines.join(',\n')}\n]\n`)
}
