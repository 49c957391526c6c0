import { describe, expect, it } from 'vitest'
import { appendAside } from '../../lib/ledger/append.ts'
import { NOWHERE } from '../../lib/ledger/ledger.ts'
import { pull } from '../../lib/ledger/pull.ts'
import { mergedRows, readerOf, replacedRows } from '../../lib/ledger/rows.ts'
import { Zone } from '../../lib/time.ts'
import { ledgersIn } from '../fixtures/ledgers.ts'
import { FILE, type Portal, portal, SITE, sourceOf } from './portal.ts'

const reader = () => readerOf(SITE, new Zone(SITE.timeZone))
const line = (name: string) => `s1|${name}|n|d|2026-11-10 01:00:00||2026-11-10 01:00:00\n`
const lines = (names: string) => [...names].map(line).join('')

/** A site, and what counts of its file under each rule: the names, in their order. */
function world() {
  const site: Portal = { ...portal(), chunkBytes: 10 }
  const store = ledgersIn()
  const ports = { store, source: sourceOf(site), clock: { now: () => 1e15 } }
  return {
    store,
    async read(names: string, cutAfter = Number.POSITIVE_INFINITY) {
      Object.assign(site, { content: Buffer.from(lines(names)), cutAfter })
      return pull(ports, FILE, 'path', 'round')
    },
    async merged(after = 0) {
      let names = ''
      for await (const { parsed } of mergedRows(store, FILE, reader(), after)) {
        names += parsed.readings.map(({ name }) => name).join('')
      }
      return names
    },
    async replaced() {
      const rows = await replacedRows(store, FILE, reader())
      return rows.flatMap(({ parsed }) => parsed.readings.map(({ name }) => name)).join('')
    },
  }
}

describe('the rows that count', () => {
  it('under merge are all stored lines, in the order in which they came', async () => {
    const { read, merged } = world()
    await read('ab')
    await read('abc')
    await read('cdb')
    await read('aab')
    expect(await merged()).toBe('abcda')
    expect(await merged(2)).toBe('da')
  })

  it('under replace are those of the newest generation, in the order of its file', async () => {
    const { read, replaced } = world()
    await read('abc')
    await read('cdb')
    expect(await replaced()).toBe('cdb')
    await read('cdba')
    expect(await replaced()).toBe('cdba')
  })

  it('under replace stay those of the finished generation while the next one is not', async () => {
    const { read, replaced } = world()
    await read('ab')
    const size = line('a').length
    const broken = await read('xyzvw', 4 * size + 5)
    expect(broken).toMatchObject({ fault: { code: 'broken-off' }, place: { generation: 1 } })
    expect(await replaced()).toBe('ab')
    await read('xyzvw')
    expect(await replaced()).toBe('xyzvw')
  })

  it('under replace are finished by a poll that finds the file ending there', async () => {
    const { read, replaced } = world()
    await read('ab')
    // The whole file came, but the body broke off behind its last line.
    await read('xyzv', 3 * line('a').length)
    expect(await replaced()).toBe('ab')
    const end = lines('xyz').length
    expect(await read('xyz')).toMatchObject({ appended: [{ start: end, end, lines: 0 }] })
    expect(await replaced()).toBe('xyz')
    expect((await read('xyz')).appended).toEqual([])
  })

  it('are none while nothing was read, and under replace none of a lost answer', async () => {
    const { store, merged, replaced } = world()
    expect([await merged(), await replaced()]).toEqual(['', ''])
    const lost = { place: NOWHERE, bytes: Buffer.from(line('a')), readAtMs: 1 }
    await appendAside(store, FILE, { ...lost, via: 'round' })
    expect([await merged(), await replaced()]).toEqual(['a', ''])
  })

  it('under replace are those of the first generation, while none is finished', async () => {
    const { read, replaced } = world()
    await read('abc', 2 * line('a').length)
    expect(await replaced()).toBe('ab')
  })
})
