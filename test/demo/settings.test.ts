import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { ALARM_DICTIONARY_PATH } from '../../demo/alarm-kinds.ts'
import { demoSettings } from '../../demo/settings.ts'
import { readSettings } from '../../lib/config.ts'
import type { Settings } from '../../lib/site.ts'

async function load(): Promise<{ folder: string; settings: Settings }> {
  const folder = await mkdtemp(join(tmpdir(), 'demo "settings" '))
  onTestFinished(() => rm(folder, { recursive: true }))
  const file = join(folder, 'siterounds.yaml')
  await writeFile(file, demoSettings(folder, 'http://127.0.0.1:4444', 8181, 'Asia/Tokyo'))
  const read = readSettings(file, {})
  if ('problems' in read) throw new Error(JSON.stringify(read.problems, null, 2))
  return { folder, settings: read.settings }
}

test('the ordinary loader takes it: three sites at the portal, and this machine', async () => {
  const { folder, settings } = await load()
  const [east, south, west, machine] = settings.sites
  expect(settings.sites.map((site) => site.id)).toEqual(['east', 'south', 'west', 'this-machine'])
  expect(east).toMatchObject({ name: '东城局', units: 'bytes', serviceCountsOf: 'fileDay' })
  expect(south).toMatchObject({
    name: '南湾局',
    timeZone: 'Asia/Shanghai',
    language: 'zh-CN',
    source: { kind: 'http', allowAddresses: ['127.0.0.0/8'] },
    siteIds: ['south'],
    units: 'KiB',
    onRewrite: 'merge',
    recipients: ['ops@example.com'],
  })
  expect(west).toMatchObject({ timeZone: 'Europe/Berlin', serviceCountsOf: 'dayBefore' })
  expect(Object.keys(west!.feeds)).toEqual(['system', 'alarm', 'service'])
  expect(machine).toMatchObject({
    timeZone: 'Asia/Tokyo',
    source: { kind: 'directory', path: join(folder, 'portals/this-machine') },
  })
  expect(Object.keys(machine!.feeds)).toEqual(['system', 'alarm'])
})

test('state, outbox, dictionary and port', async () => {
  const { folder, settings } = await load()
  expect(settings).toMatchObject({
    state: folder,
    alarmDictionary: ALARM_DICTIONARY_PATH,
    mail: { kind: 'outbox', from: 'siterounds@example.com' },
    serve: { port: 8181 },
  })
})
