import { constants } from 'node:fs'
import { type FileHandle, open, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { RoundsError } from '../errors.ts'
import type { DirectorySourceSettings } from '../site.ts'
import { dayFileParts } from './day-file-path.ts'
import type { Answer, Source } from './source.ts'

/** Bytes asked of the file system at once: large enough that calls cost little beside parsing. */
const CHUNK_BYTES = 64 * 1024

/** Not blocking, so that a named pipe in a file's place is noticed and not waited for. */
const OPEN_FLAGS = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0)

/**
 * A source that reads day files from a folder of this machine, for example one that another
 * program fills. Symbolic links are followed, also out of the folder: operators use them.
 */
export function directorySource(settings: DirectorySourceSettings): Source {
  const opened = new Set<FileHandle>()

  async function read(path: string, from: number): Promise<Answer> {
    const file = join(settings.path, ...dayFileParts(path))
    const handle = await openFile(file, settings.path)
    if (!handle) return { kind: 'absent' }
    opened.add(handle)
    try {
      const found = await handle.stat()
      if (!found.isFile()) throw notAFile(file)
      if (from > 0 && found.size <= from) {
        await release(handle)
        return { kind: 'shorter' }
      }
      return { kind: 'body', start: from, chunks: chunks(handle, file, from, found.size) }
    } catch (error) {
      await release(handle)
      throw fileFault(error, file)
    }
  }

  /** Gives the bytes up to the end, which may move on while it reads; never ends before `size`. */
  async function* chunks(handle: FileHandle, file: string, from: number, size: number) {
    let at = from
    try {
      for (;;) {
        const room = settings.maxFileBytes - (at - from)
        // One byte more than is allowed is asked for: it tells a full file from one too large.
        const buffer = Buffer.allocUnsafe(Math.min(CHUNK_BYTES, room + 1))
        const { bytesRead } = await handle.read(buffer, 0, buffer.length, at)
        if (bytesRead === 0) break
        at += Math.min(bytesRead, room)
        if (room > 0) yield buffer.subarray(0, Math.min(bytesRead, room))
        if (bytesRead > room) throw tooLarge(file, settings.maxFileBytes)
      }
      if (at < size) throw cutBody(file, at, size)
    } catch (error) {
      throw fileFault(error, file)
    } finally {
      await release(handle)
    }
  }

  async function release(handle: FileHandle): Promise<void> {
    if (opened.delete(handle)) await handle.close()
  }

  return {
    read,
    /** Also frees the files of bodies that nobody began to read. */
    async close() {
      await Promise.all([...opened].map(release))
    },
  }
}

/** The open file, or undefined when only the file (or its feed's folder) does not exist. */
async function openFile(file: string, folder: string): Promise<FileHandle | undefined> {
  try {
    return await open(file, OPEN_FLAGS)
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw fileFault(error, file)
  }
  // A whole missing folder is a wrong setting or a lost mount, never a file not yet written.
  try {
    await stat(folder)
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw fileFault(error, folder)
    throw new RoundsError(
      'folder-missing',
      'skip',
      `the folder ${folder} does not exist`,
      'Correct source.path of this site, or mount the folder again.',
    )
  }
  return undefined
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException)?.code ?? ''
}

function notAFile(file: string): RoundsError {
  return new RoundsError(
    'not-a-file',
    'skip',
    `${file} is not a regular file`,
    'Correct the path of the feed, or put the day file in this place.',
  )
}

function tooLarge(file: string, maxFileBytes: number): RoundsError {
  return new RoundsError(
    'too-large',
    'skip',
    `${file} holds more than the ${maxFileBytes} bytes allowed in one read`,
    'If the file is rightly so large, raise source.maxFileBytes of this site.',
  )
}

function cutBody(file: string, at: number, size: number): RoundsError {
  return new RoundsError(
    'cut-body',
    'skip',
    `${file} ended at byte ${at} while it was read, of ${size} when it was opened`,
    'The file was cut or replaced meanwhile; the next round reads it again.',
  )
}

/** A file system's error as ours. */
function fileFault(error: unknown, file: string): RoundsError {
  if (error instanceof RoundsError) return error
  const code = codeOf(error)
  if (code === 'EISDIR' || code === 'ENOTDIR' || code === 'ENXIO') return notAFile(file)
  if (code === 'EACCES' || code === 'EPERM') {
    return new RoundsError(
      'not-permitted',
      'skip',
      `${file} may not be read (${code})`,
      'Let the user that runs Siterounds read this file and enter its folders.',
    )
  }
  return new RoundsError(
    'unreadable',
    'skip',
    `${file} could not be read (${code || 'unknown error'})`,
    'Check the disk or the network mount that holds it.',
  )
}
