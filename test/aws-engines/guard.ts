import { spawn } from 'node:child_process'

/**
 * node guard.ts <program> [argument]…: runs a program that ends when whoever started the guard
 * ends, even if that one is killed: standard input is a pipe from there, which then closes.
 */
const [program = '', ...args] = process.argv.slice(2)
const child = spawn(program, args, { stdio: ['ignore', 'inherit', 'inherit'] })
child.on('error', ({ message }) => {
  process.stderr.write(`${message}\n`)
  process.exit(1)
})
child.on('exit', (code) => process.exit(code ?? 1))
const end = () => void child.kill('SIGKILL')
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, end)
process.stdin.on('error', end).on('close', end).resume()
