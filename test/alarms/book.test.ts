import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Book, bookOf, bringUpBook, RECENT_MS } from '../../lib/alarms/book.ts'
import { standingAt } from '../../lib/alarms/past.ts'
import { observationsOf } from '../../lib/alarms/rows.ts'
import { bringUpDay } from '../../lib/ledger/days.ts'
import type { Via } from '../../lib/ledger/record.ts'
import { bookKey } from '../../lib/store/keys.ts'
import { HOUR_MS, MINUTE_MS, Zone } from '../../lib/time.ts'
import { ledgersIn } from '../fixtures/ledgers.ts'
import { tableInTurns, turns } from '../ledger/turns.ts'
import { alarmLine, alarmWorld } from './world.ts'

// The second day has 25 hours: the two halves of its repeated hour are told apart by line order.
const DAYS = ['2026-10-24', '2026-10-25', '2026-10-26']
const KEEP_FROM = '2026-09-01'
const zone = new Zone('Europe/Berlin')
const START = zone.startOf(DAYS[0]!)

/** Times on a grid of half hours around the day's border, so that borders of rules are met. */
const time = fc.nat(40).map((count) => zone.textOf(START + 16 * HOUR_MS + count * 30 * MINUTE_MS))
const line = fc.oneof(
  {
    weight: 8,
    arbitrary: fc
      .record({
        name: fc.nat(3),
        raised: time,
        recorded: time,
        ends: fc.boolean(),
        said: fc.nat(1),
      })
      .map(({ name, raised, recorded, ends, said }) =>
        alarmLine(`a${name}`, raised, recorded, ends ? raised : '').replace('about', `${said}`),
      ),
  },
  // Rejects, one of which has a record time all the same.
  { weight: 1, arbitrary: time.map((recorded) => alarmLine('x', 'bad', recorded)) },
  { weight: 1, arbitrary: fc.constant('bad\n') },
)
const piece = fc.record({
  day: fc.constantFrom(...DAYS),
  lines: fc.array(line, { maxLength: 5 }),
  via: fc.constantFrom<Via>('round', 'round', 'backfill'),
  rewritten: fc.integer({ min: 0, max: 9 }).map((n) => n === 0),
  /** Whether the book is brought up behind it, or only with a later piece. */
  fold: fc.boolean(),
  afterHours: fc.nat(30),
})
type Piece = typeof piece extends fc.Arbitrary<infer T> ? T : never

const stateOf = ({ open, recent, days, newestMs }: Book) => ({ open, recent, days, newestMs })

/** Lives the pieces, and gives the book that came of it beside the one folded again. */
async function live(pieces: readonly Piece[], onRewrite: 'merge' | 'replace') {
  const world = alarmWorld({ onRewrite })
  const { table, placed, newest } = world
  let nowMs = START + 17 * HOUR_MS
  for (const { day, lines, via, rewritten, fold, afterHours } of pieces) {
    nowMs += afterHours * 30 * MINUTE_MS
    const before = rewritten ? '' : (world.files.get(day) ?? '')
    await world.read(day, before + lines.join(''), nowMs, via)
    if (fold) await bringUpBook(ledgersIn(table), placed, newest, KEEP_FROM)
  }
  const returned = await bringUpBook(ledgersIn(table), placed, newest, KEEP_FROM)
  const incremental = await bookOf(table, placed.site.id)
  expect(stateOf(returned)).toEqual(stateOf(incremental))
  const item = await table.get(bookKey(placed.site.id))
  if (item) await table.remove(bookKey(placed.site.id), item.version)
  const again = await bringUpBook(ledgersIn(table), placed, newest, KEEP_FROM)
  const all = await observationsOf(ledgersIn(table), placed, DAYS)
  const [standing] = standingAt(all, [Number.POSITIVE_INFINITY])
  return { incremental, again, standing: standing! }
}

const byKey = (all: { name: string; raisedText: string }[]) =>
  [...all].sort((one, other) =>
    one.name + one.raisedText < other.name + other.raisedText ? -1 : 1,
  )

