import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, describe, expect, it } from 'vitest'
import { RoundsError } from '../../lib/errors.ts'
import { systemChance } from '../../lib/random.ts'
import { refuseNetworkShare } from '../../lib/store/network-share.ts'
import { sqliteTable } from '../../lib/store/sqlite.ts'
import type { Key } from '../../lib/store/table.ts'
import { systemClock } from '../../lib/time.ts'
import { filesBelow } from '../fixtures/rounds-world.ts'
import { BREAKAGES, noise } from './broken-files.ts'

/** Stores in trouble: every one is told in one sentence or heals, and none begins anew (T13). */

const all = mkdtempSync(join(tmpdir(), 'siterounds-trouble-'))
afterAll(() => rmSync(all, { recursive: true, force: true }))
const newFolder = () => mkdtempSync(join(all, 'state-'))
const open = (folder: string) =>
  sqliteTable(join(folder, 'state.db'), systemClock, systemChance, [join(folder, 'site')])

const KEYS: Key[] = Array.from({ length: 60 }, (_, n) => ({
  partition: `p#${n % 3}`,
  sort: String(n).padStart(8, '0'),
}))

/** A closed store of sixty items, some small, some over several pages. */
async function filled(folder: string): Promise<void> {
  const table = open(folder)
  for (const [n, key] of KEYS.entries()) {
    const data = { format: 1, n, text: 'x'.repeat(n * 5) }
    await table.create(key, { data, bytes: noise(n * 97) })
  }
  await table.close()
}

function refusal(folder: string): RoundsError {
  try {
    void open(folder).close()
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(RoundsError)
    return thrown as RoundsError
  }
  throw new Error('it was opened')
}

describe('a store that is (F60, F61)', () => {
  it.each(BREAKAGES)(
    '$what is refused each time, and left as it is',
    async ({ breaks, ...told }) => {
      const folder = newFolder()
      await filled(folder)
      breaks(folder)
      const before = await filesBelow(folder)
      for (let start = 0; start < 3; start += 1) {
        const { code, class: errorClass, message, hint } = refusal(folder)
        expect({ code, errorClass }).toEqual({ code: told.code, errorClass: 'stop' })
        expect(`${message} ${hint}`).toMatch(told.says)
      }
      // SQLite may leave its lock file; what the operator has to look into does not change.
      const { '/state.db-shm': _, '/state.db-wal': __, ...after } = await filesBelow(folder)
      expect(after).toEqual(
        Object.fromEntries(Object.entries(before).filter(([name]) => !/-(shm|wal)$/.test(name))),
      )
    },
  )
})

describe('one changed byte anywhere in the file (F61)', () => {
  it('is told, or changes nothing: no item is ever read other than it was written', async () => {
    const folder = newFolder()
    const file = join(folder, 'state.db')
    await filled(folder)
    const whole = readFileSync(file)
    const truth = new Map<Key, unknown>()
    const table = open(folder)
    for (const key of KEYS) truth.set(key, (await table.get(key))!.data)
    await table.close()
    const seen = { refused: 0, told: 0, missed: 0, unchanged: 0 }
    const steps = 600
    for (let step = 0; step < steps; step += 1) {
      const bytes = Buffer.from(whole)
      bytes[Math.floor((step * whole.length) / steps)]! ^= 1 << (step % 8)
      writeFileSync(file, bytes)
      let broken: ReturnType<typeof open>
      try {
        broken = open(folder)
      } catch (thrown) {
        expect(thrown).toMatchObject({ name: 'RoundsError', class: 'stop' })
        seen.refused += 1
        continue
      }
      let found: 'told' | 'missed' | 'unchanged' = 'unchanged'
      for (const [key, data] of truth) {
        try {
          const item = await broken.get(key)
          if (item) expect(item.data).toEqual(data)
          else found = 'missed'
        } catch (thrown) {
          expect(thrown).toMatchObject({
            name: 'RoundsError',
            hint: expect.stringMatching(/Restore|siterounds verify/),
          })
          found = 'told'
        }
      }
      seen[found] += 1
      await broken.close()
    }
    // A key that changed is an item that is missing: the ledger knows its gaps by their numbers.
    expect(seen.missed).toBeLessThan(steps / 20)
    expect(seen.told).toBeGreaterThan(steps / 3)
    expect(seen.refused).toBeGreaterThan(0)
  })

  it('in the text or the body of an item damages this item and no other', async () => {
    const folder = newFolder()
    await filled(folder)
    const database = new DatabaseSync(join(folder, 'state.db'))
    database.exec(`UPDATE items SET data = replace(data, '"n":7', '"n":8') WHERE sort = '00000007'`)
    database.exec(`UPDATE items SET bytes = zeroblob(length(bytes)) WHERE sort = '00000009'`)
    database.exec(`UPDATE items SET data = '{"format":1' WHERE sort = '00000011'`)
    database.exec(`UPDATE items SET expires = 1 WHERE sort = '00000013'`)
    database.close()
    const table = open(folder)
    for (const [n, key] of KEYS.entries()) {
      if (![7, 9, 11, 13].includes(n)) expect((await table.get(key))!.data.n).toBe(n)
      else {
        await expect(table.get(key)).rejects.toMatchObject({
          code: 'item-damaged',
          class: 'skip',
          message: `The item ${key.partition} / ${key.sort} of the store is damaged.`,
        })
      }
    }
    await table.close()
  })
})

