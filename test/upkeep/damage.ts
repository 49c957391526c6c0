import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { sequenceKey } from '../../lib/store/keys.ts'
import type { World } from '../fixtures/rounds-world.ts'

/** Bytes with one bit of one of them changed. */
export function spoiled(bytes: Uint8Array, at: number): Buffer {
  const copy = Buffer.from(bytes)
  copy[at]! ^= 1
  return copy
}

/** The items of a partition, changed behind the program's back. Record 0 stands for all of them. */
export function onDisk({ folder }: World, partition: string) {
  const over = (record: number, work: (database: DatabaseSync, where: string) => void) => {
    const database = new DatabaseSync(join(folder, 'var', 'state.db'))
    const one = record > 0 ? ` AND sort = '${sequenceKey(record)}'` : ''
    work(database, `partition = '${partition}'${one}`)
    database.close()
  }
  return {
    change(record: number, change: (item: { data: string }) => { data: string }) {
      over(record, (database, where) => {
        const items = database.prepare(`SELECT sort, data FROM items WHERE ${where}`).all()
        const put = database.prepare('UPDATE items SET data = ? WHERE partition = ? AND sort = ?')
        for (const { sort, data } of items) {
          put.run(change({ data: String(data) }).data, partition, String(sort))
        }
      })
    },
    remove(record: number) {
      over(record, (database, where) => void database.exec(`DELETE FROM items WHERE ${where}`))
    },
  }
}