describe('the book', () => {
  it.each(['merge', 'replace'] as const)(
    'under %s is the same in whatever pieces the rows came, and agrees with the plain way',
    async (onRewrite) => {
      await fc.assert(
        fc.asyncProperty(fc.array(piece, { maxLength: 12 }), async (pieces) => {
          const { incremental, again, standing } = await live(pieces, onRewrite)
          expect(JSON.stringify(stateOf(incremental))).toBe(JSON.stringify(stateOf(again)))
          expect(byKey(incremental.open)).toEqual(byKey(standing))
        }),
        { numRuns: 400 },
      )
    },
  )

  it('is the same whoever writes it, when several do at once (F71)', async () => {
    const choices = fc.array(fc.nat(100), { minLength: 10, maxLength: 40 })
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 6 }), choices, async (pieces, order) => {
        const world = alarmWorld()
        const { table, placed, newest } = world
        const steps = turns()
        const work: Promise<unknown>[] = []
        let nowMs = START + 30 * HOUR_MS
        for (const [who, { day, lines }] of pieces.entries()) {
          nowMs += HOUR_MS
          await world.read(day, (world.files.get(day) ?? '') + lines.join(''), nowMs)
          const inTurn = tableInTurns(table, () => steps.turn(who))
          // A zombie knows no more than was there when it began.
          work.push(bringUpBook(ledgersIn(inTurn), placed, new Map(newest), KEEP_FROM))
        }
        let step = 0
        await steps.until(work, () => order[step++ % order.length]! + step)
        await Promise.all(work)
        const [standing] = standingAt(await observationsOf(ledgersIn(table), placed, DAYS), [1e15])
        expect(byKey((await bookOf(table, 's1')).open)).toEqual(byKey(standing!))
        for (const [day, sequence] of newest) {
          expect((await bookOf(table, 's1')).days[day]?.sequence ?? 0).toBe(sequence)
        }
      }),
      { numRuns: 100 },
    )
  })
})

