import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { Command } from 'commander'
import sirv from 'sirv'
import { EMBEDDED_PLACES } from '../backends/embedded.ts'
import { RoundsError } from '../errors.ts'
import type { Settings } from '../site.ts'
import { guarded, usage } from './command.ts'
import { CONFIG_FLAGS, CONFIG_HELP, settingsFor } from './configured.ts'
import { untilStopped } from './stop.ts'
import type { Terminal } from './terminal.ts'

/** A report site that is being served. */
export interface Served {
  url: string
  close(): Promise<void>
}

/** Tried one after the other when the port of the configuration is taken. */
const MORE_PORTS = 20

/** What every answer carries: pages are ours, and nobody else's page may frame them. */
const HEADERS = {
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  'Referrer-Policy': 'no-referrer',
  'Cache-Control': 'no-cache',
}

/** `siterounds serve`: shows the report site on this machine. */
export function addServe(program: Command, terminal: Terminal): void {
  program
    .command('serve')
    .description('show the report site on this machine (127.0.0.1)')
    .option(CONFIG_FLAGS, CONFIG_HELP)
    .option('--port <port>', 'instead of the port in the configuration', portOption)
    .action((options: { config?: string; port?: number }) =>
      guarded(terminal, async () => {
        const settings = settingsFor(options, terminal)
        if (!settings) return
        const served = await servePages(settings, options.port)
        terminal.out(`The report site: ${served.url}  (Ctrl-C ends this)\n`)
        await untilStopped()
        await served.close()
      }),
    )
}

function portOption(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN
  if (port <= 65_535) return port
  throw usage(`“${text}” is no port.`, 'Ports are numbers up to 65535.')
}

/**
 * Serves the report site on 127.0.0.1. With the port of the configuration a taken one is no error:
 * the next free one is used. A port asked for by name must be free.
 */
export async function servePages(settings: Settings, asked?: number): Promise<Served> {
  const folder = join(settings.state, EMBEDDED_PLACES.pages)
  const files = sirv(folder, { dev: true, dotfiles: false, extensions: ['html'], etag: true })
  const server = createServer((request, response) => {
    for (const [name, value] of Object.entries(HEADERS)) response.setHeader(name, value)
    const folderAsked = /^\/(?:[^/.?#\\]+\/)*[^/.?#\\]+$/.exec(request.url ?? '')
    if (folderAsked) {
      // The links of a page are relative: without the final slash they would lead astray.
      response.writeHead(301, { Location: `${folderAsked[0]}/` }).end()
      return
    }
    files(request, response, () => {
      response.writeHead(404, { 'Content-Type': 'text/plain; charset=utf-8' })
      response.end('404: there is no such page.\n')
    })
  })
  const first = asked ?? settings.serve.port
  const port = await listen(server, first, asked === undefined ? MORE_PORTS : 0)
  return {
    url: `http://127.0.0.1:${port}/`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

async function listen(server: Server, port: number, more: number): Promise<number> {
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(port, '127.0.0.1', () => {
        server.off('error', reject)
        resolve()
      })
    })
    return (server.address() as AddressInfo).port
  } catch (thrown) {
    const { code } = thrown as NodeJS.ErrnoException
    if (code === 'EADDRINUSE' && more > 0)
      return listen(server, more === 1 ? 0 : port + 1, more - 1)
    throw new RoundsError(
      'port',
      'stop',
      `Nothing can be served on 127.0.0.1:${port} (${code}).`,
      'Give another port: --port, or serve.port in the configuration.',
      { cause: thrown },
    )
  }
}
