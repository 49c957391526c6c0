import { expect, it } from 'vitest'
import { isByHand, isStale, type Job, jobText, parseJob, refuseEarly } from '../lib/job.ts'
import { HOUR_MS, MINUTE_MS } from '../lib/time.ts'

const MISSING = { id: 'by-hand', atMs: Date.parse('2026-11-10T08:00:00Z') }

it('a job by hand needs no more than what it asks for', () => {
  expect(parseJob({ job: 'round' }, MISSING)).toEqual({ job: 'round', ...MISSING })
  const backfill = {
    job: 'backfill',
    from: '2026-11-01',
    to: '2026-11-10',
    sites: ['bj01', 'bj01'],
  }
  expect(parseJob(backfill, MISSING)).toEqual({ ...backfill, ...MISSING, sites: ['bj01'] })
})

it('a job comes out of a message as it went in', () => {
  const job: Job = {
    ...{ id: 'round:2026-11-10T08:05:00Z', job: 'round', atMs: MISSING.atMs + 5 * MINUTE_MS },
    ...{ sites: ['a', 'b.c-d_e'], feeds: ['alarm'], settings: 7, tries: 1 },
  }
  expect(parseJob(JSON.parse(jobText(job)), { id: 'other', atMs: 0 })).toEqual(job)
})

it('may hold keys of a newer release where nobody mistyped them', () => {
  const told: string[] = []
  const job = { job: 'round', colour: 'red', shape: 'round' }
  expect(parseJob(job, MISSING, (key) => void told.push(key))).toEqual({ job: 'round', ...MISSING })
  expect(told).toEqual(['colour'])
})

it.each<[unknown, RegExp]>([
  [undefined, /no JSON object/],
  ['round', /no JSON object/],
  [[{ job: 'round' }], /no JSON object/],
  [{}, /job is one of/],
  [{ job: 'delete' }, /job is one of round, backfill, notify, report, overview, settle/],
  [{ job: 'round', sietes: ['a'] }, /no key “sietes”/],
  [{ job: 'round', id: 'a b' }, /id is/],
  [{ job: 'round', at: 'yesterday' }, /at is an instant/],
  [{ job: 'round', at: 1_762_000_000_000 }, /at is an instant/],
  [{ job: 'backfill' }, /needs from and to/],
  [{ job: 'backfill', from: '2026-11-01' }, /from and to are days/],
  [{ job: 'backfill', from: '2026-02-30', to: '2026-03-01' }, /from and to are days/],
  [{ job: 'settle', from: '2026-11-02', to: '2026-11-01' }, /from lies after to/],
  [{ job: 'report', from: '2026-11-12', to: '2026-11-12' }, /to lies in the future/],
  [{ job: 'backfill', from: '2023-11-06', to: '2026-11-10' }, /at most 1100 days/],
  [{ job: 'notify', from: '2026-11-01', to: '2026-11-01' }, /what stands now/],
  [{ job: 'round', sites: [] }, /sites is a list/],
  [{ job: 'round', sites: 'a' }, /sites is a list/],
  [{ job: 'round', sites: ['a#b'] }, /sites is a list/],
  [{ job: 'round', sites: Array.from({ length: 1_001 }, (_, n) => `s${n}`) }, /1 to 1000/],
  [{ job: 'round', feeds: ['alarms'] }, /feeds is a list/],
  [{ job: 'round', settings: -1 }, /settings is a whole number/],
  [{ job: 'round', tries: '1' }, /tries is a whole number/],
])('%j is told to be no job, and how to write one', (payload, message) => {
  expect(() => parseJob(payload, MISSING)).toThrow(message)
  try {
    parseJob(payload, MISSING)
  } catch (thrown) {
    expect(thrown).toMatchObject({ code: 'bad-job', class: 'stop', hint: expect.any(String) })
  }
})

it('is stale when newer ones have done what it would: rounds after half an hour', () => {
  const job = (name: Job['job']): Job => ({ ...MISSING, job: name })
  expect(isStale(job('round'), MISSING.atMs + 30 * MINUTE_MS)).toBe(false)
  expect(isStale(job('round'), MISSING.atMs + 31 * MINUTE_MS)).toBe(true)
  for (const name of ['backfill', 'notify', 'report', 'settle'] as const) {
    expect(isStale(job(name), MISSING.atMs + 24 * HOUR_MS)).toBe(false)
    expect(isStale(job(name), MISSING.atMs + 25 * HOUR_MS)).toBe(true)
  }
  expect(isStale(job('round'), MISSING.atMs - HOUR_MS)).toBe(false)
})

it('is never made up for by newer ones when somebody asked for its days', () => {
  const range = { from: '2026-11-01', to: '2026-11-02' }
  const round: Job = { ...MISSING, job: 'round' }
  expect([round, { ...round, ...range }].map(isByHand)).toEqual([false, true])
  expect(isByHand({ ...round, ...range, job: 'backfill' })).toBe(true)
  expect(isStale({ ...round, ...range }, MISSING.atMs + HOUR_MS)).toBe(false)
})

it('may be for the newest day there is anywhere, and for three years of days', () => {
  for (const [from, to] of [
    ['2026-11-11', '2026-11-11'],
    ['2023-11-07', '2026-11-10'],
  ]) {
    expect(parseJob({ job: 'backfill', from, to }, MISSING)).toMatchObject({ from, to })
  }
})

it('is never for a time to come, but for what clocks differ by', () => {
  const job: Job = { ...MISSING, job: 'overview' }
  expect(() => refuseEarly(job, MISSING.atMs - 10 * MINUTE_MS)).not.toThrow()
  expect(() => refuseEarly(job, MISSING.atMs - 11 * MINUTE_MS)).toThrow(/at lies in the future/)
})
