import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { systemChance } from '../../lib/random.ts'
import { directoryObjects } from '../../lib/store/directory.ts'
import { objectsContract } from '../contracts/objects.ts'

const folder = mkdtempSync(join(tmpdir(), 'siterounds-objects-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const fresh = () => mkdtempSync(join(folder, 'root-'))

describe('directory', () => {
  objectsContract(async () => directoryObjects(fresh(), systemChance))

  it('leaves no unfinished file behind', async () => {
    const root = fresh()
    const objects = directoryObjects(root, systemChance)
    await Promise.all(
      Array.from({ length: 50 }, (_, n) => objects.put(`a/${n % 5}.html`, 'x'.repeat(n))),
    )
    expect(readdirSync(join(root, 'a')).sort()).toEqual([
      '0.html',
      '1.html',
      '2.html',
      '3.html',
      '4.html',
    ])
  })
})
