import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { type CostCase, casePaced, STANDARD_CASE } from '../../infra/cost/case.ts'
import { messageMs } from '../../infra/cost/compute.ts'
import {
  ACCESS_LOG_DAYS,
  FIXED,
  KEEP_DAYS,
  LANGUAGES,
  MEMORY_MB,
  partsOf,
  SITES_AT_ONCE,
} from '../../infra/cost/deployment.ts'
import { costMarkdown, TABLE_PACES, TABLE_SITES } from '../../infra/cost/figures.ts'
import { monthlyCost } from '../../infra/cost/model.ts'
import { answer } from '../../infra/cost/table.ts'
import type { Jobs, Measured, Usage } from '../../infra/cost/usage.ts'
import { readSettings } from '../../lib/config.ts'
import { partOfSite } from '../../lib/ledger/parquet-parts.ts'
import { METRICS } from '../../lib/work/metrics.ts'
import { EVERYTHING, ofType, synthesised, theOne } from './synthesis.ts'

const readme = readFileSync(new URL('../../infra/README.md', import.meta.url), 'utf8')
const script = new URL('../../infra/cost/table.ts', import.meta.url).pathname

const NOTHING: Usage = { readUnits: 0, writeUnits: 0, puts: 0, gets: 0, requests: 0 }

/** What was measured at one pace: a round reads two units, writes one and asks the site once. */
const roundOnly = (): Jobs<Usage> => ({
  round: { ...NOTHING, readUnits: 2, writeUnits: 1, requests: 1 },
  ...{ mail: { ...NOTHING }, report: NOTHING, settling: NOTHING, idleSettle: NOTHING },
})
const CPU_MS = { round: 10, mail: 0, report: 0, settling: 0, idleSettle: 0, coldStart: 0 }

/** Measurements in round figures. */
const FIGURES: Measured = {
  paces: { 5: roundOnly(), 60: roundOnly() },
  cpuMs: { 5: CPU_MS, 60: CPU_MS },
  // A gigabyte of a hundred sites and 35 days.
  tableBytes: { 5: 1024 ** 3 / 3_500, 60: 1024 ** 3 / 3_500 },
  storedBytes: { archive: 0, parquet: 0, pages: 0 },
  readBytes: { siteDay: 0, pageView: 0 },
  logBytes: { perMessage: 0 },
  languages: 2,
}

/** A hundred sites every hour, without mails, on whole processors. */
const HUNDRED: CostCase = {
  ...casePaced(60, 100),
  mailsPerSiteDay: 0,
  memoryMb: { dispatch: 1_769, collect: 1_769, notify: 1_769, report: 1_769, settle: 1_769 },
}

function rowOf(name: string, one: CostCase, measured?: Measured): number {
  const { rows, optional } = monthlyCost(one, measured)
  const found = [...rows, ...optional].find((row) => row.name.startsWith(name))
  if (found) return found.usd
  throw new Error(`There is no row ${name}.`)
}

