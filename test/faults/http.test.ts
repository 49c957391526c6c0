import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { RoundsError } from '../../lib/errors.ts'
import { httpSource } from '../../lib/fetch/http.ts'
import { drained } from '../contracts/source.ts'
import {
  type BadServer,
  BEHAVIOURS,
  type Behaviour,
  badServer,
  type Fault,
  NUMBERED_FAULTS,
  well,
} from '../fixtures/bad-server.ts'
import { closedAfter, openHttp } from '../fixtures/http-source.ts'
import { httpSite } from '../fixtures/rounds-world.ts'
import { type Counts, countsOf, inOrder, raise, wholeUnits } from '../ledger/oracle.ts'
import { alarmLines, DAY, type LedgerWorld, ledgerWorld } from './ledger-world.ts'

/**
 * Every misbehaviour of the bad web server against the driver alone, and through whole rounds into
 * a ledger on the disk: during the fault the ledger holds only whole lines that the site had, and
 * once the server is well again it equals the file.
 */

/** More than a marker's 4 KiB, so that rounds ask for a range. */
const FILE = Buffer.from(alarmLines(0, 120))
const GROWN = Buffer.from(alarmLines(0, 130))
const OTHER = Buffer.from(alarmLines(1000, 1125))

/** Waits are short where a fault is a wait; elsewhere they must not end what is merely slow. */
const timeoutOf = (fault: Fault) => (fault.startsWith('F54') ? 40 : 5000)
const quick = (fault: Fault) => ({ timeoutMs: timeoutOf(fault), maxFileBytes: 64 * 1024 * 1024 })

/** What these misbehaviours serve that is not of the file; nobody can tell it from the file. */
const SERVED_ELSE: Partial<Record<Fault, string>> = { 'F46 replaced while read': 'new\n' }

/** Answers that say of a file with lines that it is empty, in a way that cannot be doubted. */
const SAYS_EMPTY: Fault[] = ['F42 416 without Content-Range']

/** Says its bytes are of another place, and ends with an error; the marker finds it out. */
const CLAIMS_ANOTHER_PLACE: Fault = 'F39 chunked 206 with the whole body'

describe.each(NUMBERED_FAULTS)('%s: the driver alone', (fault) => {
  it('gives bytes of the file at the place it says, or an error', async () => {
    const server = closedAfter(await badServer(fault, FILE))
    const source = closedAfter(openHttp({ url: server.url, ...quick(fault) }))
    for (const from of [0, 24, 5000, FILE.length]) {
      const answer = await source.read('f.txt', from).catch((error: unknown) => error)
      if (answer instanceof RoundsError) {
        expect(answer).toMatchObject({ class: 'skip', hint: expect.stringMatching(/./) })
        continue
      }
      expect(answer).not.toBeInstanceOf(Error)
      const got = answer as Awaited<ReturnType<typeof source.read>>
      if (got.kind !== 'body') continue
      const { start, bytes, error } = await drained(got)
      expect(start).toBeLessThanOrEqual(from)
      if (error) expect(error).toMatchObject({ class: 'skip' })
      if (fault === CLAIMS_ANOTHER_PLACE && from > 0) {
        expect(error).toMatchObject({ code: 'bad-range' })
        continue
      }
      const whole = Buffer.from(NOT_OF_THE_FILE[fault]?.(bytes.length) ?? FILE)
      const right = whole.subarray(start, start + bytes.length)
      expect(bytes.equals(right) || bytes.toString() === SERVED_ELSE[fault]).toBe(true)
      // A body without an error is all that there is.
      const all = bytes.toString() === SERVED_ELSE[fault] || start + bytes.length === whole.length
      expect(error !== undefined || all || SAYS_EMPTY.includes(fault)).toBe(true)
    }
  })
})

/** Bodies that are whole, and of another file: whoever reads lines must judge them. */
const NOT_OF_THE_FILE: Partial<Record<Fault, (length: number) => string>> = {
  'F53 login page with 200': () => '<html>Log in</html>\n',
  'F54 drips for ever': (length) => 'x'.repeat(length + 1),
}

