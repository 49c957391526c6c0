import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { reference } from '../../lib/config-problems.ts'
import { newestVersion, writeVersion } from '../../lib/store/settings-versions.ts'
import { type AwsWorld, awsWorld, webSite } from './aws-world.ts'

let world: AwsWorld

beforeEach(async () => {
  world = await awsWorld()
})
afterEach(() => world.remove())

async function apply(sites: object[], ...words: string[]): Promise<void> {
  await world.configure({ sites })
  const { stderr, exitCode } = await world.cli('apply', '--yes', ...words)
  if (exitCode !== 0) throw new Error(stderr)
}

const ids = async () => (await world.settings()).sites.map(({ id }) => id)

describe('before any settings were applied', () => {
  it.each([['list'], ['show bj01'], ['diff'], ['rollback 1 --yes'], ['remove bj01 --yes']])(
    'sites %s says so',
    async (words) => {
      const { stdout, stderr, exitCode } = await world.cli('sites', ...words.split(' '))
      expect({ stdout, exitCode }).toEqual({ stdout: '', exitCode: 2 })
      expect(stderr).toMatch(/No settings were applied|no version 1|no site “bj01”/)
    },
  )

  it('the history is empty', async () => {
    const { stdout, exitCode } = await world.cli('sites', 'history')
    expect({ stdout, exitCode }).toEqual({ stdout: 'No settings were applied yet.\n', exitCode: 0 })
    expect(await world.json('sites', 'history')).toEqual([])
  })
})

describe('the sites of a fleet', () => {
  beforeEach(() => apply([webSite('sh02', { name: 'Pudong' }), webSite('bj01')], '--note', 'two'))

  it('are listed by their ids', async () => {
    const { stdout } = await world.cli('sites', 'list')
    expect(stdout).toBe('site  name\nbj01\nsh02  Pudong\n2 sites.\n')
    expect(await world.json('sites', 'list')).toEqual([
      { id: 'bj01', name: 'bj01' },
      { id: 'sh02', name: 'Pudong' },
    ])
  })

  it('are shown as the configuration would have them, references with them', async () => {
    const { stdout } = await world.cli('sites', 'show', 'sh02')
    expect(stdout).toContain('  - id: "sh02"\n    name: "Pudong"\n')
    expect(stdout).toContain(`password: "${reference('SH02_PASSWORD')}" }`)
    const site = await world.json<object>('sites', 'show', 'sh02')
    expect(site).toMatchObject({ id: 'sh02', source: { url: 'https://portal.example/sh02' } })
    // What is shown can be applied again, and is the same.
    await world.cli('sites', 'remove', 'bj01', '--yes')
    const { parse } = await import('yaml')
    await world.configure({ sites: parse(stdout) })
    const again = await world.cli('apply', '--yes')
    expect(again.stdout).toMatch(/^Nothing is different/)
  })

  it('that are not there are told, with how to find those that are', async () => {
    for (const command of ['show', 'remove']) {
      const { stderr, exitCode } = await world.cli('sites', command, 'zz', '--yes')
      if (command === 'show') expect(stderr).toContain('unknown option')
      else expect(stderr).toMatch(/There is no site “zz”.*sites list names those/)
      expect(exitCode).toBe(2)
    }
    const { stderr } = await world.cli('sites', 'show', 'zz')
    expect(stderr).toMatch(/There is no site “zz”.*sites list names those/)
  })

  it('have a history, newest first, and differences between any two of it', async () => {
    await apply([webSite('bj01', { name: 'Haidian' })])
    await apply([webSite('bj01', { name: 'Haidian' }), webSite('gz03')], '--note', '广州')
    const { stdout } = await world.cli('sites', 'history')
    expect(stdout.replace(/\d{4}-\d\d-\d\d \d\d:\d\d/g, 'DAY TIME')).toBe(
      [
        'version  when (UTC)  by   sites  note',
        '      3  DAY TIME    ops      2  广州',
        '      2  DAY TIME    ops      1',
        '      1  DAY TIME    ops      2  two\n',
      ]
        .join('\n')
        .replaceAll('DAY TIME  ', 'DAY TIME')
        .replace('when (UTC)  ', 'when (UTC)        '),
    )
    expect(await world.json('sites', 'history', '--limit', '1')).toEqual([
      expect.objectContaining({ version: 3, by: 'ops', note: '广州', sites: 2 }),
    ])
    expect((await world.cli('sites', 'diff')).stdout).toBe(
      'Version 2 to 3: 1 site added.\n\nAdded\n  + gz03\n',
    )
    expect((await world.cli('sites', 'diff', '1')).stdout).toMatch(
      /^Version 1 to 3: 1 site added, 1 removed, 1 changed\.\n/,
    )
    expect((await world.cli('sites', 'diff', '2', '1')).stdout).toContain('Haidian" -> "bj01"')
    expect((await world.cli('sites', 'diff', '2', '2')).stdout).toBe(
      'Version 2 to 2: nothing is different.\n',
    )
    expect((await world.cli('sites', 'diff', '1', '9')).stderr).toContain('no version 9')
  })

  it('go back to an older version as a new one, after a question', async () => {
    await apply([webSite('bj01')])
    const no = await world.answering('n', 'sites', 'rollback', '1')
    expect(no.stdout).toContain('Added\n  + sh02  Pudong\n')
    expect(no.asked).toHaveLength(1)
    expect(await ids()).toEqual(['bj01'])
    const json = await world.json('sites', 'rollback', '1', '--yes')
    expect(json).toMatchObject({ version: 3, written: true, changes: { added: [{ id: 'sh02' }] } })
    expect(await ids()).toEqual(['bj01', 'sh02'])
    expect(await world.json('sites', 'history', '--limit', '1')).toMatchObject([
      { version: 3, note: 'rollback to version 1' },
    ])
    const same = await world.cli('sites', 'rollback', '3', '--yes')
    expect(same.stdout).toBe('Nothing is different: version 3 stands.\n')
    const none = await world.cli('sites', 'rollback', '7', '--yes')
    expect(none.stderr).toContain('There is no version 7')
  })

  it('leave one by one, and what is kept of them is not touched', async () => {
    const { stdout } = await world.cli('sites', 'remove', 'sh02', '--yes', '--note', 'closed')
    expect(stdout).toContain('Removed\n  - sh02  Pudong\n')
    expect(await ids()).toEqual(['bj01'])
    const [newest] = await world.json<object[]>('sites', 'history')
    expect(newest).toMatchObject({ version: 2, note: 'closed', sites: 1 })
    const again = await world.cli('sites', 'remove', 'sh02', '--yes')
    expect(again.exitCode).toBe(2)
    const purged = await world.json('sites', 'remove', 'sh02', '--purge', '--yes')
    expect(purged).toEqual({ purged: expect.objectContaining({ items: 0, failures: [] }) })
    expect(await newestVersion(world.ports.table)).toBe(2)
  })
})

