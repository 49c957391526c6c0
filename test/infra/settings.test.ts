import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { readInfraSettings, SETTING_NAMES } from '../../infra/settings.ts'

/** What a construct's node answers for these settings, given on the command line or in cdk.json. */
function nodeWith(given: Record<string, unknown>, kept?: Record<string, unknown>) {
  const context: Record<string, unknown> = { ...given, ...(kept && { siterounds: kept }) }
  return { tryGetContext: (key: string) => context[key], getAllContext: () => context }
}

/** What is said about these settings, one fault an entry. */
function faults(given: Record<string, unknown>, region?: string): string[] {
  try {
    readInfraSettings(nodeWith(given), region)
    return []
  } catch (thrown) {
    const [, told = ''] =
      /^Wrong settings of the deployment: (.*)\. Give/.exec(String(thrown).slice(7)) ?? []
    return told.split('; ')
  }
}

const BEIJING = 'cn-north-1'

describe('the settings of a deployment', () => {
  it('have defaults that close the report site and make no mail', () => {
    const settings = readInfraSettings(nodeWith({}))
    expect(settings).toMatchObject({ prefix: 'siterounds', everyMinutes: 5, access: 'closed' })
    expect(settings.mailDomain).toBeUndefined()
    expect(settings.vpcId).toBeUndefined()
  })

  it('come from the command line as texts, and from cdk.json with their types', () => {
    const given = { everyMinutes: '15', privateSubnetIds: 'subnet-0a1b2c3d, subnet-0e1f2a3b' }
    const kept = { everyMinutes: 30, logDays: 90, vpcId: 'vpc-0a1b2c3d' }
    expect(readInfraSettings(nodeWith(given, kept))).toMatchObject({
      everyMinutes: 15,
      logDays: 90,
      privateSubnetIds: ['subnet-0a1b2c3d', 'subnet-0e1f2a3b'],
    })
    const list = { vpcId: 'vpc-0a1b2c3d', privateSubnetIds: ['subnet-0a1b2c3d'] }
    expect(readInfraSettings(nodeWith({}, list)).privateSubnetIds).toEqual(['subnet-0a1b2c3d'])
  })

  it('are told all at once when they are wrong, each with what to write', () => {
    const kept = { everyMinutse: 5, access: 'open', logDays: 31, roundsAtOnce: 1 }
    const read = () => readInfraSettings(nodeWith({ timeZone: 'Mars/Olympus' }, kept))
    expect(read).toThrow('there is no setting everyMinutse')
    expect(read).toThrow('access is one of closed, public, not “open”')
    expect(read).toThrow('logDays is one of 1, 3, 5')
    expect(read).toThrow('roundsAtOnce is a whole number from 2 to 1000, not “1”')
    expect(read).toThrow('timeZone is a time zone such as Asia/Shanghai')
    expect(read).toThrow('under context.siterounds in cdk.json')
  })

  it.each([
    ['mailDomian', 'there is no setting mailDomian (did you mean mailDomain?)'],
    ['maildomain', 'there is no setting maildomain (did you mean mailDomain?)'],
    ['siterounds.operatorMail', 'no setting siterounds.operatorMail (did you mean operatorMail?)'],
    ['every-minutes', 'there is no setting every-minutes (did you mean everyMinutes?)'],
    ['acces', 'there is no setting acces (did you mean access?)'],
    ['vpc', 'there is no setting vpc (did you mean vpcId?)'],
    ['colour', 'there is no setting colour'],
  ])('are not %s, on the command line or in cdk.json', (key, told) => {
    expect(faults({ [key]: 'x' })).toEqual([expect.stringContaining(told)])
    const kept = () => readInfraSettings(nodeWith({}, { [key]: 'x' }))
    expect(kept).toThrow(told)
  })

  it('leave alone what the CDK itself keeps there, flags and what it looked up', () => {
    const file = new URL('../../cdk.json', import.meta.url)
    const { context } = JSON.parse(readFileSync(file, 'utf8'))
    const looked = {
      'aws:cdk:bundling-stacks': ['**'],
      'aws-cdk:enableDiffNoFail': true,
      'availability-zones:account=111122223333:region=eu-central-1': ['eu-central-1a'],
      'vpc-provider:account=111122223333:filter.vpc-id=vpc-0a1b2c3d:region=eu-central-1': {},
      'acknowledged-issue-numbers': [38113],
      'cdk-migrate': false,
    }
    expect(Object.keys(context).length).toBeGreaterThan(50)
    expect(faults({ ...context, ...looked })).toEqual([])
  })

  it.each([
    ['everyMinutes', '7'],
    ['everyMinutes', '90'],
    ['everyMinutes', '2880'],
    ['everyMinutes', '5.5'],
    ['sitesPerMessage', '0'],
    ['prefix', 'Fleet'],
    ['prefix', '1st'],
    ['operatorMail', 'nobody'],
    ['mailDomain', 'https://example.org'],
    ['timeZone', '+08:00'],
    ['certificateArn', 'arn:aws:acm:eu-central-1:111122223333:certificate/0a1b'],
    ['priceClass', '300'],
    ['alarms', ''],
  ])('%s is not “%s”', (key, value) => {
    expect(faults({ [key]: value })[0]).toMatch(new RegExp(`^${key} is `))
  })

  it('go together where one is nothing without the other', () => {
    expect(faults({ domain: 'rounds.example.org' })).toEqual([
      'domain and certificateArn go together',
    ])
    expect(faults({ vpcId: 'vpc-0a1b2c3d' })).toEqual(['vpcId and privateSubnetIds go together'])
    const mail = { mailDomain: 'example.org', mailFromDomain: 'bounce.example.com' }
    expect(faults(mail)).toEqual(['mailFromDomain is a name below mailDomain'])
    expect(faults({ mailFromDomain: 'bounce.example.org' })).toHaveLength(1)
  })

  it('know what there is not in China', () => {
    const certificateId = 'ASCA0123456789ABCDEF'
    const own = { access: 'public', domain: 'rounds.example.cn', certificateId }
    expect(faults(own, BEIJING)).toEqual([])
    expect(faults({}, BEIJING)).toEqual([
      'in China CloudFront serves own names only: give domain',
      'in China CloudFront has no functions that could ask for links: write access=public',
    ])
    expect(faults({ ...own, mailDomain: 'example.cn' }, BEIJING)).toEqual([
      'in China there is no SES: leave out mailDomain',
    ])
    expect(faults(own, 'eu-central-1')).toContain('certificateId is for regions of China')
  })
})

