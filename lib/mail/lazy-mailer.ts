import type { Mailer } from './mailer.ts'

/**
 * A mailer whose driver is loaded with the first mail: most rounds have none. A load that failed is
 * tried again by the next mail.
 */
export function lazyMailer(load: () => Promise<Mailer>): Mailer {
  let loaded: Promise<Mailer> | undefined
  return {
    async send(message) {
      const loading = loaded ?? load()
      loaded = loading
      loading.catch(() => {
        if (loaded === loading) loaded = undefined
      })
      return (await loading).send(message)
    },
    async close() {
      // What could not be loaded was told by the send; it holds nothing that could be closed.
      const mailer = await loaded?.catch(() => undefined)
      await mailer?.close()
    },
  }
}
