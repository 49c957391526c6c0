import { describe, expect, it } from 'vitest'
import { nothingFound } from '../../lib/ledger/nothing-found.ts'
import { observe, type Reading } from '../../lib/ledger/observed.ts'
import type { Day, Feed, SourceSettings } from '../../lib/site.ts'
import { memoryTable } from '../../lib/store/memory.ts'
import { SITE } from './portal.ts'

const [DAY, NEXT] = ['2026-11-09', '2026-11-10'] as [Day, Day]

const reading = (feed: Feed, found: boolean): Reading => ({ feed, atMs: 1, found })
const allAbsent = [reading('system', false), reading('alarm', false)]

/** What a run tells of these readings, when those `before` had been read earlier. */
async function told(
  readings: Record<Day, Reading[]>,
  before: Record<Day, Reading[]> = {},
  source: SourceSettings = SITE.source,
) {
  const table = memoryTable()
  for (const [day, own] of Object.entries(before)) await observe(table, 's1', day, 9, 'round', own)
  const failures = await nothingFound(table, { ...SITE, source }, new Map(Object.entries(readings)))
  return failures.map(({ feed, day, error }) => `${feed} ${day} ${error.code} ${error.message}`)
}

describe('a site that has none of the files asked for', () => {
  it('is told feed by feed on the newest day, when nothing was ever found', async () => {
    const message = 'The folder answers, and has none of the day files asked for.'
    expect(await told({ [DAY]: allAbsent, [NEXT]: allAbsent })).toEqual([
      `system ${NEXT} nothing-found ${message}`,
      `alarm ${NEXT} nothing-found ${message}`,
    ])
  })

  it('is told when one of these very files was found before', async () => {
    const before = { [DAY]: [reading('alarm', true)] }
    const message = 'The folder answers, and has none of the day files asked for any more.'
    expect(await told({ [DAY]: [reading('alarm', false)] }, before)).toEqual([
      `alarm ${DAY} nothing-found ${message}`,
    ])
  })

  it('is told in the words of how it is reached', async () => {
    const http = { ...{ url: 'http://site/', allowAddresses: [], timeoutMs: 1 }, maxFileBytes: 1 }
    const [first] = await told({ [DAY]: allAbsent }, {}, { kind: 'http', ...http })
    expect(first).toMatch(/The site answers/)
  })

  it('is right as long as it had others: it has not written these yet', async () => {
    const before = { [DAY]: [reading('alarm', true)] }
    expect(await told({ [NEXT]: allAbsent }, before)).toEqual([])
  })
})

it('a run that found a file, or could read none, tells nothing', async () => {
  expect(await told({ [DAY]: [...allAbsent, reading('service', true)] })).toEqual([])
  expect(await told({ [DAY]: [] })).toEqual([])
  expect(await told({})).toEqual([])
})
