/** One thing that is wrong with a configuration file. No field ever holds a secret. */
export interface Problem {
  /** The file as the caller named it. */
  file: string
  /** Both count from 1; 1:1 stands for the file as a whole. */
  line: number
  column: number
  /** What is wrong. */
  message: string
  /** What to write or do instead. */
  fix: string
}

/** A problem that has no place in a file yet. */
export interface Finding {
  message: string
  fix: string
}

/** Steps from the file's root to a value: keys, and positions (from 0) in lists. */
export type Path = readonly (string | number)[]

/** A problem about the value at `path`, or about the key that leads to it. */
export interface Found extends Finding {
  path: Path
  at: 'value' | 'key'
}

/** A problem as compilers print it, so that editors and terminals can jump to the place. */
export function formatProblem(problem: Problem): string {
  const { file, line, column, message, fix } = problem
  return `${file}:${line}:${column}: ${message} — ${fix}`
}

/** What can be shown of a value without showing too much: one word of at most 64 letters. */
const SHOWABLE = /^[\p{L}\p{M}\p{N}_./+@-]{1,64}$/u

/**
 * A value in backticks, or `this value` when it is anything but one short word: a forgotten space
 * or line break can pull a password into a neighbouring value, and control characters could
 * rewrite a terminal.
 */
export function quoted(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  return text !== undefined && SHOWABLE.test(text) ? `\`${text}\`` : 'this value'
}

/** The name of what a path leads to: `timeZone`, or `recipients[1]` for an item of a list. */
export function nameOf(path: Path): string {
  const key = path.findLastIndex((step) => typeof step === 'string')
  if (key === -1) return 'the file'
  const positions = path.slice(key + 1).map((step) => `[${step}]`)
  return `\`${String(path[key])}${positions.join('')}\``
}

/** How a file refers to an environment variable. */
export function reference(variable: string): string {
  return `\${${variable}}`
}

/** True below `auth`, where nothing that was written is ever repeated. */
export function isPrivate(path: Path): boolean {
  return path.includes('auth')
}
