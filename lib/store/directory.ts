import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { RoundsError } from '../errors.ts'
import type { Chance } from '../random.ts'
import type { Objects } from './objects.ts'

/** Begins the name of a file that is still being written; such files are never listed. */
const UNFINISHED = '.unfinished-'

/** Objects as files below `root`, which is made when absent. */
export function directoryObjects(root: string, chance: Chance): Objects {
  return {
    async put(path, body) {
      const file = join(root, checked(path))
      await translate(file, async () => {
        await mkdir(dirname(file), { recursive: true })
        const unfinished = join(dirname(file), `${UNFINISHED}${chance.token()}`)
        const handle = await open(unfinished, 'w')
        try {
          await handle.writeFile(body)
          await handle.datasync()
        } finally {
          await handle.close()
        }
        await rename(unfinished, file)
      })
    },
    async get(path) {
      const file = join(root, checked(path))
      return translate(file, () => readFile(file), ['ENOENT', 'ENOTDIR', 'EISDIR'])
    },
    async list(prefix) {
      const entries = await translate(
        root,
        () => readdir(root, { recursive: true, withFileTypes: true }),
        ['ENOENT'],
      )
      return (entries ?? [])
        .filter((entry) => entry.isFile() && !entry.name.startsWith(UNFINISHED))
        .map((entry) => join(entry.parentPath, entry.name).slice(join(root, '/').length))
        .map((path) => path.replaceAll('\\', '/'))
        .filter((path) => path.startsWith(prefix))
        .sort((one, other) => Buffer.compare(Buffer.from(one), Buffer.from(other)))
    },
    async remove(path) {
      const file = join(root, checked(path))
      await translate(file, () => rm(file, { force: true }))
    },
  }
}

/** The path itself, or an error: law 3 of the port keeps objects inside their folder. */
function checked(path: string): string {
  const parts = path.split('/')
  const bad = parts.some((part) => part === '' || part === '.' || part === '..')
  if (!bad && !/[\\\0]/.test(path)) return path
  throw new RoundsError('object-path', 'stop', `“${path}” is no path of an object.`)
}

/** Runs `work`; system errors become `RoundsError`s, those in `absent` become undefined. */
async function translate<T>(file: string, work: () => Promise<T>): Promise<T>
async function translate<T>(
  file: string,
  work: () => Promise<T>,
  absent: string[],
): Promise<T | undefined>
async function translate<T>(file: string, work: () => Promise<T>, absent: string[] = []) {
  try {
    return await work()
  } catch (thrown) {
    const { code = 'unknown' } = thrown as NodeJS.ErrnoException
    if (absent.includes(code)) return undefined
    throw new RoundsError(
      'folder',
      'stop',
      `${file} cannot be used (${code}).`,
      code === 'ENOSPC'
        ? 'Make room on the disk, then start again.'
        : 'See that the folder exists and that this user may read and write it.',
      { cause: thrown },
    )
  }
}
