import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { newestVersion, readVersion } from '../../lib/store/settings-versions.ts'
import { type AwsWorld, awsWorld, passwordOf, SITE_SECRET, webSite } from './aws-world.ts'

let world: AwsWorld

beforeEach(async () => {
  world = await awsWorld()
})
afterEach(() => world.remove())

const ids = async () => (await world.settings()).sites.map(({ id }) => id)
const newest = () => newestVersion(world.ports.table)

/** Puts passwords into the secret of the stack. */
function putSecrets(values: Record<string, string>): void {
  const version = { text: JSON.stringify(values), labels: new Set(['AWSCURRENT']) }
  world.secrets.secrets.set(SITE_SECRET, new Map([['first', version]]))
}

interface Applied {
  version: number
  written: boolean
  changes: { added: object[]; removed: object[]; changed: object[]; common: object[] }
  missingSecrets: string[]
}

describe('apply', () => {
  it('writes the first settings, with references in place of secrets', async () => {
    await world.configure({ sites: [webSite('sh02'), webSite('bj01', { name: '北京一局' })] })
    const { stdout, stderr, exitCode } = await world.cli('apply', '--yes', '--note', 'first')
    expect(exitCode).toBe(0)
    expect(stdout).toBe(
      'Added\n  + bj01  北京一局\n  + sh02\n\n2 sites added.\n' +
        'Version 1 counts from the next round on (2 sites).\n',
    )
    expect(stderr.replace(/\s+/g, ' ')).toContain(
      'lacks SH02_PASSWORD (sh02), BJ01_PASSWORD (bj01). What needs them fails until',
    )
    const { sites, state } = await world.settings()
    expect(sites[0]).toMatchObject({
      ...{ id: 'bj01', name: '北京一局' },
      source: { auth: { user: 'rounds', password: `\${${passwordOf('bj01')}}` } },
    })
    expect(state).toBe('')
    const { by, note, atMs } = await readVersion(world.ports.table, 1)
    expect({ by, note }).toEqual({ by: 'ops', note: 'first' })
    expect(atMs).toBeGreaterThan(Date.parse('2026-01-01'))
  })

  it('shows each key that differs, and writes nothing when none does', async () => {
    putSecrets({ BJ01_PASSWORD: 'x', SH02_PASSWORD: 'x', GZ03_PASSWORD: 'x' })
    await world.configure({ sites: [webSite('bj01'), webSite('sh02')] })
    await world.cli('apply', '--yes')
    const again = await world.cli('apply', '--yes')
    expect(again).toMatchObject({
      ...{ stdout: 'Nothing is different: version 1 stands.\n', stderr: '', exitCode: 0 },
    })
    const long = Array.from({ length: 30 }, (_, n) => `officer-${n}@example.org`)
    const known = long.slice(0, 8)
    await world.configure({ sites: [webSite('bj01', { recipients: known }), webSite('sh02')] })
    await world.cli('apply', '--yes')
    await world.configure(
      {
        sites: [webSite('bj01', { recipients: long.slice(1), units: 'MiB' }), webSite('gz03')],
        thresholds: { cpuPercent: 90 },
      },
      'other.yaml',
    )
    const { stdout } = await world.cli('apply', 'other.yaml', '--yes')
    expect(stdout).toBe(
      [
        ...['Added', '  + gz03', '', 'Removed', '  - sh02', '', 'Changed', '  ~ bj01'],
        ...['      units: "bytes" -> "MiB"', '      recipients:'],
        '        - "officer-0@example.org"',
        ...long.slice(8, 28).map((one) => `        + "${one}"`),
        '        + and 2 more',
        ...['', 'For all sites', '      thresholds.cpuPercent: 85 -> 90', ''],
        '1 site added, 1 removed, 1 changed, 1 setting of all sites changed.',
        'Version 3 counts from the next round on (2 sites).\n',
      ].join('\n'),
    )
  })

  it('with --dry-run, in a pipe, and after a “no” writes nothing', async () => {
    await world.configure({ sites: [webSite('bj01')] })
    const dry = await world.cli('apply', '--dry-run')
    expect(dry.stdout).toMatch(/1 site added\.\nNothing was written \(--dry-run\)\.\n$/)
    expect(dry.exitCode).toBe(0)
    const piped = await world.cli('apply')
    expect(piped.stderr).toMatch(/nobody to ask: this is no terminal\. Give --yes/)
    expect(piped.exitCode).toBe(2)
    for (const answer of ['n', '', 'yess', 'j']) {
      const asked = await world.answering(answer, 'apply')
      expect(asked.asked).toEqual(['Shall this count from now on? [y/N] '])
      expect(asked.stdout).toMatch(/Nothing was changed\.\n$/)
      expect(asked.exitCode).toBe(0)
    }
    const json = await world.answering('y', 'apply', '--json')
    expect(json).toMatchObject({ asked: [], stdout: '', exitCode: 2 })
    expect(await newest()).toBe(0)
    expect((await world.answering('Y', 'apply')).stdout).toContain('Version 1 counts')
  })

  it('refuses when somebody else applies while the differences are looked at', async () => {
    await world.configure({ sites: [webSite('bj01')] })
    await world.configure({ sites: [webSite('sh02')] }, 'other.yaml')
    const terminal = await world.answering('y', 'sites', 'list')
    terminal.ask = async () => {
      await world.cli('apply', 'other.yaml', '--yes')
      return 'y'
    }
    const { runCommand } = await import('../../lib/cli/program.ts')
    await runCommand(['--backend', 'aws', 'apply'], terminal, '0.0.0')
    expect(terminal.exitCode).toBe(2)
    expect(terminal.stderr).toMatch(/Somebody else has applied settings meanwhile\. Look at/)
    expect(await ids()).toEqual(['sh02'])
  })

  it('of many at once counts those that were told so, and no other', async () => {
    const names = ['a', 'b', 'c', 'd', 'e']
    for (const id of names) await world.configure({ sites: [webSite(id)] }, `${id}.yaml`)
    const all = await Promise.all(names.map((id) => world.cli('apply', `${id}.yaml`, '--yes')))
    const told = all.flatMap(({ stdout }) => /Version (\d+) counts/.exec(stdout)?.[1] ?? [])
    const history = await world.json<{ version: number }[]>('sites', 'history')
    expect(history.map(({ version }) => String(version)).sort()).toEqual(told.sort())
    expect(told.length).toBeGreaterThan(0)
    const won = all.findIndex(({ stdout }) => stdout.includes(`Version ${history[0]!.version} `))
    expect(await ids()).toEqual([names[won]])
    const lost = all.filter(({ exitCode }) => exitCode === 2)
    expect(lost.length + told.length).toBe(names.length)
    for (const { stderr } of lost) expect(stderr).toContain('Somebody else has applied')
  })

  it('tells problems of the file as check does, under the name that was given', async () => {
    const directory = { kind: 'directory', path: './x' }
    await world.configure({ sites: [webSite('bj01', { source: directory, colour: 1 })] })
    const { stdout, stderr, exitCode } = await world.cli('apply', './siterounds.yaml', '--yes')
    expect({ stdout, exitCode }).toEqual({ stdout: '', exitCode: 2 })
    const lines = stderr.trimEnd().split('\n')
    expect(lines).toHaveLength(2)
    expect(lines.every((line) => /^\.\/siterounds\.yaml:\d+:\d+: .* — /.test(line))).toBe(true)
    expect(stderr).toContain('cannot be read from a folder')
    expect((await world.cli('apply', 'none.yaml')).stderr).toMatch(/^none\.yaml:1:1: there is no/)
    expect(world.cloudformation.asked).toEqual([])
  })
})

