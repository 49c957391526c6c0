import { readdirSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { between, seeded } from '../../demo/seeded.ts'
import { openSource } from '../../lib/backends/embedded.ts'
import type { Source } from '../../lib/fetch/source.ts'
import { FEEDS, type Feed } from '../../lib/site.ts'
import { LINE_CASES, type LineCase } from '../fixtures/line-cases.ts'
import { folderSite, httpSite } from '../fixtures/rounds-world.ts'
import { countsOf, inOrder, wholeBytes, wholeUnits } from '../ledger/oracle.ts'
import { DAY, dayFilePath, type LedgerWorld, ledgerWorld } from './ledger-world.ts'

/**
 * Day files named for what is odd about their lines, through real sources into a ledger on the
 * disk and read back: at once, in chunks of any size, and growing from round to round.
 */

/** Each way has sites of its own, one for each case, since what a ledger holds stays. */
const WAYS = [
  ['from a folder at once', 'folder', 'whole'],
  ['from a web server at once', 'web', 'whole'],
  ['from a folder byte by byte', 'folder', 'bytes'],
  ['from a web server in chunks of any size', 'web', 'chunks'],
  ['from a folder, growing from round to round', 'folder', 'grows'],
  ['from a web server, growing from round to round', 'web', 'grows'],
] as const
type How = (typeof WAYS)[number][2]

const feedOf = ({ feed = 'alarm' }: LineCase): Feed => feed
const next = seeded('where chunks and rounds of odd files end')

let world: LedgerWorld

beforeAll(async () => {
  world = await ledgerWorld(
    (url) => ({
      sites: WAYS.flatMap(([, from, how]) =>
        LINE_CASES.map(([, wanted], index) => {
          const id = `${from}-${how}-${index}`
          const site = from === 'web' ? httpSite(id, url) : folderSite(id)
          const off = FEEDS.filter((feed) => feed !== feedOf(wanted)).map((feed) => [feed, false])
          const source = { ...site.source, siteIds: ['s1'] }
          return { ...site, source, feeds: Object.fromEntries(off) }
        }),
      ),
    }),
    () => ({ openSource: ({ id, source }) => inChunks(openSource(source), id.split('-')[1]!) }),
  )
})

afterAll(() => world?.remove())

/** The same source, its bodies cut into chunks otherwise. */
function inChunks(source: Source, how: string): Source {
  if (how !== 'bytes' && how !== 'chunks') return source
  const most = how === 'bytes' ? 1 : 5000
  return {
    ...source,
    async read(path, from) {
      const answer = await source.read(path, from)
      return answer.kind === 'body' ? { ...answer, chunks: cut(answer.chunks, most) } : answer
    },
  }
}

async function* cut(chunks: AsyncIterable<Uint8Array>, most: number) {
  for await (const chunk of chunks) {
    for (let at = 0; at < chunk.length; ) {
      const size = between(next, 1, most)
      yield chunk.subarray(at, at + size)
      at += size
    }
  }
}

/** What the file holds at each round; only the last one is the whole file. */
function statesOf(bytes: Buffer, how: How): Buffer[] {
  if (how !== 'grows') return [bytes]
  const cuts = Array.from({ length: 6 }, () => between(next, 0, bytes.length))
  return [...cuts.sort((one, other) => one - other), bytes.length].map((end) =>
    bytes.subarray(0, end),
  )
}

describe.each(LINE_CASES)('%s', (name, wanted) => {
  const index = LINE_CASES.findIndex(([one]) => one === name)
  const { bytes, rejects = [], unknown = 0, blank = 0, end = bytes.length } = wanted

  it.each(WAYS)('%s', async (_, from, how) => {
    const id = `${from}-${how}-${index}`
    const path = dayFilePath(feedOf(wanted), id)
    let said: string[] = []
    for (const state of statesOf(bytes, how)) {
      await world.write(path, state)
      const { failures } = await world.collect({ day: DAY, sites: [id] })
      said = failures.map(({ error }) => error.message)
      if (!wanted.refused) expect(said).toEqual([])
    }
    const held = await world.heldOf(id, feedOf(wanted))
    expect({
      readings: held.readings.length,
      rejects: held.rejects.map(({ reason }) => reason),
      ...{ unknown: held.unknown, blank: held.blank, end: held.end, charset: held.charset },
    }).toEqual({
      ...{ readings: wanted.readings, rejects, unknown, blank, end, charset: wanted.charset },
    })
    expect(held.lines).toBe(wanted.readings + rejects.length + unknown + blank)
    if (wanted.names) {
      expect(held.readings.map((one) => 'name' in one && one.name)).toEqual(wanted.names)
    }
    if (wanted.refused) {
      expect(said).toEqual([expect.stringContaining(wanted.refused)])
      return
    }
    // The bytes are kept as they came, whatever they were read as.
    expect(end).toBe(wholeBytes(bytes))
    expect(held.newest.equals(bytes.subarray(0, end))).toBe(true)
    expect(inOrder(held.stored)).toEqual(inOrder(countsOf(wholeUnits(bytes))))
    expect(held.generation).toBe(0)
  })
})

it('every file of the folder is a case', () => {
  const folder = new URL('../fixtures/lines/', import.meta.url)
  const files = readdirSync(folder).filter((name) => !name.startsWith('.'))
  expect(files.filter((file) => !LINE_CASES.some(([name]) => name === file))).toEqual([])
})
