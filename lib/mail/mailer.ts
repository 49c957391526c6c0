/**
 * PORT: sends one message.
 *
 * Laws, held by test/contracts/mailer.ts for every driver:
 * 1. `send` resolves when the next hop has taken the message for at least one recipient;
 *    `refused` names those it refused for good.
 * 2. It throws a `RoundsError`: class `retry` when nothing was taken and a later try may work
 *    (4xx, rate limits, no connection), `stop` for wrong credentials or settings. When it is not
 *    known whether the message was taken the code is `mail-unknown`.
 * 3. Recipients, headers and envelope come from `Message` alone; line breaks cannot add any.
 * 4. No message of an error holds a password.
 */
export interface Mailer {
  send(message: Message): Promise<Sent>
  close(): Promise<void>
}

/** One mail. `id` is deterministic, so that a double can be known as one. */
export interface Message {
  from: string
  to: string[]
  subject: string
  text: string
  html: string
  /** Left part of the Message-ID: made of letters, digits, `.`, `-` and `_`. */
  id: string
  /** Constant per group: clients thread mails that refer to the same id. */
  threadId: string
}

/** What became of a message. */
export interface Sent {
  /** The Message-ID under which it went out. */
  messageId: string
  refused: string[]
}