let server: BadServer
let world: LedgerWorld
const site = { behaviour: well as Behaviour, fault: undefined as Fault | undefined, file: FILE }

beforeAll(async () => {
  let count = 0
  server = await badServer((socket, ask) => {
    count += 1
    site.behaviour(socket, { ...ask, count }, site.file)
  }, Buffer.alloc(0))
  reset = () => {
    count = 0
  }
  world = await ledgerWorld(
    () => ({ sites: ['new', 'grown', 'other'].flatMap(sitesOf) }),
    ({ chance }) => ({
      openSource: ({ source }) => {
        if (source.kind !== 'http') throw new Error('every site here is behind a web server')
        const more = quick(site.fault ?? 'F36 range ignored')
        return httpSource({ ...source, ...more }, { chance, sleep: async () => {} })
      },
    }),
  )
})

afterAll(async () => {
  await world?.remove()
  await server?.close()
})

/** The count of requests begins anew with each fault. */
let reset = () => {}

const allowAddresses = ['127.0.0.0/8']

/** One site for each fault, since what a ledger holds stays. */
function sitesOf(state: string) {
  return NUMBERED_FAULTS.map((_, index) =>
    httpSite(`${state}-${index}`, server.url, {
      feeds: { system: false, service: false },
      source: { kind: 'http', url: server.url, allowAddresses, siteIds: ['s1'] },
    }),
  )
}

/** A round with this fault, or with the server well; what it read and whether it told a failure. */
async function round(id: string, fault: Fault | undefined, file: Buffer) {
  Object.assign(site, { fault, file, behaviour: fault ? BEHAVIOURS[fault] : well })
  const { totals, failures } = await world.collect({ day: DAY, sites: [id] })
  return { lines: totals.lines, failed: failures.length > 0 }
}

/** No line less than `least`, and none more than `most`, has. */
function expectBetween(held: Counts, least: Counts, most: Counts): void {
  for (const [unit, count] of least) expect(held.get(unit) ?? 0).toBeGreaterThanOrEqual(count)
  for (const [unit, count] of held) expect(most.get(unit) ?? 0).toBeGreaterThanOrEqual(count)
}

describe.each(NUMBERED_FAULTS)('%s: into the ledger', (fault) => {
  const index = NUMBERED_FAULTS.indexOf(fault)

  it.each([
    ['new', 'that nobody has read', undefined, FILE],
    ['grown', 'that has grown', FILE, GROWN],
    ['other', 'that was replaced', FILE, OTHER],
  ] as const)('%s: a file %s', async (state, _, before, file) => {
    const id = `${state}-${index}`
    let lines = before ? (await round(id, undefined, before)).lines : 0
    const least = countsOf(before ? wholeUnits(before) : [])
    const most: Counts = new Map(least)
    raise(most, countsOf(wholeUnits(file)))
    const else_ = countsOf(wholeUnits(Buffer.from(SERVED_ELSE[fault] ?? '')))
    reset()
    for (let turn = 0; turn < 2; turn += 1) {
      const during = await round(id, fault, file)
      lines += during.lines
      const { stored, newest, lines: counted } = await world.heldOf(id)
      expect(counted).toBe(lines)
      expectBetween(stored, least, raised(most, else_))
      // A round that tells no failure has read the file whole.
      const whole = newest.equals(file) || newest.toString() === SERVED_ELSE[fault]
      expect(during.failed || whole || SAYS_EMPTY.includes(fault)).toBe(true)
    }
    const { stored: kept } = await world.heldOf(id)
    lines += (await round(id, undefined, file)).lines
    const after = await world.heldOf(id)
    expect(after.newest.equals(file)).toBe(true)
    const served = [...else_.keys()].some((unit) => kept.has(unit))
    expect(inOrder(after.stored)).toEqual(inOrder(served ? raised(most, else_) : most))
    expect(after.lines).toBe(lines)
    expect(after.lines).toBe([...after.stored.values()].reduce((sum, count) => sum + count, 0))
    expect(await round(id, undefined, file)).toEqual({ lines: 0, failed: false })
  })
})

function raised(counts: Counts, more: Counts): Counts {
  const both = new Map(counts)
  raise(both, more)
  return both
}
