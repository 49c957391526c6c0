import type { Source } from './source.ts'

/** A source whose driver is loaded with the first file: sites of another kind need another. */
export function lazySource(load: () => Promise<Source>): Source {
  let loaded: Promise<Source> | undefined
  return {
    async read(path, from) {
      loaded ??= load()
      return (await loaded).read(path, from)
    },
    async close() {
      await (await loaded)?.close()
    },
  }
}
