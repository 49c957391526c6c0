import { describe, expect, it } from 'vitest'
import type { HttpSourceSettings, MailSettings } from '../lib/site.ts'
import { type Secrets, withSecrets } from '../lib/site-secrets.ts'

/** A reference as settings hold it. */
const to = (name: string) => `$\{${name}}`

const SITE: HttpSourceSettings = {
  ...{ kind: 'http', url: 'https://bj01.example/files/', allowAddresses: [] },
  ...{ timeoutMs: 1_000, maxFileBytes: 1_000 },
}
const SECRETS = { BJ01_PASSWORD: 'canary-1', TOKEN: 'canary-2', EMPTY: '' }

/** Secrets that count how often they were asked for. */
function kept(values: Secrets = SECRETS) {
  const done = { asked: 0 }
  const ask = async () => {
    done.asked += 1
    return values
  }
  return { done, ask }
}

const basic = (user: string, password: string): HttpSourceSettings => ({
  ...SITE,
  auth: { kind: 'basic', user, password },
})

describe('settings that refer to secrets', () => {
  it('hold them in their place, and are the same otherwise', async () => {
    const { ask, done } = kept()
    const own = basic('reader', to('BJ01_PASSWORD'))
    const auth = { kind: 'basic', user: 'reader', password: 'canary-1' }
    expect(await withSecrets(own, ask)).toEqual({ ...SITE, auth })
    expect(own.auth).toMatchObject({ password: to('BJ01_PASSWORD') })
    expect(done.asked).toBe(1)
  })

  it('may refer to several', async () => {
    const { ask, done } = kept()
    const resolved = await withSecrets(basic(to('TOKEN'), to('BJ01_PASSWORD')), ask)
    expect(resolved.auth).toMatchObject({ user: 'canary-2', password: 'canary-1' })
    expect(done.asked).toBe(1)
  })

  it('may be those of a mail server, or a header', async () => {
    const mail: MailSettings = {
      ...{ kind: 'smtp', from: 'a@example.org', host: 'mail.example', port: 587 },
      ...{ secure: false, requireTls: true, auth: { user: 'u', password: to('TOKEN') } },
    }
    const { ask } = kept()
    expect(await withSecrets(mail, ask)).toMatchObject({ auth: { password: 'canary-2' } })
    const header = { kind: 'header', name: 'X-Token', value: to('TOKEN') } as const
    const site = await withSecrets({ ...SITE, auth: header }, ask)
    expect(site.auth).toEqual({ ...header, value: 'canary-2' })
  })
})

describe('settings that refer to none', () => {
  it.each<[string, HttpSourceSettings | MailSettings]>([
    ['without a login', SITE],
    ['with one in clear text', basic('u', 'p')],
    ['with a text that only looks like a reference', basic('u', `x${to('TOKEN')}`)],
    ['of SES', { kind: 'ses', from: 'a@example.org' }],
  ])('%s ask for no secrets: many fleets have none', async (_, own) => {
    const { ask, done } = kept()
    expect(await withSecrets(own, ask)).toBe(own)
    expect(done.asked).toBe(0)
  })
})

describe('a secret that is not there', () => {
  it.each(['MISSING', 'EMPTY', 'constructor', '__proto__', 'toString'])(
    'such as %s fails this site alone, by its name',
    async (name) => {
      const { ask } = kept()
      const own = withSecrets(basic('u', to(name)), ask)
      await expect(own).rejects.toMatchObject({ code: 'secret-missing', class: 'skip' })
      await expect(own).rejects.toThrow(`no secret of the name ${name}`)
      const thrown = await own.catch((error) => JSON.stringify([error, error.message, error.hint]))
      expect(thrown).not.toContain('canary')
    },
  )

  it('because nobody could be asked is that failure', async () => {
    const down = new Error('down')
    const own = withSecrets(basic('u', to('TOKEN')), () => Promise.reject(down))
    await expect(own).rejects.toBe(down)
  })
})