describe('the cost of a month', () => {
  it.each([
    // 2,400 rounds of sites a day.
    ['DynamoDB: writes', 2_400 * 0.625e-6 * 30.4],
    // Rounds; 312 messages at six units; ids for 72 ticks and 48 processes that settle, at three.
    ['DynamoDB: reads', (4_800 + 312 * 6 + 120 * 3) * 0.125e-6 * 30.4],
    ['DynamoDB: storage', 0.25 + 0.2],
    // 72 ticks, each one batch; 120 rounds, 144 reports, 48 settlings, each received and deleted.
    ['SQS: messages', (72 + 2 * 312) * 0.4e-6 * 30.4],
    ['Scheduler', 72e-6 * 30.4],
    ['Lambda: requests', (72 + 312) * 0.2e-6 * 30.4],
    // Rounds of 375 ms, dispatches of 205 ms, and 360 starts of 400 ms.
    [
      'Lambda: compute',
      (120 * 0.375 + 72 * 0.205 + 360 * 0.4) * (1_769 / 1_024) * 0.0000133334 * 30.4,
    ],
    // Two pages of all sites by 24 reports, and three Parquet files of each of two parts.
    ['S3: requests', (2 * 24 + 3 * 2) * 5e-6 * 30.4],
    ['SES: mails', 0],
    // All five messages of a round are worked at once, each by a process that reads it anew.
    ['Secrets Manager: reads', 120 * 5e-6 * 30.4],
    ['NAT gateway', 24 * 30.4 * 0.05 + ((2_400 * 1_500) / 1024 ** 3) * 0.045 * 30.4],
  ])('is for %s what one computes by hand', (name, usd) => {
    expect(rowOf(name, HUNDRED, FIGURES)).toBeCloseTo(usd, 10)
  })

  it('is for mails that of SES, their table units and their messages', () => {
    const mailing = { ...HUNDRED, mailsPerSiteDay: 3 }
    const figures = structuredClone(FIGURES)
    figures.paces[60]!.mail.writeUnits = 2
    expect(rowOf('SES: mails', mailing, figures)).toBeCloseTo(300 * 0.0001 * 30.4, 10)
    const writes = (one: CostCase) => rowOf('DynamoDB: writes', one, figures)
    expect(writes(mailing) - writes(HUNDRED)).toBeCloseTo(600 * 0.625e-6 * 30.4, 10)
    // No more messages than there are rounds to send them.
    const calls = (one: CostCase) => rowOf('Lambda: requests', one, figures)
    expect(calls(mailing) - calls(HUNDRED)).toBeCloseTo(120 * 0.2e-6 * 30.4, 10)
  })

  it('adds up, fixed rows apart, and leaves out what may be chosen', () => {
    const { rows, fixedUsd, variableUsd } = monthlyCost(HUNDRED)
    const sum = rows.reduce((all, { usd }) => all + usd, 0)
    expect(fixedUsd + variableUsd).toBeCloseTo(sum, 10)
    expect(rows.map(({ name }) => name).join()).not.toMatch(/NAT|CloudFront/)
  })

  it('lies for a pace between those that were measured', () => {
    const figures = structuredClone(FIGURES)
    figures.paces[60]!.round.writeUnits = 12
    // 30 minutes lie 25 of 55 minutes behind the five: a share of 5/11 of the way from 1 to 12.
    const usd = rowOf('DynamoDB: writes', { ...HUNDRED, everyMinutes: 30 }, figures)
    expect(usd).toBeCloseTo(4_800 * 6 * 0.625e-6 * 30.4, 10)
    const outside = (everyMinutes: number) =>
      rowOf('DynamoDB: writes', { ...HUNDRED, everyMinutes }, figures)
    expect(outside(1)).toBeCloseTo(144_000 * 0.625e-6 * 30.4, 10)
    expect(outside(120)).toBeCloseTo(1_200 * 12 * 0.625e-6 * 30.4, 10)
  })

  it.each(TABLE_PACES)(
    'rises with the sites, in every row, with rounds every %s minutes',
    (pace) => {
      const all = [1, 10, 19, 21, 64, 65, 1_000, 1_001, 100_000].map((sites) =>
        monthlyCost(casePaced(pace, sites)),
      )
      for (const [nth, cost] of all.slice(1).entries()) {
        expect(cost.variableUsd).toBeGreaterThan(all[nth]!.variableUsd)
        expect(cost.fixedUsd).toBe(all[nth]!.fixedUsd)
        for (const [at, { usd }] of cost.rows.entries()) {
          expect(usd).toBeGreaterThanOrEqual(all[nth]!.rows[at]!.usd)
        }
      }
    },
  )

  it.each(TABLE_SITES)('falls when rounds of %s sites become rare', (sites) => {
    const sums = TABLE_PACES.map((pace) => monthlyCost(casePaced(pace, sites)).variableUsd)
    expect(sums).toEqual([...sums].sort((one, other) => other - one))
  })
})

