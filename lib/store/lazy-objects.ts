import type { Objects } from './objects.ts'

/**
 * Objects whose driver is loaded when it is first needed: the client of S3 takes longer to load
 * than a round over a quiet site takes, and rounds need it only when records have left the table.
 */
export function lazyObjects(load: () => Promise<Objects>): Objects {
  let loaded: Promise<Objects> | undefined
  const driver = () => {
    loaded ??= load()
    return loaded
  }
  return {
    put: async (path, body, options) => (await driver()).put(path, body, options),
    get: async (path) => (await driver()).get(path),
    list: async (prefix) => (await driver()).list(prefix),
    remove: async (path) => (await driver()).remove(path),
  }
}