describe('what settings refer to', () => {
  it('puts the alarm dictionary into the archive under its digest', async () => {
    const csv = (severity: string) => `alarm_name,severity,text_en\nCPU,${severity},Processor\n`
    await writeFile(join(world.folder, 'alarms.csv'), csv('major'))
    await world.configure({ sites: [webSite('bj01')], alarmDictionary: './alarms.csv' })
    await world.cli('apply', '--dry-run')
    expect(await world.ports.archive.list('')).toEqual([])
    await world.cli('apply', '--yes')
    const { alarmDictionary: first } = await world.settings()
    expect(first).toMatch(/^dictionary\/[0-9a-f]{64}\.csv$/)
    const stored = await world.ports.archive.get(first!)
    expect(Buffer.from(stored!).toString()).toBe(csv('major'))
    expect((await world.cli('apply', '--yes')).stdout).toContain('Nothing is different')

    await writeFile(join(world.folder, 'alarms.csv'), csv('minor'))
    const changed = await world.json<Applied>('apply', '--yes')
    expect(changed.changes.common).toEqual([
      { key: 'alarmDictionary', from: first, to: (await world.settings()).alarmDictionary },
    ])
    expect(await world.ports.archive.list('dictionary/')).toHaveLength(2)

    await writeFile(join(world.folder, 'alarms.csv'), 'alarm_name\nCPU\n')
    const broken = await world.cli('apply', '--yes')
    expect(broken.exitCode).toBe(2)
    expect(broken.stderr).toContain('header')
    expect(await newest()).toBe(2)
  })

  it('warns of passwords that the secret lacks, and tells none', async () => {
    putSecrets({ BJ01_PASSWORD: 'open sesame', SH02_PASSWORD: '' })
    await world.configure({ sites: ['bj01', 'sh02', 'gz03'].map((id) => webSite(id)) })
    const applied = await world.json<Applied>('apply', '--yes')
    expect(applied).toMatchObject({
      ...{ version: 1, written: true },
      missingSecrets: ['GZ03_PASSWORD', 'SH02_PASSWORD'],
    })
    putSecrets({ BJ01_PASSWORD: 'x', SH02_PASSWORD: 'x', GZ03_PASSWORD: 'x' })
    const whole = await world.json<Applied>('apply', '--yes')
    expect(whole).toMatchObject({ written: false, missingSecrets: [] })
    world.secrets.secrets.clear()
    const { stderr, exitCode } = await world.cli('apply', '--yes')
    expect(exitCode).toBe(0)
    expect(stderr.replace(/\s+/g, ' ')).toContain('Whether every password is there is not known:')
  })

  it('warns when mail is to leave by SES and the stack cannot send', async () => {
    const mail = { kind: 'ses', from: 'rounds@example.org' }
    putSecrets({ BJ01_PASSWORD: 'x' })
    await world.configure({ sites: [webSite('bj01')], mail })
    const warned = await world.cli('apply', '--dry-run')
    expect(warned.stderr).toContain('deployed without mailDomain')
    const pipeline = world.cloudformation.stacks.get('siterounds-pipeline')!
    world.cloudformation.stacks.set('siterounds-pipeline', { ...pipeline, ConfigurationSet: 'c' })
    expect((await world.cli('apply', '--dry-run')).stderr).toBe('')
  })
})

