import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { SMTPServer, type SMTPServerOptions } from 'smtp-server'
import type { SmtpSettings } from '../../lib/mail/smtp.ts'
import type { Taken } from '../contracts/mailer.ts'

/** The password of every test login; no error may hold it. */
export const PASSWORD = 'hunter2-Geheim'

/** A real mail server on loopback that keeps what it takes. */
export interface SmtpWorld {
  settings: SmtpSettings
  taken: Taken[]
  close(): Promise<void>
}

/** An error that smtp-server answers with. */
export function answer(responseCode: number, text: string): Error {
  return Object.assign(new Error(text), { responseCode })
}

/** Starts a server; `options` say where it misbehaves. */
export async function startSmtp(options: SMTPServerOptions = {}): Promise<SmtpWorld> {
  const taken: Taken[] = []
  const server = new SMTPServer({
    disabledCommands: ['STARTTLS'],
    authOptional: true,
    allowInsecureAuth: true,
    onAuth: (auth, _session, done) => {
      if (auth.password === PASSWORD) done(null, { user: 'ops' })
      else done(answer(535, `5.7.8 Wrong password ${auth.password}`))
    },
    onData: (stream, session, done) => {
      const chunks: Buffer[] = []
      stream.on('data', (chunk: Buffer) => chunks.push(chunk))
      stream.on('end', () => {
        const recipients = session.envelope.rcptTo.map((to) => to.address)
        taken.push({ raw: Buffer.concat(chunks), recipients })
        done()
      })
    },
    ...options,
  })
  server.on('error', () => {})
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.server.address() as AddressInfo
  const close = () => new Promise<void>((resolve) => server.close(() => resolve()))
  return { settings: settingsFor(port), taken, close }
}

/** Settings for a server on loopback. */
export function settingsFor(port: number): SmtpSettings {
  return {
    kind: 'smtp',
    from: 'rounds@example.com',
    host: '127.0.0.1',
    port,
    secure: false,
    requireTls: false,
    auth: { user: 'ops', password: PASSWORD },
  }
}

/** A server that plays `talk` to each connection, for faults no mail server has an option for. */
export async function startScripted(talk: (socket: Socket) => void): Promise<SmtpWorld> {
  const sockets = new Set<Socket>()
  const server: Server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    talk(socket)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const close = () =>
    new Promise<void>((resolve) => {
      for (const socket of sockets) socket.destroy()
      server.close(() => resolve())
    })
  return { settings: settingsFor(port), taken: [], close }
}

/** Answers each command by its first word; the body goes to `onBody`, piece by piece. */
export function converse(
  socket: Socket,
  answers: Record<string, string>,
  onBody: (piece: string) => void,
): void {
  let inBody = false
  socket.write('220 scripted\r\n')
  socket.on('data', (data: Buffer) => {
    if (inBody) return onBody(data.toString('latin1'))
    for (const line of data.toString('latin1').split('\r\n').filter(Boolean)) {
      const command = line.split(' ')[0]?.toUpperCase() ?? ''
      inBody = command === 'DATA'
      socket.write(`${answers[command] ?? (inBody ? '354 go on' : '250 ok')}\r\n`)
    }
  })
}

/** A server that takes everything at once and notes every line of the dialogue. */
export async function startSink(): Promise<SmtpWorld & { commands: string[] }> {
  const commands: string[] = []
  const taken: Taken[] = []
  const world = await startScripted((socket) => {
    let body: string | undefined
    socket.write('220 sink\r\n')
    socket.on('data', (data: Buffer) => {
      if (body !== undefined) {
        body += data.toString('latin1')
        if (!body.endsWith('\r\n.\r\n')) return
        taken.push({ raw: Buffer.from(body.slice(0, -3).replaceAll('\r\n..', '\r\n.'), 'latin1') })
        body = undefined
        socket.write('250 taken\r\n')
        return
      }
      const line = data.toString('latin1')
      commands.push(line)
      if (line === 'DATA\r\n') body = ''
      socket.write(body === undefined ? '250 ok\r\n' : '354 go on\r\n')
    })
  })
  return { ...world, taken, commands }
}
