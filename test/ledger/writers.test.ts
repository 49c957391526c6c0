import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { appendAside } from '../../lib/ledger/append.ts'
import { NOWHERE, segmentsUpTo } from '../../lib/ledger/ledger.ts'
import { pull } from '../../lib/ledger/pull.ts'
import { memoryTable } from '../../lib/store/memory.ts'
import { ledgersIn } from '../fixtures/ledgers.ts'
import { after, historiesOf, type Step } from './file-histories.ts'
import {
  type Counts,
  countsOf,
  generations,
  inOrder,
  raise,
  storedCounts,
  wholeBytes,
  wholeUnits,
} from './oracle.ts'
import { FILE, type Portal, portal, type Served, SITE, sourceOf } from './portal.ts'
import { tableInTurns, turns } from './turns.ts'

const ALL = Number.POSITIVE_INFINITY

/** What one writer's answers prove it has seen: those that it did not throw away unread. */
function seenBy(served: readonly Served[]): Counts {
  const seen: Counts = new Map()
  for (const [index, one] of served.entries()) {
    // A range that did not fit is given up for the whole file, which then decides.
    const givenUp = !one.whole && served[index + 1]?.whole
    if (!givenUp && one.ended) raise(seen, countsOf(wholeUnits(one.content)))
  }
  return seen
}

/** Writers pull while the file lives on; `choices` decide whose step comes next. */
async function race(history: readonly Step[], writers: number, choices: readonly number[]) {
  const table = memoryTable()
  const order = turns()
  const most: Counts = new Map()
  let content: Buffer | undefined
  const sites: Portal[] = Array.from({ length: writers }, () => ({ ...portal(), chunkBytes: 40 }))
  const change = (step: Step) => {
    content = after(content, step)
    if (content) raise(most, countsOf(wholeUnits(content)))
    for (const site of sites) site.content = content
  }
  change(history[0]!)
  const work = sites.map((site, who) => {
    const turn = () => order.turn(who)
    const ports = {
      store: ledgersIn(tableInTurns(table, turn)),
      source: sourceOf(site, turn),
      clock: { now: () => 1000 + who },
    }
    return pull(ports, FILE, 'path', 'round')
  })
  let step = 0
  let next = 1
  await order.until(work, (waiting) => {
    const choice = choices[step % choices.length]! + Math.floor(step / choices.length)
    step += 1
    if (choice % 7 === 0 && next < history.length) change(history[next++]!)
    // Most choices stay with one writer for long: the others are zombies that wake late.
    const favourite = Math.floor(choice / 8) % writers
    const at = waiting.indexOf(favourite)
    return at === -1 || choice % 5 === 0 ? choice : at
  })
  const pulls = await Promise.all(work)
  while (next < history.length) change(history[next++]!)
  const last = await pull(
    {
      store: ledgersIn(table),
      source: sourceOf({ ...portal(), content }),
      clock: { now: () => 5000 },
    },
    FILE,
    'path',
    'round',
  )
  const records = await segmentsUpTo(ledgersIn(table), FILE, ALL)
  const stored = storedCounts(records)
  for (const [unit, count] of stored) expect(most.get(unit) ?? 0).toBeGreaterThanOrEqual(count)
  for (const site of sites) {
    for (const [unit, count] of seenBy(site.served)) {
      expect(stored.get(unit) ?? 0).toBeGreaterThanOrEqual(count)
    }
  }
  generations(records)
  if (content) expect(last.place.end).toBe(wholeBytes(content))
  const created = [...pulls, last].flatMap(({ appended }) => appended.map((one) => one.sequence))
  expect(created.sort((one, other) => one - other)).toEqual(records.map((one) => one.sequence))
  return records
}

const choices = fc.array(fc.nat(1000), { minLength: 20, maxLength: 60 })

