import { describe, expect, it } from 'vitest'
import { BREACHES, FINE } from './tidy/breaches.ts'
import { CODE_RULES } from './tidy/code.ts'
import { IMPORT_RULES } from './tidy/imports.ts'
import { type FileText, type Finding, repositoryFiles } from './tidy/source.ts'
import { TEXT_RULES } from './tidy/texts.ts'

const RULES = [...IMPORT_RULES, ...CODE_RULES, ...TEXT_RULES]

const files = repositoryFiles(new URL('..', import.meta.url).pathname)

/** One line a finding: where, and what to do. */
function told(findings: Finding[]): string {
  return findings.map(({ path, line, what }) => `${path}:${line} ${what}`).join('\n')
}

/** Made-up files, as `repositoryFiles` gives them. */
function madeUp(sample: Record<string, string>): FileText[] {
  return Object.entries(sample).map(([path, text]) => ({ path, text }))
}

describe('this repository', () => {
  it('is read', () => {
    expect(files.map((file) => file.path)).toContain('lib/time.ts')
  })

  for (const rule of RULES) {
    it(rule.name, () => {
      expect(told(rule.find(files))).toBe('')
    })
  }
})

describe('each rule reports a breach of it', () => {
  it('has a breach and a name of its own for every rule', () => {
    expect(RULES.map((rule) => rule.name)).toEqual([...new Set(RULES.map((rule) => rule.name))])
    expect(Object.keys(BREACHES).sort()).toEqual(RULES.map((rule) => rule.name).sort())
  })

  for (const rule of RULES) {
    for (const [index, breach] of (BREACHES[rule.name] ?? []).entries()) {
      it(`${rule.name}: ${breach.at} (breach ${index + 1})`, () => {
        const places = rule.find(madeUp(breach.files)).map(({ path, line }) => `${path}:${line}`)
        expect(places).toEqual([breach.at])
      })
    }
  }
})

describe('no rule reports what is fine', () => {
  for (const rule of RULES) {
    it(rule.name, () => {
      expect(told(rule.find(madeUp(FINE)))).toBe('')
    })
  }
})
