import { createHmac } from 'node:crypto'
import { HOUR_MS, SECOND_MS } from '../time.ts'

/** The parameter of a link that holds its token; infra/edge/access.js reads the same one. */
export const LINK_PARAMETER = 'access'

/** The longest that a link may be valid, in hours: one month of 31 days. */
export const LONGEST_LINK_HOURS = 24 * 31

/** The same in milliseconds: so long after its last link a key opens nothing more. */
export const LONGEST_LINK_MS = LONGEST_LINK_HOURS * HOUR_MS

/** What signs tokens: a key by its public name, and its secret text. */
export interface SigningKey {
  kid: string
  secret: string
}

/** What a token promises: pages below `path`, which begins and ends with `/`, until an instant. */
export interface Session {
  path: string
  /** Epoch milliseconds; a token knows whole seconds, and ends with the second before. */
  endsAtMs: number
}

/**
 * A session token: HS256 in the compact form of RFC 7515, with `kid` in its head. The key is the
 * text of the secret as it stands in the store at the edge, which is not decoded there.
 */
export function sessionToken({ kid, secret }: SigningKey, { path, endsAtMs }: Session): string {
  const head = base64url({ alg: 'HS256', kid })
  const exp = Math.floor(endsAtMs / SECOND_MS)
  const claims = base64url(path === '/' ? { exp } : { exp, path })
  const signed = `${head}.${claims}`
  return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`
}

function base64url(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

/** One folder of the report site, or several, one in another. */
const FOLDERS = /^\/([A-Za-z0-9._~-]+\/)*$/
const DOTS = /\/\.\.?(\/|$)/

/**
 * The folder that a text names, `/` at both ends: `bj01` and `/bj01/` are the same one. Undefined
 * when no page can stand in a folder of that name.
 */
export function linkFolder(text: string): string | undefined {
  const folder = `/${text}/`.replace(/^\/+/, '/').replace(/\/+$/, '/')
  return FOLDERS.test(folder) && !DOTS.test(folder) ? folder : undefined
}

/** The link that opens a folder of the report site at `publicUrl` with a token. */
export function accessLink(publicUrl: string, path: string, token: string): string {
  const link = new URL(path, publicUrl)
  link.searchParams.set(LINK_PARAMETER, token)
  return link.href
}
