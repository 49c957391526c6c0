import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { homedir } from 'node:os'
import { basename, join } from 'node:path'
import { promisify } from 'node:util'
import { reasonIn } from './reason.ts'

const run = promisify(execFile)

/** How engines are fetched. */
export interface Fetching {
  /** Ends the fetching when there is no more time for it. */
  signal: AbortSignal
  /** Tells what goes on. */
  say(line: string): void
}

/** Where what was fetched is kept for the next time: outside of the repository. */
function cacheFolder(): string {
  const caches = process.env.XDG_CACHE_HOME || join(homedir(), '.cache')
  return join(caches, 'siterounds', 'aws-engines')
}

/**
 * The folder of something that is fetched once. `pins` is the text that names all versions; whoever
 * changes it fetches anew. `fill` puts everything into the folder given. What was fetched by halves
 * is never seen, also not by another process that fetches the same.
 */
export async function fetched(
  name: string,
  pins: string,
  { say }: Fetching,
  fill: (folder: string) => Promise<void>,
): Promise<string> {
  const caches = cacheFolder()
  const hash = createHash('sha256').update(pins).digest('hex').slice(0, 16)
  const folder = join(caches, `${name}-${hash}`)
  if (existsSync(folder)) return folder
  mkdirSync(caches, { recursive: true })
  const half = mkdtempSync(join(caches, 'fetching-'))
  const beganMs = performance.now()
  say(`${name}: fetching`)
  try {
    await fill(half)
    if (!existsSync(folder)) renameSync(half, folder)
    say(`${name}: fetched in ${((performance.now() - beganMs) / 1000).toFixed(0)} s`)
    return folder
  } finally {
    rmSync(half, { recursive: true, force: true })
  }
}

/** What a program prints, both outputs together; throws why it failed, in one line. */
export async function outputOf(
  program: string,
  args: readonly string[],
  signal?: AbortSignal,
): Promise<string> {
  const name = basename(program)
  try {
    const { stdout, stderr } = await run(program, args, { signal })
    return `${stdout}${stderr}`
  } catch (thrown) {
    if (signal?.aborted) throw new Error(`${name} took too long`)
    const { code, stdout = '', stderr = '' } = thrown as Error & Record<string, string | undefined>
    if (code === 'ENOENT') throw new Error(`no ${name}`)
    throw new Error(`${name} failed: ${reasonIn(`${stdout}\n${stderr}`)}`)
  }
}
