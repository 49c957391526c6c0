import type { AddressInfo, Socket } from 'node:net'
import { SMTPServer } from 'smtp-server'
import { answer } from '../mail/smtp-world.ts'

/** What the server does with the next mails. `taken` says whether the mail is kept all the same. */
export type MailFault =
  | 'none'
  /** The connection dies after the whole mail came: before it was kept, or after. */
  | 'dies-untaken'
  | 'dies-taken'
  /** The final answer never comes. */
  | 'hangs-untaken'
  | 'hangs-taken'
  | 'puts-off'
  | 'refuses'
  /** No greeting but a refusal, as of a server that is shutting down. */
  | 'down'

/** Every fault, for those who choose one. */
export const MAIL_FAULTS: readonly MailFault[] = [
  'dies-untaken',
  'dies-taken',
  'hangs-untaken',
  'hangs-taken',
  'puts-off',
  'refuses',
  'down',
]

/** A mail that the server has kept: it was delivered. */
export interface Delivery {
  to: string
  raw: Buffer
  cycle: number
}

/** A real mail server that dies and hangs when told to. */
export interface MailServer {
  port: number
  deliveries: Delivery[]
  /** Mails whose sender was never told what became of them, though they were kept. */
  unknownAnswers: number
  fault: MailFault
  /** Noted with each delivery. */
  cycle: number
  /** True while some process is between its first word and its last to this server. */
  busy(): boolean
  /** Ends what hangs, as when the machine of the server is switched off. */
  dropAll(): void
  close(): Promise<void>
}

/** Starts the server on 127.0.0.1. */
export async function mailServer(): Promise<MailServer> {
  const sockets = new Set<Socket>()
  const server = new SMTPServer({
    disabledCommands: ['STARTTLS'],
    authOptional: true,
    // A process that was killed leaves connections behind: they must not keep the port's places.
    socketTimeout: 60_000,
    onConnect: (_session, done) => {
      if (world.fault === 'down') done(answer(421, '4.3.2 shutting down'))
      else done()
    },
    onData: (stream, session, done) => {
      const chunks: Buffer[] = []
      stream.on('data', (chunk: Buffer) => chunks.push(chunk))
      stream.on('end', () => {
        const { fault, cycle } = world
        const to = session.envelope.rcptTo.map(({ address }) => address).join()
        const keep = () => world.deliveries.push({ to, raw: Buffer.concat(chunks), cycle })
        const die = () => {
          for (const socket of sockets) {
            if (socket.remotePort === session.remotePort) socket.destroy()
          }
        }
        if (fault === 'puts-off') return done(answer(451, '4.3.0 try later'))
        if (fault === 'refuses') return done(answer(550, '5.1.1 no such user'))
        if (fault.endsWith('-taken') || fault === 'none') keep()
        if (fault.endsWith('-taken')) world.unknownAnswers += 1
        if (fault.startsWith('dies')) die()
        else if (fault === 'none') done()
      })
    },
  })
  server.on('error', () => {})
  server.server.on('connection', (socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => sockets.delete(socket))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const dropAll = () => {
    for (const socket of sockets) socket.destroy()
  }
  const world: MailServer = {
    port: (server.server.address() as AddressInfo).port,
    deliveries: [],
    unknownAnswers: 0,
    fault: 'none',
    cycle: 0,
    busy: () => sockets.size > 0,
    dropAll,
    close: async () => {
      dropAll()
      await new Promise<void>((resolve) => server.close(() => resolve()))
    },
  }
  return world
}
