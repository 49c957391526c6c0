import { lookup as systemLookup } from 'node:dns'
import type { LookupFunction } from 'node:net'
import ipaddr from 'ipaddr.js'
import { RoundsError } from '../errors.ts'

/**
 * Keeps a source from being used to reach what it should not: the addresses of cloud metadata
 * services (they give away credentials) never, inside addresses only where the operator allows
 * them. It judges the addresses that are really connected to, not names or spellings, so neither
 * a redirect, a name that resolves anew, nor `0x7f.1` gets past it.
 */
export interface AddressGuard {
  /** Why this literal address may not be connected to, or undefined; `host` is for the message. */
  refusal(address: string, host?: string): RoundsError | undefined
  /**
   * For `net.connect`: gives only those addresses of a name that may be connected to, and fails
   * with a `refused-address` error when none is left.
   */
  lookup: LookupFunction
}

type Address = ipaddr.IPv4 | ipaddr.IPv6
type Range = [Address, number]

/**
 * Where clouds answer questions about themselves, credentials included. The IPv4 link-local block
 * is the common one; the others are Alibaba's, Azure's, AWS's, Google's and Oracle's.
 */
const METADATA = [
  '169.254.0.0/16',
  '100.100.100.200/32',
  '168.63.129.16/32',
  'fd00:ec2::/32',
  'fd20:ce::254/128',
  'fd00:c1::a9fe:a9fe/128',
].map(parseRange)

/** The blocks that a hint proposes for an inside address; other addresses are proposed alone. */
const PROPOSED = [
  '10.0.0.0/8',
  '172.16.0.0/12',
  '192.168.0.0/16',
  '127.0.0.0/8',
  '100.64.0.0/10',
  '::1/128',
  'fc00::/7',
  'fe80::/10',
]

/** What people call the ranges of ipaddr.js. */
const KINDS: Record<string, string> = {
  private: 'private',
  loopback: 'loopback',
  uniqueLocal: 'private',
  linkLocal: 'link-local',
  carrierGradeNat: 'carrier-grade NAT',
  unspecified: 'unspecified',
  multicast: 'multicast',
  broadcast: 'broadcast',
}

/**
 * `allowAddresses` are CIDR ranges (a single address is taken too); one that is neither throws
 * `bad-address-range`. `lookup` is the system's, unless a test brings its own.
 */
export function addressGuard(
  allowAddresses: readonly string[],
  lookup: LookupFunction = systemLookup as LookupFunction,
): AddressGuard {
  const allowed = allowAddresses.map(parseRange)

  function refusal(text: string, host = text): RoundsError | undefined {
    const address = reached(text)
    if (!address) return refused(host, `${text}, which is not an address`, '')
    if (METADATA.some((range) => within(address, range))) {
      return refused(
        host,
        `${address}, where a cloud answers questions about itself`,
        'Metadata addresses are never allowed, not even by source.allowAddresses.',
      )
    }
    if (allowed.some((range) => within(address, range)) || address.range() === 'unicast') return
    const proposed = PROPOSED.find((range) => within(address, parseRange(range)))
    const range = proposed ?? `${address}/${address.kind() === 'ipv4' ? 32 : 128}`
    return refused(
      host,
      `${address}, a ${KINDS[address.range()] ?? 'reserved'} address`,
      `If this site is rightly there, add to it: source.allowAddresses: ["${range}"]`,
    )
  }

  return {
    refusal,
    lookup(host, options, callback) {
      lookup(host, { ...options, all: true }, (error, found) => {
        if (error) return callback(error, [])
        const addresses = Array.isArray(found) ? found : []
        const passing = addresses.filter(({ address }) => !refusal(address, host))
        const first = passing[0]
        if (!first) return callback(noneLeft(host, addresses[0]?.address), [])
        if (options.all) callback(null, passing)
        else callback(null, first.address, first.family)
      })
    },
  }

  function noneLeft(host: string, address: string | undefined): RoundsError {
    if (address === undefined) return refused(host, 'no address at all', '')
    return refusal(address, host) ?? refused(host, address, '')
  }
}

function refused(host: string, what: string, hint: string): RoundsError {
  return new RoundsError('refused-address', 'skip', `${host} leads to ${what}: refused`, hint)
}

function parseRange(text: string): Range {
  try {
    if (text.includes('/')) return ipaddr.parseCIDR(text)
    const address = ipaddr.parse(text)
    return [address, address.kind() === 'ipv4' ? 32 : 128]
  } catch {
    throw new RoundsError(
      'bad-address-range',
      'stop',
      `source.allowAddresses holds ${JSON.stringify(text)}, which is no address range`,
      'Write ranges like "10.0.0.0/8" or "fd12:3456::/32".',
    )
  }
}

function within(address: Address, [base, bits]: Range): boolean {
  return address.kind() === base.kind() && address.match(base as never, bits)
}

/** The address that packets would reach: an IPv4 address wrapped into IPv6 counts as itself. */
function reached(text: string): Address | undefined {
  if (!ipaddr.isValid(text)) return undefined
  const address = ipaddr.parse(text)
  if (!(address instanceof ipaddr.IPv6)) return address
  const parts = address.parts
  const range = address.range()
  // The old form `::10.0.0.5`; `::` and `::1` have ranges of their own.
  const compatible = range === 'unicast' && parts.slice(0, 6).every((part) => part === 0)
  if (range === 'ipv4Mapped' || range === 'rfc6145' || range === 'rfc6052' || compatible) {
    return ipv4(parts[6] ?? 0, parts[7] ?? 0)
  }
  if (range === '6to4') return ipv4(parts[1] ?? 0, parts[2] ?? 0)
  return address
}

function ipv4(high: number, low: number): Address {
  return new ipaddr.IPv4([high >> 8, high & 0xff, low >> 8, low & 0xff])
}
