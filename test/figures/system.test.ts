import { describe, expect, it } from 'vitest'
import { systemFigures } from '../../lib/figures/system.ts'
import { SLOT_MS } from '../../lib/ledger/tally.ts'
import type { SystemReading } from '../../lib/parse/feeds.ts'
import { HOUR_MS, Zone } from '../../lib/time.ts'

const WINDOW = { startMs: 0, endMs: 24 * HOUR_MS }

type Sample<T extends SystemReading['type']> = Partial<Extract<SystemReading, { type: T }>>

function cpu(atMs: number, sample: Sample<'cpu'> = {}): SystemReading {
  return {
    server: 'a',
    ip: '10.0.0.1',
    recorded: { text: '', ms: atMs },
    type: 'cpu',
    user: 20,
    system: 10,
    io: 5,
    idle: 65,
    ...sample,
  }
}

function mem(atMs: number, used: number, total: number): SystemReading {
  const recorded = { text: '', ms: atMs }
  return { server: 'a', ip: '', recorded, type: 'mem', used, free: 0, buffer: 0, total }
}

function disk(atMs: number, mount: string, used: number, total: number): SystemReading {
  return { server: 'a', ip: '', recorded: { text: '', ms: atMs }, type: 'disk', mount, used, total }
}

const only = (readings: SystemReading[], window = WINDOW) =>
  systemFigures(readings, window).servers[0]

describe('systemFigures', () => {
  it('averages the samples of a slot and leaves slots without samples open', () => {
    const server = only([cpu(0), cpu(1, { user: 40 }), cpu(2 * SLOT_MS)])
    expect(server?.cpu?.slots.slice(0, 4)).toEqual([
      { user: 30, system: 10, io: 5 },
      null,
      { user: 20, system: 10, io: 5 },
      null,
    ])
    expect(server?.cpu?.slots).toHaveLength(288)
  })

  it('counts average, 95th percentile, peak and newest of what is not idle', () => {
    const samples = Array.from({ length: 100 }, (_, n) => cpu(n * 60_000, { idle: 100 - n }))
    expect(only(samples)?.cpu).toMatchObject({
      averagePercent: 49.5,
      p95Percent: 94,
      peakPercent: 99,
      newestPercent: 99,
    })
  })

  it('keeps percentages between 0 and 100, whatever a site writes', () => {
    const server = only([
      cpu(0, { idle: -20, user: 130, io: Number.NaN }),
      cpu(SLOT_MS, { idle: 120 }),
    ])
    expect(server?.cpu).toMatchObject({ peakPercent: 100, newestPercent: 0, averagePercent: 50 })
    expect(server?.cpu?.slots[0]).toEqual({ user: 100, system: 10, io: 0 })
  })

  it('shows a total of 0 as 0 percent, never as NaN', () => {
    const server = only([mem(0, 5, 0), disk(0, '/', 5, 0), disk(0, '/b', 9, 3)])
    expect(server?.memory).toMatchObject({ newestPercent: 0, totalBytes: 0 })
    expect(server?.memory?.slots[0]).toBeNull()
    expect(server?.disks.map(({ percent }) => percent)).toEqual([0, 100])
    expect(JSON.stringify(server)).not.toContain('NaN')
  })

  it('takes the newest of each mount, node, os and uptime, whatever the order of lines', () => {
    const base = { server: 'a', ip: '' }
    const at = (ms: number) => ({ text: '', ms })
    const server = only([
      disk(9, '/b', 50, 100),
      disk(3, '/b', 10, 100),
      disk(3, '/a', 10, 100),
      { ...base, recorded: at(5), type: 'uptime', uptimeSeconds: 5 },
      { ...base, recorded: at(4), type: 'uptime', uptimeSeconds: 4 },
      { ...base, recorded: at(4), type: 'node', node: 'n2', state: 'down' },
      { ...base, recorded: at(4), type: 'node', node: 'n1', state: 'up' },
      { ...base, recorded: at(4), type: 'node', node: 'n2', state: 'up' },
      { ...base, recorded: at(4), type: 'os', name: 'Linux', kernel: '6' },
    ])
    expect(server?.disks).toEqual([
      { mount: '/a', usedBytes: 10, totalBytes: 100, percent: 10 },
      { mount: '/b', usedBytes: 50, totalBytes: 100, percent: 50 },
    ])
    expect(server).toMatchObject({ uptimeSeconds: 5, os: { name: 'Linux', kernel: '6' } })
    expect(server?.nodes).toEqual([
      { name: 'n1', state: 'up' },
      { name: 'n2', state: 'up' },
    ])
  })

  it('does not let a record time of the future freeze what is newest', () => {
    const server = only([disk(1e15, '/', 10, 100), disk(1e15 + 1, '/', 20, 100)])
    expect(server?.disks[0]?.percent).toBe(20)
    const later = only([disk(2e15, '/', 10, 100), disk(WINDOW.endMs, '/', 20, 100)])
    expect(later?.disks[0]?.percent).toBe(20)
  })

  it('leaves samples outside the window out of the series', () => {
    const server = only([cpu(-1), cpu(WINDOW.endMs), mem(1e15, 1, 2)])
    expect(server?.cpu).toBeUndefined()
    expect(server?.memory?.newestPercent).toBe(50)
    expect(server?.memory?.slots.every((slot) => slot === null)).toBe(true)
  })

  it('has as many slots as the day has: 276 and 300 when clocks change', () => {
    const zone = new Zone('Europe/Berlin')
    const slots = (day: string) =>
      systemFigures([], { startMs: zone.startOf(day), endMs: zone.endOf(day) }).slotCount
    expect(slots('2026-03-29')).toBe(276)
    expect(slots('2026-10-25')).toBe(300)
  })

  it('sorts servers by name and survives names of object prototypes', () => {
    const names = ['b', '__proto__', 'constructor', 'a']
    const { servers } = systemFigures(
      names.map((server) => cpu(0, { server })),
      WINDOW,
    )
    expect(servers.map(({ name }) => name)).toEqual(['__proto__', 'a', 'b', 'constructor'])
    expect(servers.every(({ cpu }) => cpu?.peakPercent === 35)).toBe(true)
  })

  it('takes 200 servers', () => {
    function* all() {
      for (let n = 0; n < 200 * 288; n += 1) {
        yield cpu(Math.floor(n / 200) * SLOT_MS, { server: `s${n % 200}` })
      }
    }
    const { servers } = systemFigures(all(), WINDOW)
    expect(servers).toHaveLength(200)
    expect(servers.every(({ cpu }) => cpu?.slots.every((slot) => slot?.user === 20))).toBe(true)
  })
})
