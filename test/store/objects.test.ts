import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { systemChance } from '../../lib/random.ts'
import { directoryObjects } from '../../lib/store/directory.ts'
import { DAY_MS, SECOND_MS, systemClock } from '../../lib/time.ts'
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
    const names = ['0.html', '1.html', '2.html', '3.html', '4.html']
    expect(readdirSync(join(root, 'a')).sort()).toEqual(names)
    expect(readdirSync(join(root, '.unfinished'))).toEqual([])
    expect(await objects.list('')).toEqual(names.map((name) => `a/${name}`))
  })

  it('removes what killed processes left unfinished a day ago, and nothing younger', async () => {
    const root = fresh()
    const unfinished = join(root, '.unfinished')
    mkdirSync(unfinished)
    const ages = { old: DAY_MS + 60 * SECOND_MS, young: DAY_MS - 60 * SECOND_MS, new: 0 }
    for (const [name, ageMs] of Object.entries(ages)) {
      writeFileSync(join(unfinished, name), 'half a pa')
      const atSeconds = (systemClock.now() - ageMs) / 1000
      utimesSync(join(unfinished, name), atSeconds, atSeconds)
    }
    const objects = directoryObjects(root, systemChance)
    expect(await objects.list('')).toEqual([])
    await objects.put('index.html', 'page')
    expect(readdirSync(unfinished).sort()).toEqual(['new', 'young'])
    expect(await objects.list('')).toEqual(['index.html'])
  })

  it('removes what it could not finish: on a full disk it would take the room', async () => {
    const root = fresh()
    const objects = directoryObjects(root, systemChance)
    // A folder with something in it cannot be replaced by a file.
    mkdirSync(join(root, 'index.html', 'below'), { recursive: true })
    await expect(objects.put('index.html', 'page')).rejects.toMatchObject({
      code: 'folder',
      class: 'stop',
      message: expect.stringMatching(/index\.html cannot be used \(E\w+\)\.$/),
    })
    expect(readdirSync(join(root, '.unfinished'))).toEqual([])
  })

  it('says in one sentence that a file stands where the folder should be', async () => {
    const root = join(fresh(), 'site')
    writeFileSync(root, '')
    await expect(directoryObjects(root, systemChance).put('a', 'page')).rejects.toMatchObject({
      code: 'folder',
      class: 'stop',
      hint: 'See that the folder exists and that this user may read and write it.',
    })
    expect(existsSync(root)).toBe(true)
  })

  it('refuses the name of the folder that is its own', async () => {
    const objects = directoryObjects(fresh(), systemChance)
    await expect(objects.put('.unfinished/a', 'x')).rejects.toMatchObject({ code: 'object-path' })
  })
})