describe('the time of a message', () => {
  it('is that of the processor, or that of waiting for the sites', () => {
    expect(messageMs(20, 100, 300, 8)).toBe(20 * 100 + 300)
    expect(messageMs(20, 10, 300, 8)).toBe(3 * 310)
    expect(messageMs(1, 10, 300, 8)).toBe(310)
  })
})

describe('what the stacks make', () => {
  const all = synthesised(EVERYTHING)
  const count = (type: string) => ofType(all, type).length

  it('is what the fixed costs are computed from', () => {
    const metrics = ofType(all, 'AWS::CloudWatch::Alarm').map(
      ({ Properties: { Metrics } }) =>
        Metrics?.filter(({ MetricStat }: { MetricStat?: object }) => MetricStat).length ?? 1,
    )
    const { ReputationOptions } = theOne(all.pipeline, 'AWS::SES::ConfigurationSet').Properties
    expect(FIXED).toEqual({
      alarmMetrics: metrics.reduce((sum, one) => sum + one, 0),
      ownMetrics: METRICS.length,
      mailMetrics: ReputationOptions.ReputationMetricsEnabled ? 2 : 0,
      dashboards: count('AWS::CloudWatch::Dashboard'),
      secrets: count('AWS::SecretsManager::Secret'),
      queues: count('AWS::Lambda::EventSourceMapping'),
    })
  })

  it('has schedules for just the ticks that are counted', () => {
    expect(count('AWS::Scheduler::Schedule')).toBe(3)
  })

  it.each(['AWS::KMS::Key', 'AWS::EC2::NatGateway', 'AWS::EC2::VPCEndpoint', 'AWS::WAFv2::WebACL'])(
    'has no %s, which would be paid for',
    (type) => {
      expect(count(type)).toBe(0)
    },
  )

  it('has functions with the memory that is paid for', () => {
    const read = Object.keys(MEMORY_MB).map((name) => {
      const id = `${name[0]!.toUpperCase()}${name.slice(1)}Function`
      const { MemorySize, Architectures } = theOne(
        all.pipeline,
        'AWS::Lambda::Function',
        id,
      ).Properties
      expect(Architectures).toEqual(['arm64'])
      return [name, MemorySize]
    })
    expect(Object.fromEntries(read)).toEqual(MEMORY_MB)
  })

  it('has access logs that are kept as long as is paid for', () => {
    const { LifecycleConfiguration } = theOne(all.site, 'AWS::S3::Bucket', 'AccessLogs').Properties
    expect(LifecycleConfiguration.Rules[0].ExpirationInDays).toBe(ACCESS_LOG_DAYS)
  })
})

describe('what the model takes from the product', () => {
  it('is what settings are when they say nothing', () => {
    const folder = mkdtempSync(join(tmpdir(), 'siterounds-cost-'))
    const path = join(folder, 'siterounds.yaml')
    const source = { kind: 'directory', path: './portal' }
    const site = { id: 'bj01', timeZone: 'Asia/Shanghai', source }
    writeFileSync(path, JSON.stringify({ state: './var', sites: [site] }))
    const read = readSettings(path, {})
    rmSync(folder, { recursive: true })
    const { retention, report, schedule } = 'settings' in read ? read.settings : expect.fail()
    expect([retention.keepDays, report.languages.length]).toEqual([KEEP_DAYS, LANGUAGES])
    const { collect, settle } = SITES_AT_ONCE
    expect([collect, settle]).toEqual([schedule.sitesAtOnce, schedule.sitesAtOnce])
  })

  it.each([1, 64, 65, 128, 1_000, 100_000])('is the number of parts of %s sites', (sites) => {
    expect(partOfSite('bj01', sites)).toMatch(new RegExp(`-of-${partsOf(sites)}$`))
  })
})

describe('infra/README.md', () => {
  it('has the table that npm run cost -- --markdown prints', () => {
    const [, section = ''] = readme.split('\n## What it costs\n')
    expect(section.split('\n## ')[0]).toContain(`\n${costMarkdown()}`)
  })
})

