import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { type Finding, reference } from './config-problems.ts'

/** What a configuration file is read in: its own folder, and the environment. */
export interface Surroundings {
  /** Absolute; relative paths in the file start here. */
  folder: string
  env: Record<string, string | undefined>
}

/** A secret as the configuration file may write it: text, or the file that holds it. */
export type WrittenSecret = string | { file: string }

/** What a slot takes besides a reference. */
export interface SlotRules {
  /** True for what is no secret by itself, such as a user's name. */
  literal: boolean
  /** What the resolved text must match. */
  grammar: RegExp
  /** Says the grammar in words. */
  grammarText: string
}

/** A whole value that names a variable. The schema shows the same pattern to editors. */
export const VARIABLE = /^\$\{([A-Za-z_][A-Za-z0-9_]*)\}$/

/** What begins a reference, also one that is not the whole value. */
const VARIABLE_START = reference('').slice(0, 2)

/** A key, token or password longer than this is the wrong file. */
const MAX_SECRET_BYTES = 64 * 1024

/** A password of HTTP basic authentication or SMTP. */
export const PASSWORD: SlotRules = {
  literal: false,
  grammar: /^\P{Cc}+$/u,
  grammarText: 'a password must be one line without control characters',
}

/** A user of SMTP. */
export const MAIL_USER: SlotRules = {
  literal: true,
  grammar: /^\P{Cc}+$/u,
  grammarText: 'a user must be one line without control characters',
}

/** A user of HTTP basic authentication, which ends at the first colon (RFC 7617). */
export const HTTP_USER: SlotRules = {
  literal: true,
  grammar: /^[^\p{Cc}:]+$/u,
  grammarText: 'a user must be one line without control characters and without a colon',
}

/** The name of a header (RFC 9110: a token). */
export const HEADER_NAME: SlotRules = {
  literal: true,
  grammar: /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}$/,
  grammarText: 'write the name of one header alone, such as `Authorization`',
}

/** The value of a header; ASCII alone, because servers differ about the rest. */
export const HEADER_VALUE: SlotRules = {
  literal: false,
  grammar: /^[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?$/,
  grammarText: 'a header is one line of ASCII without spaces at its ends',
}

const REFERENCE_FIX =
  'write "$' +
  '{NAME}" for an environment variable that holds the whole value, ' +
  'or { file: ./path } for a file that does'

/**
 * The text that a slot stands for. No finding repeats what was written (it may be the secret in
 * the wrong place) nor what was found; only the name of a variable that is not set is named.
 */
export function resolveSecret(
  written: WrittenSecret,
  rules: SlotRules,
  around: Surroundings,
): { text: string } | Finding {
  const found =
    typeof written === 'string' ? fromText(written, rules, around) : fromFile(written.file, around)
  if (!('text' in found)) return found
  if (found.text === '') return { message: 'the secret is empty', fix: REFERENCE_FIX }
  if (!rules.grammar.test(found.text)) {
    return {
      message: 'what stands here holds signs that are not allowed in this place',
      fix: rules.grammarText,
    }
  }
  return found
}

function fromText(
  written: string,
  rules: SlotRules,
  { env }: Surroundings,
): { text: string } | Finding {
  const name = VARIABLE.exec(written)?.[1]
  if (name !== undefined) {
    const text = Object.hasOwn(env, name) ? env[name] : undefined
    if (text) return { text }
    return {
      message: `the environment variable ${name} is not set, or is empty`,
      fix: `set ${name} before siterounds starts, or use { file: ./path }`,
    }
  }
  if (written.includes(VARIABLE_START)) {
    return { message: 'a variable must be the whole value', fix: REFERENCE_FIX }
  }
  if (rules.literal) return { text: written }
  return { message: 'a secret must not stand in the configuration file', fix: REFERENCE_FIX }
}

function fromFile(path: string, { folder }: Surroundings): { text: string } | Finding {
  try {
    const bytes = readFileSync(resolve(folder, path))
    if (bytes.length > MAX_SECRET_BYTES) {
      return {
        message: 'the file is larger than 64 KiB',
        fix: 'name the file that holds one secret',
      }
    }
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    return { text: text.replace(/\r?\n$/, '') }
  } catch (error) {
    // The path is not repeated: people put the secret itself there by mistake.
    const code = (error as NodeJS.ErrnoException).code ?? 'not a text'
    return {
      message: `the file that should hold the secret cannot be read (${code})`,
      fix: 'name a readable text file; the path starts at the folder of the configuration file',
    }
  }
}
