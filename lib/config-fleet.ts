import { readSettings } from './config.ts'
import { type Found, type Path, type Problem, reference } from './config-problems.ts'
import type { Settings } from './site.ts'

/*
 * A configuration file that is to be brought into a stack on AWS. It is read as on one machine, but
 * secrets stay references: they lie in the stack, and this machine need not know them.
 */

/**
 * Reads a configuration for a stack: settings in which each secret is its reference, `${NAME}`, or
 * every problem: those that `check` finds, and what cannot be on AWS. What only the machine of the
 * file knows, its state folder, is left out of the settings.
 */
export function readFleetSettings(file: string): { settings: Settings } | { problems: Problem[] } {
  const read = readSettings(file, REFERENCES, fleetFindings)
  return 'settings' in read ? { settings: { ...read.settings, state: '' } } : read
}

/** An environment in which every variable stands for itself. */
const REFERENCES = new Proxy<Record<string, string>>(
  {},
  {
    get: (_, name) => reference(String(name)),
    getOwnPropertyDescriptor: (_, name) => ({
      value: reference(String(name)),
      writable: true,
      enumerable: true,
      configurable: true,
    }),
  },
)

/** What cannot be on AWS, in plain values that may be wrong in themselves. */
function fleetFindings(root: unknown): Found[] {
  const sites = at(root, 'sites')
  const sources = (Array.isArray(sites) ? sites : []).flatMap((site, position) =>
    sourceFindings(at(site, 'source'), ['sites', position, 'source']),
  )
  return [...sources, ...mailFindings(at(root, 'mail'))]
}

function sourceFindings(source: unknown, path: Path): Found[] {
  const found = fileSecrets(at(source, 'auth'), [...path, 'auth'])
  if (at(source, 'kind') !== 'directory') return found
  return [
    ...found,
    {
      message: 'a site on AWS cannot be read from a folder',
      fix: 'give it a source of kind http; sites in folders are read where the folders are',
      path: [...path, 'kind'],
      at: 'value',
    },
  ]
}

function mailFindings(mail: unknown): Found[] {
  const found = fileSecrets(at(mail, 'auth'), ['mail', 'auth'])
  if (mail !== undefined && at(mail, 'kind') !== 'outbox') return found
  return [
    ...found,
    {
      message: 'on AWS there is no outbox folder into which mails could go',
      fix: 'write `mail: { kind: ses, from: siterounds@example.org }`, or `kind: smtp`',
      path: mail === undefined ? ['mail'] : ['mail', 'kind'],
      at: mail === undefined ? 'key' : 'value',
    },
  ]
}

function fileSecrets(auth: unknown, path: Path): Found[] {
  if (typeof auth !== 'object' || auth === null) return []
  return Object.entries(auth)
    .filter(([, value]) => at(value, 'file') !== undefined)
    .map(([key]) => ({
      message: 'a secret of a stack cannot come from a file of this machine',
      fix: `write "${reference('NAME')}", and put NAME into the secret of the stack`,
      path: [...path, key],
      at: 'value',
    }))
}

function at(value: unknown, key: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined
  return (value as Record<string, unknown>)[key]
}