describe('npm run cost', () => {
  const textOf = (...words: string[]) => {
    const answered = answer(words)
    return 'text' in answered ? answered.text : expect.fail(answered.error)
  }

  it('prints the table, and where it goes', () => {
    expect(textOf()).toMatch(/^ +rounds every 5 minutes +rounds hourly +rounds daily$/m)
    for (const sites of ['10', '1,000', '100,000']) {
      expect(textOf()).toMatch(
        new RegExp(`^${sites} sites, today’s pages hourly( +[\\d,.]+){3}$`, 'm'),
      )
    }
    expect(textOf()).toContain('Where it goes: 1,000 sites')
  })

  it('prints where it goes in a case of one’s own', () => {
    const text = textOf(
      '--sites',
      '300',
      '--every',
      '15',
      '--report-every',
      '120',
      '--mails',
      '2.5',
    )
    expect(text).toContain(
      'Where it goes: 300 sites, rounds every 15 minutes, pages every 2 hours, 2.5 mails a site',
    )
    const one = { ...casePaced(15, 300), reportEveryMinutes: 120, mailsPerSiteDay: 2.5 }
    expect(text).toMatch(
      new RegExp(`^grows with the fleet +${monthlyCost(one).variableUsd.toFixed(2)}$`, 'm'),
    )
    expect(textOf('--sites', '1')).toContain('1 site, rounds every 5 minutes, pages hourly, 1 mail')
  })

  it('counts each option', () => {
    const sumOf = (...words: string[]) =>
      /^grows with the fleet +([\d,.]+)$/m.exec(textOf('--sites', '100000', ...words))?.[1]
    const plain = sumOf()
    for (const [name, value] of [
      ['every', '60'],
      ['report-every', '240'],
      ['settle-every', '1440'],
      ['mails', '0'],
      ['languages', '1'],
      ['keep-days', '400'],
      ['portal-ms', '5000'],
    ] as const) {
      expect([name, sumOf(`--${name}`, value)]).not.toEqual([name, plain])
    }
  })

  it('explains its options', () => {
    expect(textOf('--help')).toMatch(/^npm run cost -- \[options\]\n/)
    const standard = STANDARD_CASE
    for (const value of [standard.sites, standard.everyMinutes, standard.mailsPerSiteDay]) {
      expect(textOf('--help')).toContain(`; ${value} unless it is said`)
    }
  })

  it.each([
    [['--sites', '0'], '--sites is a whole number from 1 to 10,000,000, not “0”.'],
    [['--sites', 'many'], '--sites is a whole number from 1 to 10,000,000, not “many”.'],
    [['--every', '7'], '--every is one of 1, 2, 3, '],
    [['--report-every', '5.5'], 'minutes, not “5.5”.'],
    [['--settle-every', ''], '--settle-every is one of 1, 2, '],
    [['--mails', '-1'], '--mails'],
    [['--mails', '1441'], '--mails is a number from 0 to 1,440, such as 0.5, not “1441”.'],
    [['--languages', '3'], '--languages is a whole number from 1 to 2, not “3”.'],
    [['--keep-days', '0'], '--keep-days is a whole number from 1 to 36,500, not “0”.'],
    [['--portal-ms', '1e3'], '--portal-ms is a whole number from 1 to 20,000, not “1e3”.'],
    [['--sties', '5'], "Unknown option '--sties'"],
    [['10'], "Unexpected argument '10'"],
  ])('refuses %s', (words, told) => {
    expect(answer(words)).toEqual({ error: expect.stringContaining(told) })
  })

  it('ends with 2 when it was not understood, and else with 0', () => {
    const run = (...words: string[]) => spawnSync(process.execPath, [script, ...words])
    const wrong = run('--every', '7')
    expect([wrong.status, String(wrong.stdout)]).toEqual([2, ''])
    expect(String(wrong.stderr)).toContain('npm run cost -- --help tells what there is.')
    const right = run('--markdown')
    expect([right.status, String(right.stdout)]).toEqual([0, costMarkdown()])
  })
})