describe('texts that somebody put into the table', () => {
  it('cannot reach the terminal as anything but text', async () => {
    const evil = '\u001b[2J\u001b]0;x\u0007\r\n\u202egnp.exe'
    await apply([webSite('bj01')])
    const { sites, ...rest } = await world.settings()
    const site = { ...sites[0]!, name: evil, recipients: [evil, ...Array(40).fill(evil)] }
    const facts = { atMs: 0, by: evil, note: evil, after: 1 }
    await writeVersion(world.ports.table, { ...rest, sites: [site] }, facts)
    const all = [
      await world.cli('sites', 'list'),
      await world.cli('sites', 'show', 'bj01'),
      await world.cli('sites', 'history'),
      await world.cli('sites', 'diff'),
      await world.cli('sites', 'rollback', '1', '--dry-run'),
      await world.cli('sites', 'remove', 'bj01', '--dry-run'),
      await world.cli('mail', 'bounces'),
    ]
    for (const { stdout, stderr } of all) {
      // biome-ignore lint/suspicious/noControlCharactersInRegex: these must not come through.
      expect(stdout + stderr).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/)
    }
  })

  it('and ids from the command line neither', async () => {
    await apply([webSite('bj01')])
    for (const words of [['show'], ['remove'], ['remove', '--purge', '--yes']]) {
      const id = '../\u001b[2J'
      const { stdout, stderr, exitCode } = await world.cli('sites', ...words, id)
      expect(exitCode).toBe(2)
      expect(stdout + stderr).not.toContain('\u001b')
    }
    for (const id of ['en', 'zh', '..', 'assets', 'status.json']) {
      const { stderr, exitCode } = await world.cli('sites', 'remove', id, '--purge', '--yes')
      expect(exitCode).toBe(2)
      expect(stderr).toMatch(/cannot be a site's id/)
    }
  })
})
