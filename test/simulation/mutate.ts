import { spawnSync } from 'node:child_process'
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { MUTATIONS, type Mutation } from './mutations.ts'

/*
 * `npm run sim:mutations`: breaks the product in one place after the other, in a copy, and tells
 * after how many histories the simulation notices. One that it does not notice is a failure.
 *
 *   --only TEXT     those whose name holds the text
 *   --histories N   give up after so many; 2,000 unless it is said
 */

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const { values } = parseArgs({
  options: {
    only: { type: 'string', default: '' },
    histories: { type: 'string', default: '2000' },
    seed: { type: 'string', default: '1' },
    workers: { type: 'string', default: '2' },
  },
})

let unnoticed = 0
for (const mutation of MUTATIONS.filter(({ name }) => name.includes(values.only))) {
  process.stdout.write(`${mutation.name}: `)
  const folder = await copyWith(mutation)
  const told = simulated(folder)
  await rm(folder, { recursive: true })
  process.stdout.write(`${told}\n`)
}
process.exitCode = unnoticed > 0 ? 1 : 0

async function copyWith({ name, changes }: Mutation): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'rounds-mutation-'))
  for (const part of ['lib', 'test/simulation', 'test/fixtures', 'package.json']) {
    await cp(join(ROOT, part), join(folder, part), { recursive: true })
  }
  await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
  for (const { file, find, put } of changes) {
    const path = join(folder, file)
    const parts = (await readFile(path, 'utf8')).split(find)
    if (parts.length !== 2) {
      throw new Error(`${name}: ${file} holds ${parts.length - 1} times: ${find}`)
    }
    await writeFile(path, parts.join(put))
  }
  return folder
}

/** What the simulation said of a copy, in one line. */
function simulated(folder: string): string {
  const { histories, seed, workers } = values
  const ran = spawnSync(
    process.execPath,
    [
      join(folder, 'test/simulation/run.ts'),
      ...['--histories', histories, '--seed', seed, '--workers', workers, '--stop-at-failure'],
    ],
    { encoding: 'utf8', cwd: folder },
  )
  const count = /^(\d+) histories, (\d+) failures$/m.exec(ran.stdout)
  if (!count) throw new Error(`the simulation broke down:\n${ran.stdout}${ran.stderr}`)
  const failure = /^FAILED: (.*)$/m.exec(ran.stdout)?.[1]
  if (failure) return `noticed after ${count[1]} histories; ${failure.slice(0, 200)}`
  unnoticed += 1
  return `NOT NOTICED in ${count[1]} histories`
}
