import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { isoInstant } from '../time.ts'

/**
 * `state.json` says that this folder's store was made, and which one it is. SQLite begins a new
 * database where the file is missing or empty; with the marker that is known for what it is: a
 * loss. It is written after the store is on disk, so there never is a marker without a store.
 */
export interface StateMarker {
  /** The id that also stands in the store; undefined when the marker itself is damaged. */
  id: string | undefined
}

/** The marker's name in the state folder. */
export const MARKER_NAME = 'state.json'

/** The form of the marker that this release writes. */
const MARKER_FORMAT = 1

const ABOUT =
  'Siterounds made a store here. Without this file it would take a lost one for a new one.'

/** The marker of a state folder; undefined when it has none. Throws what the system says. */
export function readMarker(folder: string): StateMarker | undefined {
  let text: string
  try {
    text = readFileSync(join(folder, MARKER_NAME), 'utf8')
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw thrown
  }
  try {
    const { id } = JSON.parse(text)
    return { id: typeof id === 'string' ? id : undefined }
  } catch {
    return { id: undefined }
  }
}

/**
 * Writes the marker: whole or not at all, and on the disk when this returns. `token` is no other
 * writer's.
 */
export function writeMarker(
  folder: string,
  made: { id: string; atMs: number },
  token: string,
): void {
  const marker = { format: MARKER_FORMAT, id: made.id, madeAt: isoInstant(made.atMs), about: ABOUT }
  const unfinished = join(folder, `.${MARKER_NAME}-${token}`)
  const file = openSync(unfinished, 'w')
  try {
    writeSync(file, `${JSON.stringify(marker, null, 2)}\n`)
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
  renameSync(unfinished, join(folder, MARKER_NAME))
  // Windows cannot open folders; there the rename is durable by itself.
  if (process.platform === 'win32') return
  const opened = openSync(folder, 'r')
  try {
    fsyncSync(opened)
  } finally {
    closeSync(opened)
  }
}
