import { join } from 'node:path'
import type { Command } from 'commander'
import { EMBEDDED_PLACES } from '../backends/embedded.ts'
import { mailAddressRule } from '../config-rules.ts'
import { asRoundsError, RoundsError } from '../errors.ts'
import type { Message } from '../mail/mailer.ts'
import type { Rounds } from '../pipeline.ts'
import type { Settings } from '../site.ts'
import { html } from '../text/html.ts'
import { isoInstant } from '../time.ts'
import { addBounces } from './bounces.ts'
import { type CommonOptions, overState, printJson, stateCommand, usage } from './command.ts'
import { shown } from './table.ts'
import type { Terminal } from './terminal.ts'
import { wrapped } from './wrapped.ts'

/** What became of a test mail, as others' scripts get it. */
type Outcome = Awaited<ReturnType<typeof sendTest>>

/** `siterounds mail`: `test ADDRESS` sends one by the mailer that alarms go through; `bounces`. */
export function addMail(program: Command, terminal: Terminal): void {
  const mail = program.command('mail').description('try the mail; see what came back')
  addBounces(mail, terminal)
  const command = stateCommand(mail, 'test', 'send one test mail the way that alarms are mailed')
  command
    .argument('<address>', 'who gets it, such as ops@example.com')
    .action((address: string, options: CommonOptions) =>
      overState(options, terminal, async (rounds) => {
        const finding = mailAddressRule(address)
        if (finding) throw usage(`${capital(finding.message)}.`, 'Write one address alone.')
        const outcome = await sendTest(rounds, address)
        if (options.json) printJson(terminal, outcome)
        else printOutcome(outcome, terminal)
        if (!outcome.ok) terminal.exitCode = 1
      }),
    )
}

async function sendTest({ settings, mailer, chance, clock }: Rounds, to: string) {
  const message = testMessage(settings, to, chance.token(), clock.now())
  const way = wayOf(settings, message.id)
  const head = { to, from: message.from, ...way }
  try {
    const { messageId, refused } = await mailer.send(message)
    if (refused.includes(to)) throw refusedFor(to)
    return { ok: true as const, ...head, messageId }
  } catch (thrown) {
    const { message, hint, code } = onceOnly(asRoundsError(thrown))
    return { ok: false as const, ...head, error: message, hint, code }
  }
}

/** How mail leaves, and where this one is to be found. */
function wayOf({ mail, state }: Settings, id: string) {
  if (mail.kind === 'outbox') {
    return { way: 'outbox' as const, file: join(state, EMBEDDED_PLACES.outbox, `${id}.eml`) }
  }
  const server = mail.kind === 'smtp' ? `${mail.host}:${mail.port}` : 'SES'
  return { way: mail.kind, server }
}

/** In both languages, because nobody is known but the address; so the charset is tried as well. */
function testMessage({ mail }: Settings, to: string, token: string, nowMs: number): Message {
  const at = isoInstant(nowMs)
  const english = `This is a test mail, asked for at ${at}. Alarms are mailed the same way.`
  const chinese = `这是一封测试邮件（${at}）。告警邮件以同样的方式发送。`
  return {
    from: mail.from,
    to: [to],
    subject: 'Siterounds: test mail · 测试邮件',
    text: `${english}\n\n${chinese}\n`,
    html: html`<!doctype html><meta charset="utf-8"><p>${english}</p><p>${chinese}</p>`.toString(),
    id: `test.${token.replace(/[^A-Za-z0-9_-]/g, '-')}`,
    threadId: 'test',
  }
}

function refusedFor(to: string): RoundsError {
  const message = `The mail server refused the recipient ${to}.`
  return new RoundsError('mail-refused', 'skip', message, 'Check the address.')
}

/** Rounds send again what failed in passing; this command does not, and must not promise it. */
function onceOnly(error: RoundsError): RoundsError {
  const { code, message } = error
  if (code === 'mail-later') {
    return new RoundsError(code, 'retry', message, 'Run this again in a few minutes.')
  }
  if (code === 'mail-unknown') {
    const hint = 'Look whether it arrived before you run this again.'
    return new RoundsError(code, 'retry', message, hint)
  }
  return error
}

function printOutcome(outcome: Outcome, terminal: Terminal): void {
  if (!outcome.ok) {
    terminal.err(wrapped(`No test mail to ${outcome.to}: ${outcome.error}`))
    if (outcome.hint) terminal.err(wrapped(outcome.hint))
    return
  }
  if (outcome.way === 'outbox') {
    terminal.out(`The test mail to ${shown(outcome.to)} lies in the outbox; nothing was sent:\n`)
    terminal.out(`  ${outcome.file}\n`)
    terminal.out(wrapped('Set mail.kind: smtp in the configuration to have mails leave.'))
    return
  }
  terminal.out(`${outcome.server} took the test mail to ${shown(outcome.to)}.\n`)
  terminal.out(`  from        ${shown(outcome.from)}\n  Message-ID  ${outcome.messageId}\n`)
  terminal.out(wrapped('If it does not arrive: look into the spam folder and the server’s log.'))
}

function capital(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1)
}
