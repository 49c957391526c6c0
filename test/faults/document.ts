import { CATALOGUE, type Fault, WAITING } from './catalogue.ts'
import type { NumberedTitle } from './titles.ts'

/** Where the list of faults stands. */
export const DOCUMENT = 'docs/faults.md'

const HEAD = `# What goes wrong, and what Siterounds does

Every fault that is known to lose, double or garble the lines of collected files, what Siterounds
does about it, and the tests that prove it. A test carries the numbers of its faults in its name:
\`npx vitest run -t F24\` runs those of one. This page is written by \`npm run docs:faults\`, from
\`test/faults/catalogue.ts\` and the names of the tests.
`

/** The list of faults as Markdown. */
export function documentOf(titles: readonly NumberedTitle[]): string {
  const sections = CATALOGUE.map(({ title, faults }) => {
    return `## ${title}\n\n${faults.map((fault) => faultText(fault, titles)).join('\n')}`
  })
  return [HEAD, ...sections].join('\n')
}

function faultText({ number, fault, does }: Fault, titles: readonly NumberedTitle[]): string {
  const own = titles.filter(({ numbers }) => numbers.includes(number))
  const tests = own.map(({ path, title }) => `- \`${path}\`: ${shown(title)}`)
  const waiting = WAITING[number] && `- waits for its tests: ${WAITING[number]}`
  return [`### ${number} ${fault}`, '', does, '', ...tests, ...(waiting ? [waiting] : []), ''].join(
    '\n',
  )
}

/** A title as plain text in Markdown: signs that would mean something there are escaped. */
function shown(title: string): string {
  return title.replaceAll(/[\\`*_<>[\]#|]/g, '\\$&').replaceAll(/\s+/g, ' ')
}
