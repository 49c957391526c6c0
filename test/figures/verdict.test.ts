import { describe, expect, it } from 'vitest'
import type { DescribedAlarm, Severity } from '../../lib/alarms/alarm.ts'
import type { VerdictParts } from '../../lib/figures/verdict.ts'
import { levelOf, verdict, worstLevel } from '../../lib/figures/verdict.ts'
import type { Coverage } from '../../lib/ledger/coverage.ts'
import { sampleDayView } from '../report/sample-views.ts'

const CALM: VerdictParts = {
  openAlarms: [],
  feeds: [],
  thresholds: { cpuPercent: 90, memoryPercent: 90, diskPercent: 85 },
  running: false,
}

function alarm(severity: Severity, title: string): DescribedAlarm {
  const text = { site: 's', name: title, node: 'n', raisedText: '', description: '' }
  return { ...text, raisedMs: 0, changedMs: 0, backfilled: false, severity, title }
}

function feed(coverage: Coverage, rejects = 0) {
  const counts = { lines: 9, readings: 9 - rejects, rejects, unknown: 0, blank: 0 }
  return { feed: 'system' as const, coverage, counts }
}

describe('verdict', () => {
  it('finds nothing on a calm day', () => {
    expect(verdict({ ...CALM, feeds: [feed('complete')] })).toEqual([])
    expect(worstLevel([])).toBe('calm')
  })

  it('puts the worst first', () => {
    const findings = sampleDayView().findings
    expect(findings.map(({ kind }) => kind)).toEqual([
      'open-alarms',
      'disk',
      'cpu',
      'service',
      'balance',
      'feeds',
      'feeds',
      'rejects',
      'feeds',
    ])
    expect(findings[2]).toMatchObject({ servers: [{ server: 'app1' }] })
    expect(worstLevel(findings)).toBe('bad')
  })

  it('names critical alarms, and is graver with them', () => {
    const some = verdict({ ...CALM, openAlarms: [alarm('minor', 'a'), alarm('critical', 'b')] })
    expect(some).toEqual([{ kind: 'open-alarms', count: 2, critical: ['b'] }])
    expect(worstLevel(some)).toBe('bad')
    expect(worstLevel(verdict({ ...CALM, openAlarms: [alarm('minor', 'a')] }))).toBe('warn')
  })

  it('puts missing data before alarms that are not critical', () => {
    const parts = { ...CALM, openAlarms: [alarm('minor', 'a')], feeds: [feed('missing')] }
    expect(verdict(parts).map(({ kind }) => kind)).toEqual(['feeds', 'open-alarms'])
  })

  it('blames a running day for nothing that may still come', () => {
    const feeds = [feed('partial'), feed('missing'), feed('replaced')]
    expect(verdict({ ...CALM, feeds, running: true })).toEqual([
      { kind: 'feeds', coverage: 'replaced', feeds: ['system'] },
    ])
    expect(verdict({ ...CALM, feeds })).toHaveLength(3)
  })

  it('counts rejects of all feeds as a note', () => {
    const [finding] = verdict({ ...CALM, feeds: [feed('complete', 2), feed('complete', 3)] })
    expect(finding).toEqual({ kind: 'rejects', count: 5 })
    expect(finding && levelOf(finding)).toBe('note')
  })
})
