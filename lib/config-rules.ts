import { isIP } from 'node:net'
import { type Finding, quoted, reference } from './config-problems.ts'
import { didYouMean } from './did-you-mean.ts'
import { SITE_ID } from './site.ts'
import { isTimeZone } from './time.ts'

/** Says what is wrong with a text, or undefined when nothing is. */
export type Rule = (text: string) => Finding | undefined

/** Names that the report site uses at its root, and the two that mean folders. */
const RESERVED_IDS = ['.', '..', 'en', 'zh', 'assets', 'index.html', 'status.json']

/** Signs that no single line of text holds: controls, line and paragraph ends, half characters. */
const UNPRINTABLE = /[\p{Cc}\p{Cs}\u2028\u2029]/u

const MAX_NAME_LENGTH = 200

/** Longest mail address that SMTP carries (RFC 5321). */
const MAX_ADDRESS_LENGTH = 254

/** What people write for the one zone of China. */
const MEANT_ZONES: Record<string, string> = {
  beijing: 'Asia/Shanghai',
  guangzhou: 'Asia/Shanghai',
  shenzhen: 'Asia/Shanghai',
  china: 'Asia/Shanghai',
  cst: 'Asia/Shanghai',
  '+08:00': 'Asia/Shanghai',
  'gmt+8': 'Asia/Shanghai',
  'utc+8': 'Asia/Shanghai',
  'utc+08:00': 'Asia/Shanghai',
}

/** A site id names folders, pages and keys. */
export const siteIdRule: Rule = (text) => {
  if (!SITE_ID.test(text)) {
    return {
      message: `${quoted(text)} is not a site id`,
      fix: 'use 1 to 64 of the signs A-Z a-z 0-9 . _ -; the name may hold any text',
    }
  }
  if (!RESERVED_IDS.includes(text.toLowerCase())) return undefined
  return {
    message: `\`${text}\` cannot be a site's id: folders and the report use that name`,
    fix: `choose another id, such as \`${/^\.+$/.test(text) ? 'bj01' : `site-${text}`}\``,
  }
}

/** A text that people read: one line, not empty, not endless. */
export const nameRule: Rule = (text) => {
  if (text.trim() === '')
    return { message: 'the text is empty', fix: 'write some, or drop the key' }
  if (UNPRINTABLE.test(text)) {
    return {
      message: 'the text holds a control character',
      fix: 'write it on one line of plain text',
    }
  }
  if ([...text].length <= MAX_NAME_LENGTH) return undefined
  return {
    message: `the text is longer than ${MAX_NAME_LENGTH} characters`,
    fix: 'shorten it',
  }
}

/** An id as a site writes it into its lines, between `|`. */
export const lineIdRule: Rule = (text) => {
  if (text.includes('|')) {
    return { message: 'an id in a line cannot hold `|`', fix: 'write one list item for each id' }
  }
  return nameRule(text)
}

/** An IANA time zone that this Node knows. */
export const timeZoneRule: Rule = (text) => {
  if (isTimeZone(text)) return undefined
  const zones = Intl.supportedValuesOf('timeZone')
  const words = text.trim().toLowerCase()
  const city = words.split('/').at(-1)!.replaceAll(' ', '_')
  const meant =
    MEANT_ZONES[words] ??
    MEANT_ZONES[city] ??
    zones.find((zone) => zone.toLowerCase().split('/').at(-1) === city) ??
    didYouMean(text, zones)
  return {
    message: `${quoted(text)} is not a time zone`,
    fix: meant ? `did you mean \`${meant}\`?` : 'write an IANA name, such as `Asia/Shanghai`',
  }
}

/** A web address to which paths can be appended. Its text is never repeated: it may hold a key. */
export const baseUrlRule: Rule = (text) => {
  const url = URL.canParse(text) && !/\s/.test(text) ? new URL(text) : undefined
  if (!url || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    return {
      message: 'this is not a web address',
      fix: 'write one that begins with http:// or https://',
    }
  }
  if (url.username || url.password || /^[^/]*\/\/[^/?#]*@/.test(text)) {
    return {
      message: 'a web address must not hold a user or a password',
      fix: `write \`auth: { kind: basic, user: …, password: "${reference('NAME')}" }\``,
    }
  }
  if (!/[?#\\]/.test(text)) return undefined
  return {
    message: 'a web address to which paths are appended must not hold `?`, `#` or `\\`',
    fix: 'end it with the folder that the feeds lie in',
  }
}

/** A range of addresses, such as `10.0.0.0/8`. */
export const cidrRule: Rule = (text) => {
  const [address = '', bits, ...rest] = text.split('/')
  const family = address.includes('%') ? 0 : isIP(address)
  const most = family === 6 ? 128 : 32
  if (family && bits === undefined) {
    return { message: `\`${address}\` lacks its length`, fix: `write \`${address}/${most}\`` }
  }
  if (family && rest.length === 0 && /^(0|[1-9]\d{0,2})$/.test(bits!) && Number(bits) <= most) {
    return undefined
  }
  return {
    message: `${quoted(text)} is not an address range`,
    fix: 'write address/length, such as `10.0.0.0/8` or `fd00::/8`',
  }
}

/** A mail address as it stands in an envelope: `user@host`, without a display name. */
export const mailAddressRule: Rule = (text) => {
  const [user = '', host = '', ...rest] = text.split('@')
  const plausible =
    rest.length === 0 &&
    /^[^\s\p{C}<>()[\]\\,;:"]{1,64}$/u.test(user) &&
    /^[\p{L}\p{N}]([\p{L}\p{M}\p{N}-]*[\p{L}\p{M}\p{N}])?(\.[\p{L}\p{M}\p{N}-]+)*$/u.test(host) &&
    text.length <= MAX_ADDRESS_LENGTH
  if (plausible) return undefined
  return {
    message: `${quoted(text)} is not a mail address`,
    fix: 'write one address alone, such as `ops@example.com`; several are items of a list',
  }
}

/** A feed's path below its source. */
export const feedPathRule: Rule = (text) => {
  const fix = 'write a path below the source, such as `sys_alarm/system_alarm_{day}.txt`'
  if (!text.includes('{day}')) return { message: 'the path does not hold `{day}`', fix }
  if (text.includes('..') || /%2e|%2f|%5c/i.test(text)) {
    return { message: 'the path could leave its source', fix: `${fix}, without \`..\`` }
  }
  if (/^\/|^[A-Za-z]:|[\\?#]/.test(text) || UNPRINTABLE.test(text)) {
    return { message: 'this is not a path below the source', fix }
  }
  return undefined
}

/** A file or folder of this machine. */
export const fileRule: Rule = (text) => {
  if (text.trim() !== '' && !UNPRINTABLE.test(text)) return undefined
  return { message: 'this is not a path', fix: 'write one, such as `./var`' }
}

/** A host that mail is handed to. */
export const hostRule: Rule = (text) => {
  if (isIP(text) || /^[A-Za-z0-9]([A-Za-z0-9._-]{0,252})$/.test(text)) return undefined
  return {
    message: `${quoted(text)} is not a host`,
    fix: 'write its name alone, such as `smtp.example.com`; the port has its own key',
  }
}
