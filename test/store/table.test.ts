import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { systemChance } from '../../lib/random.ts'
import { memoryTable } from '../../lib/store/memory.ts'
import { sqliteTable } from '../../lib/store/sqlite.ts'
import { openStoreFile } from '../../lib/store/sqlite-file.ts'
import { type Clock, systemClock } from '../../lib/time.ts'
import { tableContract } from '../contracts/table.ts'

const folder = mkdtempSync(join(tmpdir(), 'siterounds-table-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
let files = 0
const newFile = () => join(folder, `${++files}`, 'state.db')
const openFile = (file: string, clock: Clock = systemClock) =>
  sqliteTable(file, clock, systemChance)

describe('memory', () => tableContract(async (clock) => memoryTable(clock)))

describe('sqlite', () => {
  tableContract(async (clock) => openFile(newFile(), clock))

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

  it('has every write on the disk before it answers: WAL, synchronous=FULL (F65)', () => {
    const deps = { clock: systemClock, chance: systemChance, besides: [] }
    const database = openStoreFile(newFile(), deps)
    expect(database.prepare('PRAGMA synchronous').get()).toEqual({ synchronous: 2 })
    expect(database.prepare('PRAGMA journal_mode').get()).toEqual({ journal_mode: 'wal' })
    database.close()
  })
})