describe('a thousand sites', () => {
  const fleet = (from: number, to: number, more: object = {}) =>
    Array.from({ length: to - from }, (_, n) => {
      return webSite(`site-${String(from + n).padStart(4, '0')}`, more)
    })

  it('are counted, twenty of each kind shown, and all are written', async () => {
    await world.configure({ sites: fleet(0, 1_000) })
    const first = await world.cli('apply', '--yes')
    expect(first.stdout).toMatch(/ {2}\+ site-0019\n {4}and 980 more\n\n1,000 sites added\.\n/)
    expect(first.stdout).not.toContain('site-0020')
    const secrets = first.stderr.replace(/\s+/g, ' ')
    expect(secrets).toContain('lacks SITE_0000_PASSWORD (site-0000), ')
    expect(secrets).toContain('SITE_0004_PASSWORD (site-0004) and 995 more.')
    await world.configure({ sites: fleet(100, 1_200, { recipients: ['o@example.org'] }) })
    const second = await world.cli('apply', '--yes')
    expect(second.stdout).toContain('200 sites added, 100 removed, 900 changed.')
    expect(second.stdout.split('\n').length).toBeLessThan(100)
    const json = await world.json<{ changes: Applied['changes'] }>('sites', 'diff')
    const { added, removed, changed } = json.changes
    expect([added, removed, changed].map(({ length }) => length)).toEqual([200, 100, 900])
    expect(await ids()).toHaveLength(1_100)
  })
})
