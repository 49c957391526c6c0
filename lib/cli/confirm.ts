import { RoundsError } from '../errors.ts'
import type { Terminal } from './terminal.ts'

/**
 * Whether somebody said yes: with `--yes`, or now, on the terminal. Where nobody can be asked, this
 * is wrong use.
 */
export async function confirmed(
  question: string,
  { yes, json }: { yes?: boolean; json?: boolean },
  terminal: Terminal,
): Promise<boolean> {
  if (yes) return true
  if (json || !terminal.ask) {
    throw new RoundsError(
      'usage',
      'stop',
      json ? 'With --json nobody is asked.' : 'There is nobody to ask: this is no terminal.',
      'Give --yes to do it all the same; nothing was changed.',
    )
  }
  const answer = await terminal.ask(`${question} [y/N] `)
  if (/^y(es)?$/i.test(answer.trim())) return true
  terminal.out('Nothing was changed.\n')
  return false
}

/** Asks on the terminal of this process; an end of the input or Ctrl-C is an empty answer. */
export async function askHere(question: string): Promise<string> {
  const { createInterface } = await import('node:readline')
  const lines = createInterface({ input: process.stdin, output: process.stderr })
  return new Promise((resolve) => {
    lines.once('close', () => resolve(''))
    lines.once('SIGINT', () => {
      process.stderr.write('\n')
      lines.close()
    })
    lines.question(question, (answer) => {
      resolve(answer)
      lines.close()
    })
  })
}