describe('an occurrence', () => {
  const at = (count: number) => zone.textOf(START + count * HOUR_MS)
  const [day, nextDay] = [DAYS[0]!, DAYS[1]!]

  /** The book after these texts, each the whole file of a day at its reading. */
  async function bookAfter(...texts: [day: string, text: string, via?: Via][]) {
    const world = alarmWorld()
    for (const [index, [day, text, via]] of texts.entries()) {
      await world.read(day, text, START + (50 + index) * HOUR_MS, via)
      await bringUpBook(ledgersIn(world.table), world.placed, world.newest, KEEP_FROM)
    }
    return bookOf(world.table, 's1')
  }

  it('is opened again by a raise line with a newer record time, however late', async () => {
    const recovered = alarmLine('a', at(1), at(2), at(2))
    const busy = alarmLine('b', at(9), at(9))
    const book = await bookAfter(
      [day, recovered],
      [day, recovered + busy],
      [nextDay, alarmLine('a', at(1), at(3))],
    )
    expect(book.open.map(({ name }) => name)).toEqual(['a', 'b'])
  })

  it('is not opened by a raise line older than its end, forgotten or not', async () => {
    const recovered = alarmLine('a', at(1), at(2), at(2))
    const busy = alarmLine('b', at(9), at(9))
    const book = await bookAfter(
      [day, recovered],
      [day, recovered + busy],
      [nextDay, alarmLine('a', at(1), at(1))],
    )
    expect(book.open.map(({ name }) => name)).toEqual(['b'])
  })

  it.each([-1, 0, 1])(
    '%i s beside the border of what is recent is treated alike',
    async (seconds) => {
      const newest = START + 10 * HOUR_MS
      const raised = zone.textOf(newest - RECENT_MS + seconds * 1000)
      const ended = alarmLine('a', raised, raised, raised)
      const busy = alarmLine('b', zone.textOf(newest), zone.textOf(newest))
      const late = alarmLine('a', raised, zone.textOf(newest - RECENT_MS - HOUR_MS))
      const all = ended + busy + late
      const book = await bookAfter([day, ended], [day, ended + busy], [day, all])
      expect(book.open.map(({ name }) => name)).toEqual(['b'])
      expect(book.recent.map(({ name }) => name)).toEqual(seconds > 0 ? ['a'] : [])
    },
  )

  it('that was raised after its record time counts as recent by its raising', async () => {
    // Its raise line may come yet, and must not open it: it was recovered at the same time.
    const odd = alarmLine('a', at(9), at(5), at(6))
    const busy = alarmLine('b', at(10), at(10))
    const book = await bookAfter(
      [day, odd],
      [day, odd + busy],
      [nextDay, alarmLine('a', at(9), at(5))],
    )
    expect(book.recent.map(({ name }) => name)).toEqual(['a'])
    expect(book.open.map(({ name }) => name)).toEqual(['b'])
  })

  it('that ends before it began recovered at once; so did one within a poll (F75)', async () => {
    const odd = alarmLine('a', at(2), at(2), at(1))
    const flap = alarmLine('b', at(2), at(2)) + alarmLine('b', at(2), at(2), at(2))
    const book = await bookAfter([day, odd + flap])
    expect(book.open).toEqual([])
    expect(book.recent.map(({ name }) => name)).toEqual(['a', 'b'])
  })

  it('is of the backfill when that read it first, and of the round otherwise (F74)', async () => {
    const [one, two] = [alarmLine('a', at(1), at(1)), alarmLine('b', at(1), at(1))]
    const more = alarmLine('a', at(1), at(3)) + alarmLine('b', at(1), at(3))
    const book = await bookAfter(
      [day, one, 'backfill'],
      [nextDay, two, 'round'],
      [day, one + more, 'round'],
      [nextDay, two + more, 'backfill'],
    )
    expect(book.open.map(({ name, backfilled }) => [name, backfilled])).toEqual([
      ['a', true],
      ['b', false],
    ])
  })

  it('with a record time in the future is taken as of its reading (F66)', async () => {
    const future = alarmLine('a', at(1), '2027-01-01 00:00:00')
    const book = await bookAfter(
      [day, future],
      [day, future + alarmLine('a', at(1), at(51), at(51))],
    )
    expect(book.open).toEqual([])
  })

  it('goes with the days whose rows are gone, if nothing newer is known (F17)', async () => {
    const world = alarmWorld()
    await world.read(day, alarmLine('old', at(1), at(1)), START + 50 * HOUR_MS)
    await world.read(nextDay, alarmLine('new', at(30), at(30)), START + 50 * HOUR_MS)
    await bringUpBook(ledgersIn(world.table), world.placed, world.newest, KEEP_FROM)
    await world.read('2026-11-20', '\n', START + 700 * HOUR_MS)
    const book = await bringUpBook(ledgersIn(world.table), world.placed, world.newest, nextDay)
    expect(book.open.map(({ name }) => name)).toEqual(['new'])
    expect(Object.keys(book.days)).toEqual([nextDay, '2026-11-20'])
  })

  it.each([48, 31])(
    'is what other days say when that day goes which said at hour %i that it had ended',
    async (hour) => {
      const world = alarmWorld()
      const stands = alarmLine('a', at(30), at(30)) + alarmLine('busy', at(49), at(49))
      await world.read(day, alarmLine('a', at(30), at(hour), at(hour)), START + 50 * HOUR_MS)
      await world.read(nextDay, stands, START + 50 * HOUR_MS)
      const namesFrom = async (keepFrom: string) => {
        const store = ledgersIn(world.table)
        const { open } = await bringUpBook(store, world.placed, world.newest, keepFrom)
        return open.map(({ name }) => name)
      }
      expect(await namesFrom(KEEP_FROM)).toEqual(['busy'])
      expect(await namesFrom(nextDay)).toEqual(['a', 'busy'])
    },
  )

  it('comes back with its day when the clock was ahead and is set right', async () => {
    const world = alarmWorld()
    const store = ledgersIn(world.table)
    const bookFrom = (keepFrom: string, newest = new Map<string, number>()) =>
      bringUpBook(store, world.placed, newest, keepFrom)
    const read = async (one: string, line: string, nowMs: number) => {
      await world.read(one, line, nowMs)
      const newest = new Map([['alarm' as const, world.newest.get(one)!]])
      await bringUpDay(store, world.placed, one, newest)
    }
    const facts = ({ days, open, leftOut }: Book) => {
      return { days: Object.keys(days), open: open.map(({ name }) => name), leftOut }
    }
    await read(day, alarmLine('old', at(1), at(1)), START + 50 * HOUR_MS)
    await bookFrom(KEEP_FROM, world.newest)
    expect(facts(await bookFrom('2026-12-24'))).toEqual({ days: [], open: [], leftOut: day })
    // What is read meanwhile is of days that count no more by that clock.
    await read(nextDay, alarmLine('new', at(30), at(30)), START + 51 * HOUR_MS)
    const ahead = await bookFrom('2026-12-24', world.newest)
    expect(facts(ahead)).toEqual({ days: [], open: [], leftOut: nextDay })
    const right = { days: [nextDay], open: ['new'], leftOut: day }
    expect(facts(await bookFrom(nextDay))).toEqual(right)
    const whole = { days: [day, nextDay], open: ['new', 'old'], leftOut: undefined }
    expect(facts(await bookFrom(KEEP_FROM))).toEqual(whole)
    expect(facts(await bookOf(world.table, 's1'))).toEqual(whole)
  })

  it('under replace goes with the file that it stood in', async () => {
    const world = alarmWorld({ onRewrite: 'replace' })
    for (const name of ['a', 'b']) {
      await world.read(day, alarmLine(name, at(1), at(1)), START + 50 * HOUR_MS)
      await bringUpBook(ledgersIn(world.table), world.placed, world.newest, KEEP_FROM)
      const { open } = await bookOf(world.table, 's1')
      expect(open.map(({ name }) => name)).toEqual([name])
    }
  })

  it('is recent again when the day goes that had the newest record time', async () => {
    const world = alarmWorld()
    await world.read(day, alarmLine('late', at(1), at(49)), START + 50 * HOUR_MS)
    await world.read(nextDay, alarmLine('ended', at(29), at(30), at(30)), START + 50 * HOUR_MS)
    const bookFrom = (keepFrom: string) =>
      bringUpBook(ledgersIn(world.table), world.placed, world.newest, keepFrom)
    expect((await bookFrom(KEEP_FROM)).recent).toEqual([])
    const book = await bookFrom(nextDay)
    expect(book.newestMs).toBe(START + 30 * HOUR_MS)
    expect(book.recent.map(({ name }) => name)).toEqual(['ended'])
  })

  it('whose raise line was unfinished when its day was settled goes with that line', async () => {
    const world = alarmWorld()
    const [a, b] = [alarmLine('a', at(1), at(1)), alarmLine('b', at(2), at(2))]
    const openAfter = async () => {
      const store = ledgersIn(world.table)
      const { open } = await bringUpBook(store, world.placed, world.newest, KEEP_FROM)
      return open.map(({ name }) => name)
    }
    await world.settle(day, a + b.trimEnd(), START + 50 * HOUR_MS)
    expect(await openAfter()).toEqual(['a', 'b'])
    // The line was not at its end: what came of it is another alarm.
    await world.read(day, a + alarmLine('c', at(2), at(2)), START + 51 * HOUR_MS)
    expect(await openAfter()).toEqual(['a', 'c'])
  })
})

it('the book of a site of which nothing was read is empty', async () => {
  const nothing = { days: {}, newestMs: 0, open: [], recent: [] }
  expect(await bookOf(alarmWorld().table, 's1')).toEqual(nothing)
})

it('a book of another release is left alone', async () => {
  const { table } = alarmWorld()
  await table.create(bookKey('s1'), { data: { format: 99 } })
  await expect(bookOf(table, 's1')).rejects.toMatchObject({ code: 'book-format', class: 'skip' })
})
