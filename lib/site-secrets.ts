import { VARIABLE } from './config-secrets.ts'
import { RoundsError } from './errors.ts'
import type { MailSettings, Settings, SourceSettings } from './site.ts'

/** Secrets by the names under which settings refer to them. */
export type Secrets = Readonly<Record<string, string | undefined>>

/** Where a site is read, or how mail leaves, with a login that may refer to secrets. */
type WithLogin = { auth?: Record<string, string> }

/**
 * Settings with their references replaced by the secrets themselves; `secrets` is asked when there
 * is one. Throws a `skip` when a secret is not there: that keeps no other site.
 */
export async function withSecrets<Own extends SourceSettings | MailSettings>(
  settings: Own,
  secrets: () => Promise<Secrets>,
): Promise<Own> {
  const { auth } = settings as WithLogin
  if (!auth || !Object.values(auth).some((text) => VARIABLE.test(text))) return settings
  const known = await secrets()
  const resolved = Object.entries(auth).map(([key, text]) => [key, secretOf(text, known)])
  return { ...settings, auth: Object.fromEntries(resolved) }
}

/** The names of the secrets that settings refer to, each with those who need it: sites, `mail`. */
export function secretNames({ sites, mail }: Pick<Settings, 'sites' | 'mail'>) {
  const needed = new Map<string, string[]>()
  const logins: [string, SourceSettings | MailSettings][] = [
    ...sites.map(({ id, source }): [string, SourceSettings] => [id, source]),
    ['mail', mail],
  ]
  for (const [who, settings] of logins) {
    const { auth } = settings as WithLogin
    for (const text of Object.values(auth ?? {})) {
      const name = VARIABLE.exec(text)?.[1]
      if (name !== undefined) needed.set(name, [...(needed.get(name) ?? []), who])
    }
  }
  return needed
}

/** What a text stands for: itself, or the secret that it names. */
function secretOf(text: string, secrets: Secrets): string {
  const name = VARIABLE.exec(text)?.[1]
  if (name === undefined) return text
  const secret = Object.hasOwn(secrets, name) ? secrets[name] : undefined
  if (secret) return secret
  throw new RoundsError(
    'secret-missing',
    'skip',
    `There is no secret of the name ${name}.`,
    'Add it to the JSON object that the secret of the stack holds.',
  )
}
