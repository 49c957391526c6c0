import type { Source } from './source.ts'

/**
 * A source whose driver is loaded with the first file: sites of another kind need another. A load
 * that failed is tried again by the next read.
 */
export function lazySource(load: () => Promise<Source>): Source {
  let loaded: Promise<Source> | undefined
  return {
    async read(path, from) {
      const loading = loaded ?? load()
      loaded = loading
      loading.catch(() => {
        if (loaded === loading) loaded = undefined
      })
      return (await loading).read(path, from)
    },
    async close() {
      // What could not be loaded was told by the read; it holds nothing that could be closed.
      const source = await loaded?.catch(() => undefined)
      await source?.close()
    },
  }
}
