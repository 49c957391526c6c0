import { expect, test } from 'vitest'
import {
  cleaned,
  cpuPercentOf,
  cpuTimesOf,
  memoryOf,
  osNameOf,
  readMachine,
  realMounts,
} from '../../demo/machine.ts'

test('cpu times: nice counts as user, interrupts and steal as system', () => {
  const text = 'cpu  100 20 30 1000 40 5 6 7 0 0\ncpu0 1 2 3 4 5 6 7 8 9 10\nintr 1 2\n'
  expect(cpuTimesOf(text)).toEqual({ user: 120, system: 48, io: 40, idle: 1000 })
  expect(cpuTimesOf('cpu  1 2 3 4\n')).toEqual({ user: 3, system: 3, io: 0, idle: 4 })
  expect(cpuTimesOf('')).toBeUndefined()
  expect(cpuTimesOf('cpu  a b c d\n')).toBeUndefined()
})

test('cpu shares are of what passed, never negative', () => {
  const before = { user: 100, system: 50, io: 30, idle: 1000 }
  const after = { user: 150, system: 75, io: 29, idle: 1025 }
  expect(cpuPercentOf(before, after)).toEqual({ user: 50, system: 25, io: 0, idle: 25 })
  expect(cpuPercentOf(before, before)).toBeUndefined()
})

test('memory: the parts add up to the total', () => {
  const text = [
    'MemTotal:  1000 kB\nMemFree:  300 kB\nMemAvailable:  700 kB\n',
    'Buffers:  50 kB\nCached:  250 kB\n',
  ].join('')
  expect(memoryOf(`${text}SwapCached:   7 kB\n`)).toEqual({
    used: 300 * 1024,
    free: 400 * 1024,
    buffer: 300 * 1024,
    total: 1000 * 1024,
  })
  // Kernels before 3.14 do not say what is available.
  const old = memoryOf('MemTotal: 1000 kB\nMemFree: 100 kB\nCached: 600 kB\n')!
  expect(old).toMatchObject({ used: 900 * 1024, buffer: 100 * 1024, free: 0 })
  expect(memoryOf('')).toBeUndefined()
})

test('mounts: real file systems, one a device, blanks decoded, at most eight', () => {
  const text = [
    'proc /proc proc rw 0 0',
    'tmpfs /run tmpfs rw 0 0',
    'overlay / overlay rw 0 0',
    'overlay /var/lib/docker/overlay2/x/merged overlay rw 0 0',
    '/dev/sda1 /etc/hosts ext4 rw 0 0',
    '/dev/sda1 /srv ext4 rw 0 0',
    '/dev/sdb1 /media/my\\040disk vfat rw 0 0',
    '/dev/loop3 /snap/core/1 squashfs ro 0 0',
    'server:/export /mnt/nfs nfs4 rw 0 0',
  ].join('\n')
  expect(realMounts(text)).toEqual(['/', '/srv', '/media/my disk'])
  const many = Array.from({ length: 12 }, (_, nth) => `/dev/v${nth} /m${nth} xfs rw 0 0`)
  expect(realMounts(many.join('\n'))).toHaveLength(8)
})

test('os name with and without quotes', () => {
  expect(osNameOf('NAME="X"\nPRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\n')).toBe(
    'Debian GNU/Linux 12 (bookworm)',
  )
  expect(osNameOf('PRETTY_NAME=Alpine\n')).toBe('Alpine')
  expect(osNameOf('')).toBeUndefined()
})

test('a field holds neither separators nor control characters', () => {
  expect(cleaned(' a|b\tc\n')).toBe('a b c')
})

test('the real machine: plausible numbers, also at the second call at once', async () => {
  for (const state of [await readMachine(), await readMachine()]) {
    const { cpu, memory } = state
    for (const percent of Object.values(cpu)) {
      expect(percent).toBeGreaterThanOrEqual(0)
      expect(percent).toBeLessThanOrEqual(100)
    }
    expect(cpu.user + cpu.system + cpu.io + cpu.idle).toBeCloseTo(100, 6)
    expect(memory.used + memory.free + memory.buffer).toBe(memory.total)
    expect(memory.total).toBeGreaterThan(64 * 1024 * 1024)
    expect(state.disks.length).toBeGreaterThan(0)
    for (const disk of state.disks) {
      expect(disk.total).toBeGreaterThan(0)
      expect(disk.used).toBeLessThanOrEqual(disk.total)
    }
    expect(state.ip).toMatch(/^\d+\.\d+\.\d+\.\d+$/)
    expect(state.server + state.osName + state.kernel).not.toMatch(/[|\n]/)
    expect(state.uptimeSeconds).toBeGreaterThan(0)
  }
})
