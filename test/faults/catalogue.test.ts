import { describe, expect, it } from 'vitest'
import { type FileText, repositoryFiles } from '../tidy/source.ts'
import { CATALOGUE, WAITING } from './catalogue.ts'
import { DOCUMENT, documentOf } from './document.ts'
import { numberedTitles, numbersIn } from './titles.ts'

const files = repositoryFiles(new URL('../..', import.meta.url).pathname)
const titles = await numberedTitles(files)
const faults = CATALOGUE.flatMap((section) => section.faults)
const numbers = faults.map(({ number }) => number)

describe('the catalogue of faults', () => {
  it('has 76 numbers in order, and a sentence for each', () => {
    expect(numbers).toEqual(numbersIn('F01-F76'))
    for (const { fault, does } of faults) expect([fault, does]).toEqual([endsIn, endsIn])
  })

  it('has tests that carry the number, but for those that wait', () => {
    const tested = new Set(titles.flatMap((one) => one.numbers))
    const untested = numbers.filter((number) => !tested.has(number))
    expect(untested).toEqual(Object.keys(WAITING))
  })

  it('knows every number that a test carries', () => {
    const unknown = titles.filter((one) => one.numbers.some((number) => !numbers.includes(number)))
    expect(unknown).toEqual([])
  })

  it('is what the documents say: npm run docs:faults writes them anew', () => {
    expect(files.find(({ path }) => path === DOCUMENT)?.text).toBe(documentOf(titles))
  })
})

const endsIn = expect.stringMatching(/^[A-Z“].*\.$/)

describe('names of tests', () => {
  const titlesIn = async (text: string, path = 'test/made-up.test.ts') =>
    (await numberedTitles([{ path, text } satisfies FileText])).map(({ title }) => title)

  it('are found in it, test and describe, skipped or not, and in no other file', async () => {
    const text = `
      describe.skipIf(no)('a (F01)', () => { it('b', () => {}), it('g (F02)', () => {}) })
      test.concurrent(\`c \${d} (F03)\`, () => {})
      say('e (F04)')
    `
    expect(await titlesIn(text)).toEqual(['a (F01)', 'a › g (F02)', 'c … (F03)'])
    expect(await titlesIn(text, 'test/made-up.ts')).toEqual([])
  })

  it('are found in tables: written there, named there, or of a fixture', async () => {
    const text = `
      import { LINE_CASES } from '../fixtures/line-cases.ts'
      const ROWS = [['F05 five', 5], ['six', 6]] as const
      it.each(ROWS)('%s is %d', () => {})
      it.each<[string]>([['x'], ['y']])('%s (F07)', () => {})
      describe.each(LINE_CASES)('%s', () => {})
    `
    const found = await titlesIn(text, 'test/made/up.test.ts')
    expect(found.slice(0, 3)).toEqual(['F05 five is 5', 'x (F07)', 'y (F07)'])
    expect(found).toContain('F30-crlf.txt')
  })

  it('may carry several numbers and ranges of them', () => {
    expect(numbersIn('F02, F04-F06 and F04')).toEqual(['F02', 'F04', 'F05', 'F06'])
    expect(numbersIn('F5 F123 xF01 F1')).toEqual([])
  })
})