describe('several writers at once', () => {
  it.each([2, 3])(
    '%i lose no row that one has seen, and invent none (F15, F16)',
    async (writers) => {
      await fc.assert(
        fc.asyncProperty(historiesOf(false), choices, async (history, order) => {
          await race(history, writers, order)
        }),
        { numRuns: 250 },
      )
    },
  )

  it('do meet: records aside and several generations occur in such races', async () => {
    let aside = 0
    let mixed = 0
    const histories = fc.sample(historiesOf(false), { numRuns: 150, seed: 7 })
    const orders = fc.sample(choices, { numRuns: 150, seed: 7 })
    for (const [index, history] of histories.entries()) {
      const records = await race(history, 3, orders[index]!)
      aside += records.filter((record) => record.aside).length
      mixed += records.filter((record) => record.generation > 0).length
    }
    expect(aside).toBeGreaterThan(5)
    expect(mixed).toBeGreaterThan(20)
  })
})

describe('a writer that lost', () => {
  /** Before A creates its first record, `meanwhile` happens. */
  async function losing(site: Portal, meanwhile: () => Promise<void>, text = 'of B\n') {
    const table = memoryTable()
    let first = true
    const interrupted = {
      ...table,
      create: async (...args: Parameters<typeof table.create>) => {
        if (first) {
          first = false
          const other = {
            store: ledgersIn(table),
            source: sourceOf({ ...portal(), content: other_ }),
            clock,
          }
          await pull(other, FILE, 'path', 'round')
          await meanwhile()
        }
        return table.create(...args)
      },
    }
    const clock = { now: () => 1 }
    const other_ = Buffer.from(text)
    const outcome = pull(
      { store: ledgersIn(interrupted), source: sourceOf(site), clock },
      FILE,
      'path',
      'round',
    )
    return { table, outcome }
  }

  it('puts aside what the site shows no more', async () => {
    const site = { ...portal(), content: Buffer.from('of A\n') as Buffer | undefined }
    const { table, outcome } = await losing(site, async () => {
      site.content = undefined
    })
    expect(await outcome).toMatchObject({ found: false, appended: [{ aside: true, lines: 1 }] })
    const stored = storedCounts(await segmentsUpTo(ledgersIn(table), FILE, ALL))
    expect(inOrder(stored)).toEqual([
      [' of A\n', 1],
      [' of B\n', 1],
    ])
  })

  it('puts it aside also when the site does not answer any more, and says so', async () => {
    const site = { ...portal(), content: Buffer.from('of A\n') }
    const { table, outcome } = await losing(site, async () => {
      site.down = true
    })
    await expect(outcome).rejects.toMatchObject({ code: 'connection' })
    const stored = storedCounts(await segmentsUpTo(ledgersIn(table), FILE, ALL))
    expect([...stored.keys()].sort()).toEqual([' of A\n', ' of B\n'])
  })

  it('puts aside in several records what is too much for one', async () => {
    const content = noise(1_500_000)
    const site = { ...portal(), content: content as Buffer | undefined }
    const { table, outcome } = await losing(site, async () => {
      site.content = undefined
    })
    expect((await outcome).appended.length).toBeGreaterThan(3)
    const stored = storedCounts(await segmentsUpTo(ledgersIn(table), FILE, ALL))
    stored.delete(' of B\n')
    expect(inOrder(stored)).toEqual(inOrder(countsOf(wholeUnits(content))))
  })

  it('puts aside in several records new lines between lines that are held', async () => {
    const lines = noise(450_000)
      .toString('latin1')
      .split(/(?<=\n)/)
    const content = Buffer.from(lines.join('of B\n'), 'latin1')
    const site = { ...portal(), content: content as Buffer | undefined }
    const held = 'of B\n'.repeat(lines.length)
    const gone = async () => {
      site.content = undefined
    }
    const { table, outcome } = await losing(site, gone, held)
    const { appended } = await outcome
    expect(appended.length).toBeGreaterThan(1)
    expect(appended.every(({ aside }) => aside)).toBe(true)
    const stored = storedCounts(await segmentsUpTo(ledgersIn(table), FILE, ALL))
    expect(stored.get(' of B\n')).toBe(lines.length)
    stored.delete(' of B\n')
    expect(inOrder(stored)).toEqual(inOrder(countsOf(wholeUnits(noise(450_000)))))
  })

  it('that was to finish a generation finds it finished, and adds nothing', async () => {
    const table = memoryTable()
    const whole = { ...portal(), content: Buffer.from('one\n') }
    const pullOf = (site: Portal, by: typeof table) =>
      pull(
        { store: ledgersIn(by), source: sourceOf(site), clock: { now: () => 1 } },
        FILE,
        'path',
        'round',
      )
    await pullOf({ ...portal(), content: Buffer.from('one\ntwo\n'), cutAfter: 6 }, table)
    const slow = {
      ...table,
      create: async (...args: Parameters<typeof table.create>) => {
        await pullOf(whole, table)
        return table.create(...args)
      },
    }
    const place = { sequence: 2, end: 4, finished: true }
    expect(await pullOf(whole, slow)).toMatchObject({ found: true, appended: [], place })
    const records = await segmentsUpTo(ledgersIn(table), FILE, ALL)
    expect(records.map(({ start, end, until }) => [start, end, until])).toEqual([
      [0, 4, undefined],
      [4, 4, 4],
    ])
  })

  it('to one whose records have expired by now: the next pull begins at byte 0', async () => {
    const table = memoryTable()
    const lost = {
      place: NOWHERE,
      bytes: Buffer.from('of A\n'),
      readAtMs: 1,
      via: 'round' as const,
    }
    const aside = await appendAside(ledgersIn(table), FILE, lost)
    expect(aside).toMatchObject([{ sequence: 1, aside: true, lines: 1 }])
    const next = { ...portal(), content: Buffer.from('of A\nof C\n') }
    const ports = { store: ledgersIn(table), source: sourceOf(next), clock: { now: () => 2 } }
    const pulled = await pull(ports, FILE, 'path', 'round')
    expect(pulled.appended).toMatchObject([{ sequence: 2, start: 0, end: 10, lines: 1 }])
    const stored = storedCounts(await segmentsUpTo(ledgersIn(table), FILE, ALL))
    expect(inOrder(stored)).toEqual([
      [' of A\n', 1],
      [' of C\n', 1],
    ])
  })

  it('gives up after losing very often, and nothing is lost', async () => {
    const table = memoryTable()
    const clock = { now: () => 1 }
    let rounds = 0
    const beaten = {
      ...table,
      create: async (...args: Parameters<typeof table.create>) => {
        rounds += 1
        if (rounds <= 25) {
          const other = { ...portal(), content: Buffer.from(`B ${rounds}\n`) }
          await pull(
            { store: ledgersIn(table), source: sourceOf(other), clock },
            FILE,
            'path',
            'round',
          )
        }
        return table.create(...args)
      },
    }
    const site = { ...portal(), content: Buffer.from('of A\n') }
    await expect(
      pull({ store: ledgersIn(beaten), source: sourceOf(site), clock }, FILE, SITE.id, 'round'),
    ).rejects.toMatchObject({ code: 'too-many-writers', class: 'retry' })
    const stored = storedCounts(await segmentsUpTo(ledgersIn(table), FILE, ALL))
    expect(stored.get(' of A\n')).toBe(1)
  })
})

/** Lines that no compression makes smaller. */
function noise(sizeBytes: number): Buffer {
  const bytes = Buffer.alloc(sizeBytes)
  let state = 12_345
  for (let at = 0; at < sizeBytes; at += 1) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff
    bytes[at] = at % 300 === 299 ? 10 : (state >> 16) | 0x20
  }
  bytes[sizeBytes - 1] = 10
  return bytes
}
