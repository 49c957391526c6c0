import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { reasonIn } from './reason.ts'

/** An engine that serves on loopback. */
export interface Started {
  url: string
  /** Ends it and waits until it is gone. */
  stop(): Promise<void>
}

/** Until an engine prints where it listens, in milliseconds: a JVM on a busy machine takes some. */
const START_MS = 60_000

/** How an engine says where it listens; some name the address and some the name of loopback. */
const ADDRESS = /http:\/\/(?:127\.0\.0\.1|localhost):(\d+)/

/** What of its output is kept to tell why it did not start, in characters. */
const MOST_OUTPUT = 4_000

const GUARD = fileURLToPath(new URL('guard.ts', import.meta.url))

/**
 * Starts a program that prints the address at which it listens. It ends with this process, however
 * that ends. Throws the last line that it printed when it ends before it listens.
 */
export async function started(
  command: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Started> {
  const child = spawn(process.execPath, [GUARD, ...command], { env: { ...process.env, ...env } })
  const exited = once(child, 'exit')
  try {
    return {
      url: await addressOf(child),
      async stop() {
        child.stdin.end()
        await exited
      },
    }
  } catch (thrown) {
    child.stdin.end()
    throw thrown
  }
}

/** All of its output is read for as long as it runs: a full pipe would stop it. */
function addressOf(child: ChildProcessWithoutNullStreams): Promise<string> {
  return new Promise((resolve, reject) => {
    let output = ''
    const late = setTimeout(() => {
      reject(new Error(`it did not start within ${START_MS / 1000} s: ${reasonIn(output)}`))
    }, START_MS)
    const read = (text: string) => {
      output = `${output}${text}`.slice(-MOST_OUTPUT)
      const port = ADDRESS.exec(output)?.[1]
      if (port === undefined) return
      clearTimeout(late)
      resolve(`http://127.0.0.1:${port}`)
    }
    child.stdout.setEncoding('utf8').on('data', read)
    child.stderr.setEncoding('utf8').on('data', read)
    child.on('close', () => {
      clearTimeout(late)
      reject(new Error(`it ended instead of starting: ${reasonIn(output)}`))
    })
  })
}