describe('infra/README.md', () => {
  const text = readFileSync(new URL('../../infra/README.md', import.meta.url), 'utf8')
  const [, section = ''] = text.split('| setting | default | meaning |')
  const [table = ''] = section.split('\n\n')
  const rows = [...table.matchAll(/^\| `(\w+)` \| ([^|]*) \|/gm)]

  it('has nobody give settings that the next deployment would not know of', () => {
    const commands = [...text.matchAll(/^npx cdk .*$/gm)].map(([line]) => line)
    expect(commands).toContain('npx cdk deploy --all')
    expect(commands.filter((line) => / (-c|--context)\b/.test(line))).toEqual([])
    const [, written = ''] = /^"siterounds": (\{.*\}),?$/m.exec(text) ?? []
    const settings = readInfraSettings(nodeWith({}, JSON.parse(written)))
    expect(settings).toMatchObject({ mailDomain: 'example.org', operatorMail: expect.anything() })
  })

  it('lists every setting, and no other', () => {
    expect(rows.map(([, name]) => name).sort()).toEqual([...SETTING_NAMES].sort())
  })

  it('says their defaults', () => {
    const settings = readInfraSettings(nodeWith({})) as unknown as Record<string, unknown>
    const told = Object.fromEntries(rows.map(([, name, standard]) => [name, standard!.trim()]))
    const expected = SETTING_NAMES.map((name) => [
      name,
      settings[name] === undefined ? '' : `\`${settings[name]}\``,
    ])
    expect(told).toEqual(Object.fromEntries(expected))
  })
})
