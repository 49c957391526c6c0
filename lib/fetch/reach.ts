import { lookup } from 'node:dns/promises'
import { stat } from 'node:fs/promises'
import { connect, isIP, type LookupFunction, type Socket } from 'node:net'
import { connect as connectTls, type PeerCertificate, type TLSSocket } from 'node:tls'
import { RoundsError } from '../errors.ts'
import { addressGuard } from './address-guard.ts'
import { timedOut, wireFault } from './http-faults.ts'

/** One step on the way to a site, for people who set it up. */
export interface Step {
  step: 'name' | 'address' | 'connection' | 'tls' | 'folder'
  ok: boolean
  /** What was found, or what failed. */
  detail: string
  /** What the operator can do about a failure. */
  hint?: string
}

/** The port of a URL that names none. */
const PORTS: Readonly<Record<string, number>> = { 'http:': 80, 'https:': 443 }

/**
 * Goes to a web server one step at a time: name look-up, address guard, connection, and for https
 * the certificate. The way ends at the first step that fails. No step sends a request or a secret.
 */
export async function* stepsTo(
  address: string,
  allowAddresses: readonly string[],
  timeoutMs: number,
): AsyncGenerator<Step> {
  const url = new URL(address)
  const host = url.hostname.replace(/^\[|\]$/g, '')
  const port = Number(url.port) || PORTS[url.protocol]!
  const found = await addressesOf(host)
  yield found.step
  if (!found.step.ok) return
  const guard = addressGuard(allowAddresses)
  const verdict = guardStep(host, found.addresses, guard.refusal)
  yield verdict
  if (!verdict.ok) return
  const plain = () => connect({ host, port, lookup: guard.lookup })
  const met = await reached(plain, 'connect', url.host, timeoutMs)
  if (met instanceof RoundsError) {
    yield failed('connection', met)
    return
  }
  const remote = `${met.remoteAddress} port ${port}`
  met.destroy()
  const clear = url.protocol === 'http:' ? ', without TLS' : ''
  yield { step: 'connection', ok: true, detail: `${remote} answers${clear}` }
  if (url.protocol === 'https:') yield await tlsStep(url, host, port, guard.lookup, timeoutMs)
}

/** Looks whether a folder is there. */
export async function* stepsToFolder(path: string): AsyncGenerator<Step> {
  const found = await stat(path).catch(() => undefined)
  if (found?.isDirectory()) {
    yield { step: 'folder', ok: true, detail: `${path} is there` }
    return
  }
  const detail = found ? `${path} is not a folder` : `${path} does not exist`
  const hint =
    'Name the folder that holds the feeds; a web address begins with http:// or https://.'
  yield { step: 'folder', ok: false, detail, hint }
}

async function addressesOf(host: string): Promise<{ step: Step; addresses: string[] }> {
  if (isIP(host)) {
    const detail = `${host} is an address: nothing to look up`
    return { step: { step: 'name', ok: true, detail }, addresses: [host] }
  }
  try {
    const found = await lookup(host, { all: true })
    const addresses = [...new Set(found.map(({ address }) => address))]
    const detail = `${host} is ${addresses.join(', ')}`
    return { step: { step: 'name', ok: true, detail }, addresses }
  } catch (thrown) {
    return { step: failed('name', wireFault(thrown, host, 'head')), addresses: [] }
  }
}

function guardStep(
  host: string,
  addresses: readonly string[],
  refusal: (address: string, host: string) => RoundsError | undefined,
): Step {
  const refusals = addresses.map((address) => refusal(address, host))
  const first = refusals.find((one) => one !== undefined)
  if (first && refusals.every((one) => one !== undefined)) return failed('address', first)
  const passing = addresses.filter((_, index) => !refusals[index])
  const inside = passing.some((one) => addressGuard([]).refusal(one) !== undefined)
  const rest = addresses.length - passing.length
  const why = inside ? 'an inside address, and allowed' : 'a public address'
  const but = rest > 0 ? `; ${rest} other refused, which does not matter` : ''
  return { step: 'address', ok: true, detail: `${passing.join(', ')} is ${why}${but}` }
}

/** The socket once it is connected, or why it is not. */
function reached<S extends Socket>(
  open: () => S,
  event: 'connect' | 'secureConnect',
  name: string,
  timeoutMs: number,
): Promise<S | RoundsError> {
  return new Promise((resolve) => {
    const socket = open()
    socket.setTimeout(timeoutMs, () => {
      socket.destroy()
      resolve(timedOut(name, 'the connection'))
    })
    socket.on('error', (error) => resolve(wireFault(error, name, 'head')))
    socket.once(event, () => resolve(socket))
  })
}

/** Every certificate is looked at, also a wrong one: nothing is sent over this connection. */
async function tlsStep(
  url: URL,
  host: string,
  port: number,
  guarded: LookupFunction,
  timeoutMs: number,
): Promise<Step> {
  const servername = isIP(host) ? '' : host
  const options = { host, port, servername, lookup: guarded, rejectUnauthorized: false }
  const met = await reached<TLSSocket>(
    () => connectTls(options),
    'secureConnect',
    url.host,
    timeoutMs,
  )
  if (met instanceof RoundsError) return failed('tls', met)
  const told = certificateText(met.getPeerCertificate(), met.getProtocol())
  const code = met.authorized ? undefined : String(met.authorizationError)
  met.destroy()
  if (!code) return { step: 'tls', ok: true, detail: told }
  const fault = failed('tls', wireFault({ code }, url.host, 'head'))
  return { ...fault, detail: `${fault.detail}; ${told}` }
}

function certificateText(certificate: PeerCertificate, protocol: string | null): string {
  const { subject, issuer, valid_to } = certificate
  const nameIn = (one: { CN?: unknown; O?: unknown } | undefined) =>
    String(one?.CN ?? one?.O ?? 'nobody')
  const until = `valid until ${valid_to ?? 'an unknown day'}`
  return `${protocol}, certificate of ${nameIn(subject)} by ${nameIn(issuer)}, ${until}`
}

function failed(step: Step['step'], { message, hint }: RoundsError): Step {
  return { step, ok: false, detail: message, ...(hint && { hint }) }
}
