import type { Run } from './runs.ts'

/** How a process ended. `wrong` is whatever no process of this program may do. */
export type Ending = 'killed' | 'well' | 'passing-faults' | 'disk-full' | 'wrong'

/** Failures that a later run makes good: a file cut while it was read, a mail server in trouble. */
const PASSING = new Set([
  'cut-body',
  'mail-connection',
  'mail-unknown',
  'mail-later',
  'mail-refused',
])

/** One sentence about the room on a disk; `run` has said before that it keeps the schedule. */
const DISK_FULL =
  /^(?:A round every [^\n]*\n)?[^\n]*\b(?:full|space|room|disk|ENOSPC|EFBIG)\b[^\n]*\n$/

/** How a run ended; `isFull` says that its disk was full, or nearly so. */
export function endingOf({ killed, exitCode, stdout, stderr }: Run, isFull: boolean): Ending {
  if (killed) return 'killed'
  if (exitCode === 2 && isFull && DISK_FULL.test(stderr)) return 'disk-full'
  if (exitCode === 0 && stderr === '') return 'well'
  return exitCode === 1 && stderr === '' && arePassing(stdout) ? 'passing-faults' : 'wrong'
}

function arePassing(stdout: string): boolean {
  const { failures = [] } = JSON.parse(stdout) as { failures?: { code: string }[] }
  return failures.length > 0 && failures.every(({ code }) => PASSING.has(code))
}
