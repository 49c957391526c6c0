import { execFileSync } from 'node:child_process'
import { mkdirSync, statfsSync } from 'node:fs'
import { between } from '../../demo/seeded.ts'

/** A state folder whose disk can be full. */
export interface Room {
  /** How it is made full, for people. */
  how: string
  /** Leaves next to no room, and gives the words that a command line must begin with. */
  shrink(next: () => number): string[]
  /** There is room again. */
  restore(): void
  remove(): void
}

/** Far more than any state here needs. */
const WIDE = 'size=1g'

/** Bytes that are left at most on a disk that is nearly full. */
const MOST_LEFT = 60_000

/** Units of `ulimit -f` in a POSIX shell, in bytes. */
const ULIMIT_BYTES = 512

/**
 * Where this process may mount, the state lies in a file system in memory whose size is changed.
 * Elsewhere the program runs in a shell that limits how large its files may grow.
 */
export function roomFor(state: string): Room {
  mkdirSync(state, { recursive: true })
  if (!mounted('-t', 'tmpfs', '-o', WIDE, 'tmpfs', state)) return limited()
  const resize = (size: string) => mounted('-o', `remount,${size}`, state)
  return {
    how: 'a file system in memory that is full',
    shrink(next) {
      const { blocks, bfree, bsize } = statfsSync(state)
      resize(`size=${(blocks - bfree) * bsize + between(next, 0, MOST_LEFT)}`)
      return []
    },
    restore: () => void resize(WIDE),
    remove: () => void execFileSync('umount', ['-l', state]),
  }
}

function mounted(...words: string[]): boolean {
  try {
    execFileSync('mount', words, { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

function limited(): Room {
  return {
    how: 'files that may not grow (ulimit -f)',
    shrink(next) {
      const units = Math.floor(between(next, 0, MOST_LEFT) / ULIMIT_BYTES)
      return ['sh', '-c', `ulimit -f ${units}; exec "$@"`, 'sh']
    },
    restore: () => {},
    remove: () => {},
  }
}
