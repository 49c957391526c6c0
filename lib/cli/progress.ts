import { Listr } from 'listr2'
import type { Terminal } from './terminal.ts'

/** Tells how far long work is. */
export type Tell = (done: number, of: number) => void

/** In a pipe, a line is written after each such share of the work. */
const SHARE = 0.1

/**
 * Runs long work and shows how far it is: a moving line on a terminal, plain lines in a pipe (one
 * at each tenth), nothing when `quiet`.
 */
export async function withProgress<T>(
  terminal: Terminal,
  title: string,
  quiet: boolean,
  work: (tell: Tell) => Promise<T>,
): Promise<T> {
  if (quiet) return work(() => {})
  if (!terminal.interactive) return work(plainLines(terminal, title))
  let result: T | undefined
  const task = {
    title,
    task: async (_: unknown, line: { title: string }) => {
      result = await work((done, of) => {
        line.title = `${title} ${done}/${of}`
      })
    },
  }
  await new Listr([task], { renderer: 'default', rendererOptions: { clearOutput: true } }).run()
  return result as T
}

function plainLines(terminal: Terminal, title: string): Tell {
  let told = 0
  return (done, of) => {
    if (of <= 1 || (done < of && (done - told) / of < SHARE)) return
    told = done
    terminal.err(`${title} ${done}/${of}\n`)
  }
}