describe('the newest writes, still in state.db-wal (F60, F62)', () => {
  /** The folder as a process that was killed leaves it. */
  async function killed(): Promise<string> {
    const [living, left] = [newFolder(), newFolder()]
    const table = open(living)
    for (const key of KEYS) await table.create(key, { data: { sort: key.sort } })
    for (const [name, bytes] of await bytesOf(living)) writeFileSync(join(left, name), bytes)
    await table.close()
    return left
  }

  const bytesOf = async (folder: string) =>
    readdirSync(folder).map((name) => [name, readFileSync(join(folder, name))] as const)

  /** How many items there are; they must be the first ones that were written. */
  async function count(folder: string): Promise<number> {
    const table = open(folder)
    const there: boolean[] = []
    for (const key of KEYS) there.push((await table.get(key)) !== undefined)
    await table.close()
    const items = there.filter(Boolean).length
    expect(there.slice(0, items)).not.toContain(false)
    return items
  }

  it('are all there after a kill, with and without state.db-shm', async () => {
    const left = await killed()
    rmSync(join(left, 'state.db-shm'))
    expect(await count(left)).toBe(KEYS.length)
    expect(await count(await killed())).toBe(KEYS.length)
  })

  it('are those up to the cut, in a half-written one', async () => {
    const counts: number[] = []
    for (const part of [1, 0.9, 0.7, 0.5]) {
      const left = await killed()
      const wal = join(left, 'state.db-wal')
      const bytes = readFileSync(wal)
      writeFileSync(wal, bytes.subarray(0, Math.floor(bytes.length * part)))
      counts.push(await count(left))
    }
    expect(counts[0]).toBe(KEYS.length)
    expect(counts).toEqual([...counts].sort((one, other) => other - one))
    expect(counts[3]).toBeGreaterThan(0)
  })

  it.each([
    ['NUL bytes', (length: number) => Buffer.alloc(length)],
    ['noise', noise],
  ])('are lost in one of %s, and the store is not taken for a new one', async (_, made) => {
    const left = await killed()
    const wal = join(left, 'state.db-wal')
    writeFileSync(wal, made(readFileSync(wal).length))
    // The store had never moved its writes into the file: it is empty, and known to have been made.
    expect(refusal(left)).toMatchObject({ code: 'store-missing' })
  })

  it('are missed when state.db-wal was removed', async () => {
    const left = await killed()
    rmSync(join(left, 'state.db-wal'))
    expect(refusal(left)).toMatchObject({
      code: 'store-corrupt',
      message: expect.stringMatching(/has lost state.db-wal/),
    })
    rmSync(join(left, 'state.db-shm'))
    expect(refusal(left)).toMatchObject({ code: 'store-missing' })
  })
})

