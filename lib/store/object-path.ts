import { RoundsError } from '../errors.ts'

/** The path itself, or an error: law 3 of the objects port keeps objects inside their place. */
export function objectPath(path: string): string {
  const parts = path.split('/')
  const bad = parts.some((part) => part === '' || part === '.' || part === '..')
  if (bad || /[\\\0]/.test(path)) throw badPath(path)
  return path
}

/** The error for a path that no object may have. */
export function badPath(path: string): RoundsError {
  return new RoundsError('object-path', 'stop', `“${path}” is no path of an object.`)
}
