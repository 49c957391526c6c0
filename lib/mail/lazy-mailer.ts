import type { Mailer } from './mailer.ts'

/** A mailer whose driver is loaded with the first mail: most rounds have none. */
export function lazyMailer(load: () => Promise<Mailer>): Mailer {
  let loaded: Promise<Mailer> | undefined
  return {
    async send(message) {
      loaded ??= load()
      return (await loaded).send(message)
    },
    async close() {
      await (await loaded)?.close()
    },
  }
}
