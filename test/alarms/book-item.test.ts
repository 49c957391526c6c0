import { createHash } from 'node:crypto'
import { zstdCompressSync } from 'node:zlib'
import { expect, it } from 'vitest'
import type { Book } from '../../lib/alarms/book.ts'
import { readBook, writeBook } from '../../lib/alarms/book-item.ts'
import type { Occurrence } from '../../lib/alarms/occurrence.ts'
import { bookKey } from '../../lib/store/keys.ts'
import { memoryTable } from '../../lib/store/memory.ts'

/** A book in one item, in parts, and back; its texts cannot be compressed. */

let made = 0
function noise(length: number): string {
  let text = ''
  while (text.length < length) {
    made += 1
    text += createHash('sha256').update(String(made)).digest('base64')
  }
  return text.slice(0, length)
}

function book(count: number, sequence: number): Book {
  const open = Array.from({ length: count }, (_, n): Occurrence => {
    const [day, description] = ['2026-11-10', noise(120)]
    const days = { recordedDay: day, changedDay: day, lastDay: day }
    return {
      name: `ALM-${n}`,
      node: noise(40),
      raisedText: '2026-11-10 08:00:00',
      raisedMs: n,
      standing: { recordedMs: n, changedMs: n, ...days, description },
      description,
      changedMs: n,
      recovered: false,
      firstReadMs: n,
      backfilled: false,
      firstDay: day,
      lastDay: day,
    }
  })
  const days = { '2026-11-10': { sequence, lines: count, newestMs: count } }
  return { days, newestMs: count, open, recent: [] }
}

it('keeps a small book in its head, a large one in parts, and removes what it left', async () => {
  const table = memoryTable()
  expect(await readBook(table, 's')).toBeUndefined()
  for (const [count, items] of [
    [10, 1],
    [6_000, 4],
    [7_000, 5],
    [5, 1],
  ] as const) {
    const before = await readBook(table, 's')
    const next = book(count, items)
    expect(await writeBook(table, 's', before?.item, next)).toBe(true)
    expect((await readBook(table, 's'))?.book).toEqual(next)
    const standing = await table.list('alarms#s')
    expect(standing.length, `${count} alarms`).toBeGreaterThanOrEqual(items > 1 ? 3 : 1)
    const { parts } = standing[0]!.data as { parts?: { count: number } }
    expect(standing).toHaveLength(1 + (parts?.count ?? 0))
  }
})

it('lets one of two writers win, and the other leaves nothing behind', async () => {
  const table = memoryTable()
  const [one, other] = [book(6_000, 1), book(6_000, 2)]
  const done = await Promise.all([
    writeBook(table, 's', undefined, one),
    writeBook(table, 's', undefined, other),
  ])
  expect(done.filter(Boolean)).toHaveLength(1)
  expect((await readBook(table, 's'))?.book).toEqual(done[0] ? one : other)
  const standing = await table.list('alarms#s')
  const { parts } = standing[0]!.data as { parts: { count: number } }
  expect(standing).toHaveLength(1 + parts.count)
})

it('says so when a part is gone, and is written anew over what is left', async () => {
  const table = memoryTable()
  await writeBook(table, 's', undefined, book(6_000, 1))
  const [head, part] = await table.list('alarms#s')
  await table.remove(part!, part!.version)
  await expect(readBook(table, 's')).rejects.toMatchObject({ code: 'book-parts', class: 'skip' })
  expect(await writeBook(table, 's', head, book(5, 2))).toBe(true)
  expect(await table.list('alarms#s')).toHaveLength(1)
  expect((await readBook(table, 's'))?.book.days).toEqual(book(5, 2).days)
})

it('reads a book as releases before kept it, and says that it is to be folded again', async () => {
  const table = memoryTable()
  const { open, recent, days, newestMs } = book(3, 1)
  const bytes = zstdCompressSync(JSON.stringify({ open, recent }))
  await table.create(bookKey('s'), { data: { format: 3, days, newestMs }, bytes })
  const { book: read, older } = (await readBook(table, 's'))!
  expect(read).toEqual({ open, recent, days, newestMs })
  expect(older).toBe(true)
})
