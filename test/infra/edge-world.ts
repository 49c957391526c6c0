import { createHmac } from 'node:crypto'
import { newKey } from '../../lib/access/keys.ts'
import { type Session, sessionToken } from '../../lib/access/session-token.ts'
import { HOUR_MS } from '../../lib/time.ts'
import {
  type EdgeAnswer,
  type EdgeRequest,
  edgeHandler,
  edgeRequest,
} from '../fixtures/edge-function.ts'

/** When everything here happens. */
export const NOW = Date.parse('2026-11-10T08:00:00Z')

/** The cookie in which a browser keeps its token. */
export const COOKIE = '__Host-siterounds'

/** The key that the edge knows, and one that it does not. */
export const KEY = newKey(NOW)
export const OTHER = newKey(NOW)

/** What the edge has in its store. */
export const SECRETS = new Map([[KEY.kid, KEY.secret]])

/** The function of a closed site, and that of one which is open to everybody. */
export const door = edgeHandler('access.js', SECRETS, () => NOW)
export const rewrite = edgeHandler('rewrite.js')

/** A token for so long from now on, for all pages unless said otherwise. */
export function token(session: Partial<Session> = {}, key = KEY): string {
  return sessionToken(key, { path: '/', endsAtMs: NOW + 12 * HOUR_MS, ...session })
}

/** A token with any head and claims, sealed with the secret that the edge knows. */
export function sealed(head: unknown, claims: unknown, secret = KEY.secret): string {
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const text = `${part(head)}.${part(claims)}`
  return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`
}

/** What becomes of a request: handed on to the bucket (`file`), or answered. */
export interface Outcome {
  status: number
  file?: string
  location?: string
  cookie?: string
}

/** The outcome of a request at the door. */
export async function outcome(request: unknown, handler = door): Promise<Outcome> {
  const result = await handler({ version: '1.0', request })
  if (!('statusCode' in result)) return { status: 200, file: (result as EdgeRequest).uri }
  const { statusCode: status, headers, cookies } = result as EdgeAnswer
  const location = headers.location?.value
  const cookie = cookies?.[COOKIE]?.value
  return { status, ...(location && { location }), ...(cookie && { cookie }) }
}

/** The outcome for a browser that holds a token in its cookie. */
export function withCookie(address: string, held: string): Promise<Outcome> {
  return outcome(edgeRequest(address, { [COOKIE]: held }))
}
