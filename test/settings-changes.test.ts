import { describe, expect, it } from 'vitest'
import { isUnchanged, settingsChanges } from '../lib/settings-changes.ts'
import type { HttpSourceSettings, Settings, Site } from '../lib/site.ts'
import { SITE } from './ledger/portal.ts'

const site = (id: string, more: Partial<Site> = {}): Site => ({ ...SITE, id, name: id, ...more })

const settings = (sites: Site[], more: Partial<Settings> = {}): Settings => ({
  state: '',
  sites,
  thresholds: {
    ...{ cpuPercent: 85, memoryPercent: 90, diskPercent: 85 },
    ...{ standsForMinutes: 15, expireAfterDays: 2, gapMinutes: 60 },
  },
  mail: { kind: 'ses', from: 'rounds@example.org' },
  report: { title: 'Rounds', languages: ['en'], todayEveryMinutes: 10 },
  retention: { keepDays: 35, settleAfterDays: 2 },
  schedule: { everyMinutes: 5, sitesAtOnce: 8 },
  serve: { port: 0 },
  ...more,
})

describe('changes of settings', () => {
  it('are none between the same, in whatever order sites and keys stand', () => {
    const [a, b] = [site('a'), site('b')]
    const turned = Object.fromEntries(Object.entries(a).reverse()) as unknown as Site
    const changes = settingsChanges(settings([a, b]), settings([b, turned]))
    expect(isUnchanged(changes)).toBe(true)
  })

  it('name sites that came, went and differ, with each key that does', () => {
    const source: HttpSourceSettings = {
      ...{
        kind: 'http' as const,
        url: 'https://a',
        allowAddresses: [],
        timeoutMs: 1,
        maxFileBytes: 9,
      },
    }
    const before = site('b', { source })
    const after = site('b', {
      source: { ...source, url: 'https://b' },
      feeds: { alarm: { path: 'other' } },
      recipients: ['o@example.org'],
    })
    const changes = settingsChanges(
      settings([site('z'), before, site('c')]),
      settings([site('d'), site('c'), after, site('a')]),
    )
    expect(changes).toEqual({
      added: [
        { id: 'a', name: 'a' },
        { id: 'd', name: 'd' },
      ],
      removed: [{ id: 'z', name: 'z' }],
      changed: [
        {
          id: 'b',
          name: 'b',
          keys: [
            { key: 'source.url', from: '"https://a"', to: '"https://b"' },
            { key: 'feeds.system.path', from: '"sys"' },
            { key: 'feeds.alarm.path', from: '"alarm"', to: '"other"' },
            { key: 'feeds.service.path', from: '"service"' },
            { key: 'recipients', from: '[]', to: '["o@example.org"]' },
          ],
        },
      ],
      common: [],
    })
  })

  it('tell what holds for all sites apart', () => {
    const after = settings([], { alarmDictionary: 'dictionary/1.csv', serve: { port: 1 } })
    expect(settingsChanges(settings([]), after).common).toEqual([
      { key: 'serve.port', from: '0', to: '1' },
      { key: 'alarmDictionary', to: '"dictionary/1.csv"' },
    ])
  })

  it('from nothing to the first settings are the sites', () => {
    const changes = settingsChanges(undefined, settings([site('a')]))
    expect(changes).toMatchObject({ added: [{ id: 'a' }], common: [] })
  })

  it('of ten thousand sites name the one that went', () => {
    const ids = Array.from({ length: 10_000 }, (_, n) => `s${n}`)
    const all = ids.map((id) => site(id))
    const changes = settingsChanges(settings(all), settings(all.slice(1)))
    expect(changes.removed).toEqual([{ id: 's0', name: 's0' }])
  })
})
