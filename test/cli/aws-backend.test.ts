import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { runCommand } from '../../lib/cli/program.ts'
import { type AwsWorld, awsWorld, webSite } from './aws-world.ts'
import { recordingTerminal } from './recording-terminal.ts'

let world: AwsWorld

beforeEach(async () => {
  world = await awsWorld()
})
afterEach(() => world.remove())

/** A command line just as it is typed. */
async function typed(words: string, env: Record<string, string> = {}) {
  const terminal = recordingTerminal(world.folder, env)
  await runCommand(words.split(' '), terminal, '0.0.0')
  return terminal
}

describe('the back end', () => {
  beforeEach(async () => {
    await world.configure({ sites: [webSite('bj01')] })
    await world.cli('apply', '--yes')
    world.cloudformation.asked.splice(0)
  })

  it.each([
    ['before the command', '--backend aws --stack siterounds sites list', {}],
    ['behind it', 'sites list --backend aws --stack siterounds', {}],
    ['between its words', 'sites --backend=aws list', {}],
    ['in the environment', 'sites list', { SITEROUNDS_BACKEND: 'aws' }],
    ['twice, the option counting', '--backend aws sites list', { SITEROUNDS_BACKEND: 'embedded' }],
  ])('is said %s', async (_, words, env) => {
    const { stdout, stderr, exitCode } = await typed(words, env)
    expect({ stdout, stderr, exitCode }).toEqual({
      stdout: 'site  name\nbj01\n1 site.\n',
      ...{ stderr: '', exitCode: 0 },
    })
    expect(world.cloudformation.asked).toEqual([
      ...['siterounds-data', 'siterounds-site', 'siterounds-pipeline'],
    ])
  })

  it('finds stacks of another prefix, by option and by environment', async () => {
    for (const [name, outputs] of [...world.cloudformation.stacks]) {
      world.cloudformation.stacks.set(name.replace('siterounds', 'north'), outputs)
    }
    expect((await typed('sites list --backend aws --stack north')).exitCode).toBe(0)
    const env = { SITEROUNDS_BACKEND: 'aws', SITEROUNDS_STACK_PREFIX: 'north' }
    expect((await typed('status', env)).exitCode).toBe(0)
    expect(world.cloudformation.asked.every((name) => name.startsWith('north-'))).toBe(true)
    const { stderr, exitCode } = await typed('status --stack south', env)
    expect(exitCode).toBe(2)
    expect(stderr).toMatch(/^There is no stack south-data in eu-central-1\. .*--stack PREFIX/)
  })

  it('works as long as table and archive are there, and says what else is missed', async () => {
    world.cloudformation.stacks.delete('siterounds-site')
    world.cloudformation.stacks.delete('siterounds-pipeline')
    expect((await world.cli('status')).exitCode).toBe(0)
    const report = await world.cli('report')
    expect(report.stderr).toBe(
      'Nothing tells where the report site of this stack is. Deploy the stacks again.\n',
    )
    const backfill = await world.cli('backfill', '--day', '2026-11-10')
    expect(backfill.stderr).toContain('There is no stack siterounds-pipeline')
    expect([report.exitCode, backfill.exitCode]).toEqual([2, 2])
  })

  it('of one machine asks nothing of AWS', async () => {
    await typed('status')
    await typed('check')
    await typed('sites remove bj01 --purge')
    expect(world.cloudformation.asked).toEqual([])
  })
})

describe('wrong use', () => {
  it.each([
    ['--backend azure status', /“azure” is no back end\. Write embedded or aws\./],
    ['--stack north status', /--stack names stacks on AWS\. Write --backend aws as well/],
    ['--backend aws --stack North status', /“North” cannot begin the names of stacks/],
    ['--backend aws --stack ../x status', /cannot begin the names of stacks/],
    ['--backend aws status --config x.yaml', /no file\. Leave out --config;.*apply FILE/],
    ['--backend aws run', /schedules of the stack make the rounds\. .*status/],
    ['--backend aws serve', /CloudFront serves the report site\. .*access link/],
    ['--backend aws init', /for this machine\. .*--backend embedded/],
    ['--backend aws check', /of this machine\. .*apply siterounds\.yaml --dry-run/],
    ['--backend aws probe x', /from this machine.*--backend embedded/],
    ['apply', /a stack on AWS; .*--backend aws/],
    ['sites list', /stand in its configuration\. For a stack write --backend aws/],
    ['sites rollback 3', /keeps no versions.*--backend aws/],
    ['--backend aws backfill', /Say which days/],
    ['--backend aws sites rollback -- -1', /“-1” is no version/],
    ['--backend aws sites history --limit 0', /“0” is no number of versions/],
  ])('siterounds %s is one sentence with a way out', async (words, said) => {
    const { stdout, stderr, exitCode } = await typed(words)
    expect({ stdout, exitCode }).toEqual({ stdout: '', exitCode: 2 })
    expect(stderr).toMatch(said)
    expect(stderr.trimEnd().split('\n')).toHaveLength(1)
    expect(world.cloudformation.asked).toEqual([])
  })

  it('of the environment names the variable', async () => {
    const { stderr } = await typed('status', { SITEROUNDS_BACKEND: 'gcp' })
    expect(stderr).toContain('“gcp” is no back end (SITEROUNDS_BACKEND)')
  })

  it('prints the schema whatever the back end is', async () => {
    expect((await typed('schema --backend aws')).stdout).toContain('siterounds.yaml')
  })
})

describe('a person without access', () => {
  it('gets one sentence, and the command ends with 2', async () => {
    vi.stubEnv('AWS_ACCESS_KEY_ID', undefined)
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', undefined)
    const { stdout, stderr, exitCode } = await world.cli('status')
    expect({ stdout, exitCode }).toEqual({ stdout: '', exitCode: 2 })
    expect(stderr).toMatch(/^There are no credentials for AWS\. Log in .*\n$/)
  })

  it('finds the report site for links without naming the back end', async () => {
    const { stderr, exitCode } = await typed('access show')
    expect(exitCode).toBe(2)
    expect(stderr).toContain('siterounds-site is open to everybody')
    const other = await typed('access show --stack north')
    expect(other.stderr).toContain('There is no stack north-site')
  })
})
