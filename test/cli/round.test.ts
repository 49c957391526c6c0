import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openEmbedded } from '../../lib/backends/embedded.ts'
import { makeRound, type RoundTimes, roundLine } from '../../lib/cli/round.ts'
import { tellsFailures } from '../../lib/cli/run.ts'
import { RoundsError } from '../../lib/errors.ts'
import type { Log } from '../../lib/log.ts'
import { HOUR_MS, MINUTE_MS } from '../../lib/time.ts'
import { folderSite, newWorld, type World } from '../fixtures/rounds-world.ts'

/** A round of the schedule, with what is settled in it. */

let world: World
let nowMs: number
let events: { event: string; fields: Record<string, unknown> }[]
let rounds: ReturnType<typeof openEmbedded>

const log: Log = (_, event, fields = {}) => void events.push({ event, fields: { ...fields } })
const at = (text: string) => {
  nowMs = Date.parse(`2026-11-${text}:00+08:00`)
}
const eventsNamed = (name: string) =>
  events.filter(({ event }) => event === name).map(({ fields }) => fields)

beforeEach(async () => {
  world = await newWorld()
  events = []
  const recipients = ['ops@example.com']
  await world.configure({
    sites: [folderSite('a', { recipients }), folderSite('b')],
    report: { languages: ['en'] },
  })
  at('10T12:00')
  await write('a', alarm('a', 'X'))
  await write('b', alarm('b', 'X'))
  rounds = openEmbedded(world.settings(), log, { clock: { now: () => nowMs } })
})

afterEach(async () => {
  await rounds.close()
  await world.remove()
})

const alarm = (site: string, name: string) =>
  `${site}|${name}|n|d|2026-11-10 08:00:00||2026-11-10 08:00:00\n`
const write = (site: string, text: string) =>
  world.write(`${site}/sys_alarm/system_alarm_20261110.txt`, text)

async function round(times: RoundTimes) {
  times.startedMs = nowMs
  times.nextMs = nowMs + 5 * MINUTE_MS
  return makeRound(rounds, times)
}

const diskFull = async () => {
  throw new RoundsError('disk-full', 'retry', 'The disk is full.', 'Make room.')
}

const pageOf = (site: string) =>
  readFile(join(world.folder, 'var', 'site', site, '2026-11-10', 'index.html'), 'utf8')

describe('a round', () => {
  it('settles at the first round and then once in an hour; its pages show the proofs', async () => {
    const times: RoundTimes = { startedMs: 0, nextMs: 0 }
    expect((await round(times)).settled).toMatchObject({ closed: [], failures: [] })
    at('11T01:58')
    expect((await round(times)).settled).toMatchObject({ closed: [] })
    nowMs += 5 * MINUTE_MS
    expect((await round(times)).settled).toBeUndefined()
    expect(eventsNamed('round:done').at(-1)).toMatchObject({ settled: 0 })
    nowMs += HOUR_MS
    const made = await round(times)
    expect(made.settled!.closed).toHaveLength(2)
    expect(roundLine(made)).toMatch(/^nothing new · 0 mails · 2 day files settled · \d+ pages$/)
    expect(eventsNamed('round:done').at(-1)).toMatchObject({ settled: 2 })
    for (const site of ['a', 'b']) expect(await pageOf(site)).toContain('SHA-256')
  })

  it('is not kept from settling by a clock that was set back', async () => {
    const times: RoundTimes = { startedMs: 0, nextMs: 0 }
    at('11T12:00')
    await round(times)
    at('11T03:00')
    expect((await round(times)).settled).toBeDefined()
  })

  it('mails before it settles, and makes pages although settling fails', async () => {
    const put = rounds.archive.put
    const order: string[] = []
    rounds.archive.put = async (path) => {
      order.push(path)
      return diskFull()
    }
    const send = rounds.mailer.send
    rounds.mailer.send = async (message) => {
      order.push('mail')
      return send(message)
    }
    at('11T02:00')
    const times: RoundTimes = { startedMs: 0, nextMs: 0 }
    const failed = await round(times)
    expect(order[0]).toBe('mail')
    expect(order).toHaveLength(3)
    expect(roundLine(failed)).toMatch(/1 mail · \d+ pages · failed: a, b$/)
    expect(eventsNamed('settle:failed')).toMatchObject(
      ['a', 'b'].map((site) => ({ site, feed: 'alarm', day: '2026-11-10', code: 'disk-full' })),
    )
    expect(await pageOf('a')).toContain('Not settled yet')
    rounds.archive.put = put
    nowMs += HOUR_MS
    expect((await round(times)).settled!.closed).toHaveLength(2)
  })
})

describe('run', () => {
  it('tells once what keeps days from being settled, not with every round', async () => {
    rounds.archive.put = diskFull
    at('11T02:00')
    let told = ''
    const tellFailures = tellsFailures((line) => {
      told += line
    })
    const times: RoundTimes = { startedMs: 0, nextMs: 0 }
    // Days are settled by the first of these rounds and by the last one.
    for (const pauseMs of [0, 5 * MINUTE_MS, HOUR_MS]) {
      nowMs += pauseMs
      tellFailures(await round(times))
    }
    expect(eventsNamed('settle:failed')).toHaveLength(4)
    expect(told.match(/disk is full/gi)).toHaveLength(2)
  })
})
