import { mkdir, readdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { type ErrorClass, RoundsError } from '../errors.ts'
import type { Chance } from '../random.ts'
import { DAY_MS } from '../time.ts'
import { withFile } from '../with-file.ts'
import { badPath, objectPath } from './object-path.ts'
import type { Objects } from './objects.ts'

/**
 * The folder below the root in which files stand until they are whole; it is never listed. (Release
 * 0.1.0 left them beside the whole ones, under names that begin like this.)
 */
const UNFINISHED = '.unfinished'

/** A file that has been unfinished for so long is that of a process that was killed. */
const LEFT_BEHIND_MS = DAY_MS

/** Faults of a folder that pass by themselves. */
const PASSING = ['EMFILE', 'ENFILE', 'EAGAIN', 'EBUSY', 'EINTR']

/** Objects as files below `root`, which is made when absent. */
export function directoryObjects(root: string, chance: Chance): Objects {
  const unfinishedFolder = join(root, UNFINISHED)
  let swept = false
  return {
    async put(path, body) {
      const file = join(root, checked(path))
      await translate(file, async () => {
        await mkdir(dirname(file), { recursive: true })
        await mkdir(unfinishedFolder, { recursive: true })
        const unfinished = join(unfinishedFolder, chance.token())
        try {
          await withFile(unfinished, 'w', async (opened) => {
            await opened.writeFile(body)
            await opened.datasync()
            // Once is enough: what this process leaves behind itself is found by the next one.
            if (!swept) await sweep(unfinishedFolder, (await opened.stat()).mtimeMs)
            swept = true
          })
          await rename(unfinished, file)
        } catch (thrown) {
          // On a full disk the part that was written takes the room that is missing.
          await rm(unfinished, { force: true }).catch(() => {})
          throw thrown
        }
        await syncFolder(dirname(file))
      })
    },
    async get(path) {
      const file = join(root, checked(path))
      return translate(file, () => readFile(file), ['ENOENT', 'ENOTDIR', 'EISDIR'])
    },
    async list(prefix) {
      // Only the folder that holds all of them is walked through: an archive has many others.
      const folder = prefix.slice(0, Math.max(0, prefix.lastIndexOf('/')))
      const within = folder === '' ? root : join(root, checked(folder))
      const entries = await translate(
        within,
        () => readdir(within, { recursive: true, withFileTypes: true }),
        ['ENOENT', 'ENOTDIR'],
      )
      return (entries ?? [])
        .filter((entry) => entry.isFile() && !entry.name.startsWith(UNFINISHED))
        .map((entry) => join(entry.parentPath, entry.name).slice(join(root, '/').length))
        .map((path) => path.replaceAll('\\', '/'))
        .filter((path) => path.startsWith(prefix) && !path.startsWith(`${UNFINISHED}/`))
        .sort((one, other) => Buffer.compare(Buffer.from(one), Buffer.from(other)))
    },
    async remove(path) {
      const file = join(root, checked(path))
      await translate(file, () => rm(file, { force: true }))
    },
  }
}

/** The new name is on the disk too: the caller is about to note that the object stands. */
async function syncFolder(folder: string): Promise<void> {
  // Windows cannot open folders; there the rename is durable by itself.
  if (process.platform !== 'win32') await withFile(folder, 'r', (opened) => opened.sync())
}

/** Removes what killed processes left behind. `nowMs` is the disk's own time, as its dates are. */
async function sweep(folder: string, nowMs: number): Promise<void> {
  for (const name of await readdir(folder)) {
    const file = join(folder, name)
    try {
      if (nowMs - (await stat(file)).mtimeMs > LEFT_BEHIND_MS) await rm(file, { force: true })
    } catch {
      // Another process has finished it, or has swept it.
    }
  }
}

/** The path, unless it is in the folder that is the driver's own. */
function checked(path: string): string {
  if (path.startsWith(UNFINISHED)) throw badPath(path)
  return objectPath(path)
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
    const [errorClass, hint] = adviceOn(code)
    const message = `${file} cannot be used (${code}).`
    throw new RoundsError('folder', errorClass, message, hint, { cause: thrown })
  }
}

function adviceOn(code: string): [errorClass: ErrorClass, hint: string] {
  if (PASSING.includes(code)) return ['retry', 'It passes by itself: the next round tries again.']
  if (code === 'ENOSPC' || code === 'EDQUOT')
    return ['stop', 'Make room on the disk, then start again.']
  return ['stop', 'See that the folder exists and that this user may read and write it.']
}
