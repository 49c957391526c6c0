import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { readFleetSettings } from '../lib/config-fleet.ts'
import { reference } from '../lib/config-problems.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'rounds-fleet-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

function read(yaml: string) {
  const file = join(folder, 'siterounds.yaml')
  writeFileSync(file, yaml)
  return readFleetSettings(file)
}

/** Problems as `line:column message`, shortened. */
function problemsOf(yaml: string): string[] {
  const result = read(yaml)
  if (!('problems' in result)) throw new Error('there are no problems')
  return result.problems.map(({ line, column, message }) => `${line}:${column} ${message}`)
}

// The last is a name that every object knows, and no variable.
const [PASSWORD, USER, ODD] = ['BJ01_PASSWORD', 'SMTP_USER', 'toString'].map(reference)
const SMTP = 'mail: { kind: smtp, from: r@example.org, host: smtp.example.org'
const site = (source: string) => `state: ./var
sites:
  - id: bj01
    timeZone: Asia/Shanghai
    source: ${source}
`

describe('a configuration for a stack', () => {
  it('keeps secrets as references, whatever the environment of this machine holds', () => {
    process.env.BJ01_PASSWORD = 'not to be seen'
    const auth = `auth: { kind: basic, user: rounds, password: "${PASSWORD}" }`
    const login = `auth: { user: "${USER}", password: "${ODD}" }`
    const result = read(
      `${site(`{ kind: http, url: "https://p.example", ${auth} }`)}${SMTP}, ${login} }`,
    )
    delete process.env.BJ01_PASSWORD
    if (!('settings' in result)) throw new Error(JSON.stringify(result.problems))
    const { sites, mail, state } = result.settings
    expect(sites[0]?.source).toMatchObject({
      auth: { user: 'rounds', password: PASSWORD },
    })
    expect(mail).toMatchObject({ auth: { user: USER, password: ODD } })
    expect(state).toBe('')
    expect(JSON.stringify(result)).not.toContain('not to be seen')
  })

  it('takes a header by reference', () => {
    const auth = `auth: { kind: header, name: Authorization, value: "${PASSWORD}" }`
    const result = read(`${site(`{ kind: http, url: "https://p.example", ${auth} }`)}${SMTP} }`)
    expect(result).toHaveProperty('settings.sites.0.source.auth.value', PASSWORD)
  })

  it('cannot have folders, an outbox or files with secrets, each told at its place', () => {
    writeFileSync(join(folder, 'secret'), 'not to be seen')
    const auth = 'auth: { kind: basic, user: { file: ./secret }, password: { file: ./gone } }'
    const yaml = `${site('{ kind: directory, path: ./portals }')}  - id: sh02
    timeZone: Asia/Shanghai
    source: { kind: http, url: "https://p.example", ${auth} }
mail: { kind: outbox, from: r@example.org }
`
    expect(problemsOf(yaml)).toEqual([
      '5:21 a site on AWS cannot be read from a folder',
      '8:80 a secret of a stack cannot come from a file of this machine',
      '8:110 a secret of a stack cannot come from a file of this machine',
      '9:15 on AWS there is no outbox folder into which mails could go',
    ])
    expect(JSON.stringify(read(yaml))).not.toContain('not to be seen')
  })

  it('must say how mail leaves: the usual way is a folder', () => {
    const yaml = site('{ kind: http, url: "https://p.example" }')
    expect(problemsOf(yaml)).toEqual([expect.stringContaining('no outbox folder')])
  })

  it('is checked as on one machine, all at once', () => {
    const auth = 'auth: { kind: basic, user: rounds, password: open }'
    const source = `{ kind: http, url: "ftp://p", ${auth} }`
    const yaml = `${site(source)}colour: 1\nmail: { kind: pigeon }\n`
    const all = problemsOf(yaml).join('\n')
    expect(all).toContain('a secret must not stand in the configuration file')
    expect(all).toContain('`colour` is not a key here')
    expect(all).toContain('5:32 this is not a web address')
    expect(all).toMatch(/7:\d+ /)
    expect(all).not.toContain('outbox folder')
    expect(problemsOf('- 1\n')).toEqual([expect.stringContaining('must begin with keys')])
    expect(problemsOf('sites: 3\nmail: 4\n').length).toBeGreaterThan(1)
  })
})