describe('state.json (F61)', () => {
  const marker = (folder: string) => join(folder, 'state.json')

  it.each([
    ['missing', undefined],
    ['of NUL bytes', Buffer.alloc(200)],
    ['empty', Buffer.alloc(0)],
    ['half-written', Buffer.from('{\n  "format": 1,\n  "id": "')],
    ['without an id', Buffer.from('{}')],
  ])('that is %s heals where the store is there', async (_, bytes) => {
    const folder = newFolder()
    await filled(folder)
    const before = readFileSync(marker(folder))
    if (bytes) writeFileSync(marker(folder), bytes)
    else rmSync(marker(folder))
    await open(folder).close()
    expect(readFileSync(marker(folder))).toEqual(before)
  })

  it.each([
    ['NUL bytes', Buffer.alloc(200)],
    ['no bytes', Buffer.alloc(0)],
  ])('of %s still says that there was a store', async (_, bytes) => {
    const folder = newFolder()
    await filled(folder)
    rmSync(join(folder, 'state.db'))
    writeFileSync(marker(folder), bytes)
    expect(refusal(folder)).toMatchObject({ code: 'store-missing' })
    expect(existsSync(join(folder, 'state.db'))).toBe(false)
  })

  it('is not needed where pages stand beside a store that is missing', () => {
    const folder = newFolder()
    mkdirSync(join(folder, 'site'))
    writeFileSync(join(folder, 'site', 'index.html'), '')
    expect(refusal(folder)).toMatchObject({
      code: 'store-missing',
      message: expect.stringMatching(
        /is missing, but pages, mails or archived days of one stand beside it\./,
      ),
    })
    writeFileSync(join(folder, 'state.db'), '')
    expect(refusal(folder)).toMatchObject({
      code: 'store-missing',
      message: expect.stringMatching(/is empty/),
    })
  })

  it('names the store, however often it was opened', async () => {
    const folder = newFolder()
    await Promise.all([open(folder), open(folder), open(folder)].map((table) => table.close()))
    const { id, format, madeAt } = JSON.parse(readFileSync(marker(folder), 'utf8'))
    expect({ format, madeAt }).toEqual({ format: 1, madeAt: expect.stringMatching(/^20.*Z$/) })
    const database = new DatabaseSync(join(folder, 'state.db'))
    expect(database.prepare('SELECT id FROM siterounds').all()).toEqual([{ id }])
    database.close()
  })
})

describe('a store that goes while it is in use', () => {
  it('is told at the next call, and not written on unseen', async () => {
    const folder = newFolder()
    const table = open(folder)
    await table.create(KEYS[0]!, { data: {} })
    rmSync(folder, { recursive: true })
    const gone = {
      code: 'store-missing',
      class: 'stop',
      message: expect.stringMatching(/was removed while it was in use/),
    }
    await expect(table.create(KEYS[1]!, { data: {} })).rejects.toMatchObject(gone)
    await expect(table.get(KEYS[0]!)).rejects.toMatchObject(gone)
    await table.close()
  })

  it('is told when another one was put in its place', async () => {
    const [folder, other] = [newFolder(), newFolder()]
    await filled(other)
    const table = open(folder)
    rmSync(join(folder, 'state.db'))
    writeFileSync(join(folder, 'state.db'), readFileSync(join(other, 'state.db')))
    await expect(table.list('p#1')).rejects.toMatchObject({
      code: 'store-missing',
      message: expect.stringMatching(/was replaced while it was in use/),
      hint: expect.stringMatching(/Start again/),
    })
    await table.close()
  })
})

describe('a state folder on a network share (F65)', () => {
  const FUSE = 0x65735546
  const mounts = [
    '22 1 254:0 / / rw,relatime - ext4 /dev/vda rw',
    '40 22 0:44 / /mnt/a\\040disk rw - fuse.sshfs user@host:/ rw',
    '41 22 0:45 / /mnt/stick rw - fuseblk /dev/sdb1 rw',
  ].join('\n')

  it.each([
    ['NFS', 0x6969],
    ['SMB', 0xfe534d42],
    ['CIFS', 0xff534d42],
    ['9p', 0x01021997],
    ['Ceph', 0x00c36400],
  ])('of kind %s is refused', (kind, type) => {
    expect(() => refuseNetworkShare('/srv/rounds', { type, mounts: '' })).toThrowError(
      expect.objectContaining({
        code: 'store-on-network',
        class: 'stop',
        message: expect.stringContaining(`/srv/rounds lies on a network share (${kind}), where`),
        hint: 'Let state in the configuration name a folder on a disk of this machine.',
      }),
    )
  })

  it('behind FUSE is refused when its mount says that it is one', () => {
    const at = (folder: string) => () => refuseNetworkShare(folder, { type: FUSE, mounts })
    expect(at('/mnt/a disk/rounds')).toThrowError(/network share \(fuse\.sshfs\)/)
    expect(at('/mnt/stick/rounds')).not.toThrow()
    expect(at('/mnt/a diskette')).not.toThrow()
  })

  it('is none on a disk of this machine', () => {
    expect(() => refuseNetworkShare(newFolder())).not.toThrow()
  })
})
