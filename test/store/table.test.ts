import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, describe, expect, it } from 'vitest'
import { systemChance } from '../../lib/random.ts'
import { memoryTable } from '../../lib/store/memory.ts'
import { sqliteTable } from '../../lib/store/sqlite.ts'
import { HOUR_MS, systemClock } from '../../lib/time.ts'
import { tableContract } from '../contracts/table.ts'

const folder = mkdtempSync(join(tmpdir(), 'siterounds-table-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
let files = 0
const newFile = () => join(folder, `${++files}`, 'state.db')
const openFile = (file: string) => sqliteTable(file, systemClock, systemChance)

describe('memory', () => tableContract(async () => memoryTable()))

describe('sqlite', () => {
  tableContract(async () => openFile(newFile()))

  it('shows a write to another connection at once, and keeps it after closing', async () => {
    const file = newFile()
    const [one, other] = [openFile(file), openFile(file)]
    await one.create({ partition: 'p', sort: 'a' }, { data: { n: 1 } })
    expect((await other.get({ partition: 'p', sort: 'a' }))?.data).toEqual({ n: 1 })
    await one.close()
    await other.close()
    const again = openFile(file)
    expect(await again.list('p')).toHaveLength(1)
    await again.close()
  })

  it('sweeps out what expired long ago, and nothing else', async () => {
    let nowMs = 1_000_000
    const table = sqliteTable(newFile(), { now: () => nowMs }, systemChance)
    await table.create({ partition: 'p', sort: 'a' }, { data: {}, expiresAt: 2_000_000 })
    await table.create({ partition: 'p', sort: 'b' }, { data: {}, expiresAt: 90_000_000 })
    nowMs += 2 * HOUR_MS
    await table.create({ partition: 'p', sort: 'c' }, { data: {} })
    expect((await table.list('p')).map((item) => item.sort)).toEqual(['b', 'c'])
    await table.close()
  })

  it.each([
    ['NUL bytes', Buffer.alloc(8192)],
    ['text', Buffer.from('this is no database, but long enough to look at'.repeat(100))],
  ])('says in one sentence that a file of %s is no store', async (_, content) => {
    const file = newFile()
    await openFile(file).close()
    writeFileSync(file, content)
    rmSync(`${file}-wal`, { force: true })
    expect(() => openFile(file)).toThrowError(
      expect.objectContaining({ class: 'stop', hint: expect.stringContaining('Restore') }),
    )
  })

  it('refuses a file of a newer release and leaves it alone', async () => {
    const file = newFile()
    await openFile(file).close()
    const database = new DatabaseSync(file)
    database.exec('PRAGMA user_version = 99')
    database.close()
    expect(() => openFile(file)).toThrowError(expect.objectContaining({ code: 'newer-store' }))
  })

  it('says how to mend a state folder that cannot be made', () => {
    const file = join(folder, 'a-file')
    writeFileSync(file, 'in the way')
    expect(() => openFile(join(file, 'below', 'state.db'))).toThrowError(
      expect.objectContaining({ class: 'stop', hint: expect.stringMatching(/state folder/) }),
    )
  })
})
