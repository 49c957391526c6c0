import { RoundsError } from '../errors.ts'
import type { Day } from '../site.ts'
import { compactDay } from '../time.ts'

/** Control characters: they would forge log lines, and a NUL ends a path early. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
const CONTROL = /[\u0000-\u001f\u007f]/

/** The path of one day's file, from a feed's path: its `{day}` becomes YYYYmmdd. */
export function dayFilePath(path: string, day: Day): string {
  return path.replaceAll('{day}', compactDay(day))
}

/**
 * The parts of a path below a source, such as `sys_alarm/system_alarm_20261110.txt`.
 * Throws `bad-path` for whatever could leave the source's base: an absolute path, `.` or `..`,
 * a backslash (a separator on some systems), an empty part, a control character.
 */
export function dayFileParts(path: string): string[] {
  const parts = path.split('/')
  const wrong = parts.some((part) => part === '' || part === '.' || part === '..')
  if (wrong || path.includes('\\') || CONTROL.test(path)) {
    throw new RoundsError(
      'bad-path',
      'skip',
      `${JSON.stringify(path)} is not a path below a source`,
      'Write the path of the feed like "sys_alarm/system_alarm_{day}.txt": relative, without "..".',
    )
  }
  return parts
}
