import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { seeded } from '../../demo/seeded.ts'
import { MINUTE_MS } from '../../lib/time.ts'
import type { Fault, Passing } from '../fixtures/fault-proxy.ts'
import { seededPlan } from '../fixtures/queue-plan.ts'
import { type Deployed, deploy } from './deployed.ts'
import { synthesised } from './synthesised.ts'
import {
  alarmsIn,
  endedOn,
  type Lived,
  onAws,
  onOneMachine,
  standingAt,
  type WeekWorld,
  weekWorld,
} from './week.ts'

/**
 * The real week through the deployed stacks when everything goes wrong that AWS allows to:
 * messages come twice, again, late, in any order, or never; functions are killed in mid-run; the
 * table is throttled, fails, and does things of which nobody is told; the schedule ticks twice.
 * What comes of it is the same, no mail is missed, and one comes again only for a kill or an
 * unknown answer inside its send.
 */

const THROTTLED: Fault = {
  status: 400,
  headers: { 'content-type': 'application/x-amz-json-1.0' },
  body: '{"__type":"com.amazonaws.dynamodb.v20120810#ThrottlingException","message":"slow down"}',
}
const FAILED: Fault = { status: 500, body: '{"__type":"InternalServerError"}' }

/** A run that is to be killed lives for so long at most: most are over by then. */
const LONGEST_WAIT_MS = 200

/** Rounds without faults at the end, as they come every few minutes: leases are over, too. */
const CALM_ROUNDS = 4

const PIECES = 2

let embedded: Lived
let week: WeekWorld
let deployed: Deployed
let lived: Lived
/** What stands after the last round and has stood for long enough. */
let standing: string[]
const met = { kills: 0, killsOfNotify: 0, unknownSends: 0, tableFaults: 0, lost: 0, twice: 0 }

beforeAll(async () => {
  const assembly = await synthesised()
  embedded = await onOneMachine(PIECES)
  week = await weekWorld('ses', PIECES)
  deployed = await deploy(assembly, week.world.folder)
  let lastMs = 0
  const { stack } = deployed
  await onAws(deployed, week, async (atMs) => {
    if (lastMs === 0) everythingGoesWrong(deployed)
    lastMs = atMs
    deployed.setClock(atMs)
    // Scheduler delivers at least once, and some ticks side by side.
    await Promise.all([deployed.startTick('round', atMs), deployed.startTick('round', atMs)])
    await stack.pump.pumpUntilQuiet()
  })
  nothingGoesWrong(deployed)
  for (let calm = 1; calm <= CALM_ROUNDS; calm += 1) {
    await deployed.tick('round', lastMs + calm * 5 * MINUTE_MS)
  }
  standing = await standingAt(deployed, week, lastMs)
  lived = await endedOn(deployed, week)
}, 400_000)
afterAll(async () => {
  await deployed?.close()
  await week?.close()
})

function everythingGoesWrong({ stack }: Deployed): void {
  const next = seeded('faulty week')
  const { proxies } = stack.services
  const plan = seededPlan(2026, { twice: 20, again: 8, last: 8, lose: 14, shuffled: true })
  stack.pump.plan({
    ...plan,
    fault(delivery) {
      const fault = plan.fault?.(delivery)
      if (fault === 'lose') met.lost += 1
      if (fault === 'twice') met.twice += 1
      return fault
    },
  })
  proxies.dynamodb.plan((request: Passing) => {
    const dice = next()
    if (dice > 0.012) return undefined
    met.tableFaults += 1
    if (dice < 0.003) return THROTTLED
    if (dice < 0.005) return FAILED
    return dice < 0.007 || !/Put|Delete/.test(request.target) ? 'cut-before' : 'cut-after'
  })
  proxies.ses.plan(() => {
    if (next() > 0.25) return undefined
    met.unknownSends += 1
    return 'cut-after'
  })
  stack.host.onRun((run) => {
    if (next() > 0.35) return
    setTimeout(() => {
      if (run.outcome) return
      run.kill()
      met.kills += 1
      if (run.name.includes('Notify')) met.killsOfNotify += 1
    }, next() * LONGEST_WAIT_MS)
  })
}

/** Pages without the times of reading: a round that was lost read later, and the page says so. */
function timeless(pages: Record<string, string>): Record<string, string> {
  const read =
    /(最早收到|最近收到|First received|Last received)<\/small>[^<]*|<time [^>]* data-age>[^<]*/g
  return Object.fromEntries(
    Object.entries(pages).map(([path, text]) => [path, text.replace(read, '$1')]),
  )
}

function nothingGoesWrong({ stack }: Deployed): void {
  stack.pump.plan()
  stack.services.proxies.dynamodb.plan()
  stack.services.proxies.ses.plan()
  stack.host.onRun()
}

describe('the real week on the deployed stacks, with faults', () => {
  it('met all of them', () => {
    console.log(met, `${lived.mails.length} mails, ${embedded.mails.length} on one machine`)
    expect(Math.min(met.lost, met.twice, met.unknownSends)).toBeGreaterThan(0)
    expect(met.kills).toBeGreaterThan(5)
    expect(met.tableFaults).toBeGreaterThan(20)
  })

  it('comes to the same rows, figures, open alarms and pages', () => {
    expect(lived.known).toEqual(embedded.known)
    expect(timeless(lived.pages)).toEqual(timeless(embedded.pages))
  })

  it('missed no mail about what stands', () => {
    const mailed = new Set(lived.mails.flatMap(({ text }) => alarmsIn(text)))
    expect(standing.length).toBeGreaterThan(10)
    expect(standing.filter((alarm) => !mailed.has(alarm))).toEqual([])
  })

  it('mailed something again only for a kill or an unknown answer', () => {
    const mailsOf = new Map<string, Set<string>>()
    for (const { messageId, text } of lived.mails) {
      for (const alarm of alarmsIn(text)) {
        mailsOf.set(alarm, (mailsOf.get(alarm) ?? new Set()).add(messageId))
      }
    }
    const distinct = new Set(lived.mails.map(({ messageId }) => messageId))
    const again = lived.mails.length - distinct.size
    expect(again).toBeLessThanOrEqual(met.unknownSends + met.killsOfNotify)
    // Under another number only what had recovered in between.
    const others = [...mailsOf].filter(([, mails]) => mails.size > 1)
    expect(others.length).toBeLessThanOrEqual(met.unknownSends + met.killsOfNotify)
  })

  it('leaves no message behind', async () => {
    for (const { logicalId } of deployed.stack.queues) {
      if (logicalId.includes('Dead') || logicalId.includes('Undelivered')) continue
      expect([logicalId, await deployed.stack.bodiesIn(logicalId)]).toEqual([logicalId, []])
    }
  })
})
