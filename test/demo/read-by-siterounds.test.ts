import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { growSampleSites } from '../../demo/growth.ts'
import { startPortal } from '../../demo/portal.ts'
import { dayFilePath } from '../../demo/sample-files.ts'
import { sampleThisMachine } from '../../demo/sampler.ts'
import { demoSettings, PORTALS_FOLDER } from '../../demo/settings.ts'
import { readSettings } from '../../lib/config.ts'
import { directorySource } from '../../lib/fetch/directory.ts'
import { httpSource } from '../../lib/fetch/http.ts'
import type { Answer, Source } from '../../lib/fetch/source.ts'
import { readLines } from '../../lib/parse/readings.ts'
import { systemChance } from '../../lib/random.ts'
import { FEEDS, type Site } from '../../lib/site.ts'
import { addDays, Zone } from '../../lib/time.ts'

const NOW = Date.parse('2026-11-20T12:00:00Z')

function sourceOf(site: Site): Source {
  const { source } = site
  return source.kind === 'http'
    ? httpSource(source, { chance: systemChance })
    : directorySource(source)
}

async function bodyOf(answer: Answer): Promise<Buffer> {
  if (answer.kind !== 'body') return Buffer.alloc(0)
  const chunks: Uint8Array[] = []
  for await (const chunk of answer.chunks) chunks.push(chunk)
  return Buffer.concat(chunks)
}

test('every line of the four sites is a reading; only the west lacks a feed', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'demo-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  const portals = join(folder, PORTALS_FOLDER)
  await growSampleSites(portals, NOW)
  await sampleThisMachine(portals, NOW, 'UTC')
  const portal = await startPortal(portals)
  onTestFinished(() => portal.close())
  const file = join(folder, 'siterounds.yaml')
  await writeFile(file, demoSettings(folder, portal.url, 0, 'UTC'))
  const read = readSettings(file, {})
  if ('problems' in read) throw new Error(JSON.stringify(read.problems))

  const absent: string[] = []
  for (const site of read.settings.sites) {
    const source = sourceOf(site)
    onTestFinished(() => source.close())
    for (const feed of FEEDS.filter((one) => site.feeds[one])) {
      const day = site.source.kind === 'directory' ? '2026-11-20' : addDays('2026-11-20', -2)
      const path = dayFilePath(feed, day)
      const answer = await source.read(path, 0)
      if (answer.kind === 'absent') {
        absent.push(`${site.id} ${feed}`)
        continue
      }
      const bytes = await bodyOf(answer)
      const parsed = readLines(feed, bytes, false, {
        zone: new Zone(site.timeZone),
        siteIds: new Set(site.siteIds),
        units: site.units,
        charset: undefined,
        previousMs: undefined,
      })
      expect(parsed).toMatchObject({ rejects: [], unknown: 0, blank: 0 })
      expect(parsed.readings).toHaveLength(parsed.lines)
      if (site.source.kind === 'directory') continue
      expect(parsed.lines).toBeGreaterThan(0)
      expect((await source.read(path, bytes.length)).kind).toBe('shorter')
      expect(await bodyOf(await source.read(path, bytes.length - 5))).toEqual(bytes.subarray(-5))
    }
  }
  expect(absent).toEqual(['west alarm'])
})
