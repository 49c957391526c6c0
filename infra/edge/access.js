import cf from 'cloudfront'
import crypto from 'crypto'

// The door of a closed report site: a CloudFront Function (runtime 2.0) that sees every request
// before the cache does. It lets in whoever holds a session token that `siterounds access link` has
// signed: from a link (`?access=…`), which becomes a cookie, or from that cookie. Whatever goes
// wrong here leaves the door closed. Only syntax that the runtime documents is used: no spreading,
// no destructuring, no `?.`, no `for … of`, and no closures in asynchronous functions.

const keys = cf.kvs()

const PARAMETER = 'access'

// With this prefix browsers take the cookie only over TLS, for this host and for all its pages; no
// other host of the same domain can set it.
const COOKIE = '__Host-siterounds'

// Lengths in characters, several times what is ever needed: longer ones cost time, not more.
const MOST_URI = 1024
const MOST_TOKEN = 1024
const MOST_QUERY = 512

// Secrets are 32 bytes in base64. One that is shorter has come into the store by a mistake.
const LEAST_SECRET = 40

// All addresses of pages have this form. Others name nothing, so none of them reaches a redirect.
const PLAIN_URI = /^\/([A-Za-z0-9._~-]+\/)*[A-Za-z0-9._~-]*$/
const DOTS = /\/\.\.?(\/|$)/
const PLAIN_PAIR = /^([A-Za-z0-9._~=+-]|%[2-9A-Fa-f][0-9A-Fa-f])+$/

// A file has an extension that begins with a letter: 2026-11-10 and bj.01 are folders.
const FILE = /\.[A-Za-z][A-Za-z0-9]*$/

const TOKEN = /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]{43}$/
const KID = /^[a-z0-9-]{1,32}$/

async function handler(event) {
  try {
    const request = event.request
    const uri = request.uri
    if (!isPlain(uri)) return noSuchPage()
    const offered = request.querystring[PARAMETER]
    const fresh = await claimsOf(offered)
    if (reaches(fresh, uri)) return entered(request, offered.value, fresh.exp)
    const kept = await claimsOf(request.cookies[COOKIE])
    if (reaches(kept, uri)) {
      return offered === undefined ? served(request) : moved(302, request, uri)
    }
    return fresh === null && kept === null ? closed() : outside()
  } catch (error) {
    return closed()
  }
}

// What a parameter or cookie promises when we have signed it and its time has not come; else null.
// Two of one name are nobody's honest request.
async function claimsOf(given) {
  try {
    if (given === undefined || given.multiValue !== undefined) return null
    const token = given.value
    if (token.length > MOST_TOKEN || !TOKEN.test(token)) return null
    const parts = token.split('.')
    const head = JSON.parse(textOf(parts[0]))
    if (head.alg !== 'HS256' || typeof head.kid !== 'string' || !KID.test(head.kid)) return null
    // A key that is not in the store is an error, which ends below.
    const secret = await keys.get(head.kid)
    if (secret.length < LEAST_SECRET) return null
    const mac = crypto.createHmac('sha256', secret).update(`${parts[0]}.${parts[1]}`)
    if (!equal(mac.digest('base64url'), parts[2])) return null
    const claims = JSON.parse(textOf(parts[1]))
    if (typeof claims.exp !== 'number' || !(claims.exp > nowSeconds())) return null
    return { exp: claims.exp, path: claims.path === undefined ? '/' : claims.path }
  } catch (error) {
    return null
  }
}

function textOf(base64url) {
  return Buffer.from(base64url, 'base64url').toString()
}

function nowSeconds() {
  return Date.now() / 1000
}

// Takes as long whichever character differs, so that its time tells nothing of the right one.
function equal(one, other) {
  if (one.length !== other.length) return false
  let difference = 0
  for (let at = 0; at < one.length; at += 1) difference |= one.charCodeAt(at) ^ other.charCodeAt(at)
  return difference === 0
}

// A folder of one language counts for all: what is not in the first stands below /en/ or /zh/.
function reaches(claims, uri) {
  if (claims === null || typeof claims.path !== 'string' || !claims.path.endsWith('/')) return false
  const folder = `${uri}/`
  if (folder.startsWith(claims.path)) return true
  return folder.replace(/^\/(en|zh)\//, '/').startsWith(claims.path)
}

function isPlain(uri) {
  return uri.length <= MOST_URI && PLAIN_URI.test(uri) && !DOTS.test(uri)
}

// The same page without the token in its address, so that nobody hands it on with the address.
function entered(request, token, exp) {
  const answer = moved(302, request, request.uri)
  const seconds = Math.floor(exp - nowSeconds())
  const attributes = `Secure; HttpOnly; SameSite=Lax; Path=/; Max-Age=${seconds}`
  answer.cookies = {}
  answer.cookies[COOKIE] = { value: token, attributes: attributes }
  return answer
}

// The bucket knows files, people ask for folders.
function served(request) {
  const uri = request.uri
  const name = uri.slice(uri.lastIndexOf('/') + 1)
  if (name === '') request.uri = `${uri}index.html`
  else if (!FILE.test(name)) return moved(301, request, `${uri}/`)
  return request
}

function moved(status, request, uri) {
  return {
    statusCode: status,
    statusDescription: status === 301 ? 'Moved Permanently' : 'Found',
    headers: {
      location: { value: uri + rest(request.querystring) },
      'cache-control': { value: 'no-store' },
      'referrer-policy': { value: 'no-referrer' },
    },
  }
}

// The other parameters as they came, still encoded; what cannot stand in a header is left out.
function rest(querystring) {
  const names = Object.keys(querystring)
  let text = ''
  for (let nth = 0; nth < names.length; nth += 1) {
    const name = names[nth]
    const values = querystring[name].multiValue || [querystring[name]]
    for (let at = 0; at < values.length && name !== PARAMETER; at += 1) {
      const pair = values[at].value === '' ? name : `${name}=${values[at].value}`
      if (PLAIN_PAIR.test(pair)) text += `${text === '' ? '?' : '&'}${pair}`
    }
  }
  return text.length > MOST_QUERY ? '' : text
}

function closed() {
  return page(
    401,
    'Unauthorized',
    ['这里需要访问链接', 'This site needs an access link'],
    '请向管理这些报告的人索取访问链接，并在本浏览器中打开一次。链接到期后需要一个新的。',
    'Ask the people who run these reports for an access link, and open it once in this browser. ' +
      'When its time is over, you need a new one.',
  )
}

function outside() {
  return page(
    403,
    'Forbidden',
    ['您的链接不含这一页', 'Your link does not open this page'],
    '它只打开一部分报告。请向管理这些报告的人索取包含这一页的访问链接。',
    'It opens some of the reports. Ask the people who run them for a link that opens this one.',
  )
}

function noSuchPage() {
  return page(
    404,
    'Not Found',
    ['没有这一页', 'No such page'],
    '报告的地址中没有这样的字符。请检查您打开的链接。',
    'Reports have no such characters in their addresses. Check the link that you followed.',
  )
}

function page(status, description, titles, chinese, english) {
  return {
    statusCode: status,
    statusDescription: description,
    headers: {
      'content-type': { value: 'text/html; charset=utf-8' },
      'cache-control': { value: 'no-store' },
      'content-security-policy': {
        value: "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
      },
      'referrer-policy': { value: 'no-referrer' },
      'x-content-type-options': { value: 'nosniff' },
      'x-robots-tag': { value: 'noindex' },
    },
    body: {
      encoding: 'text',
      data: `<!doctype html>
<html lang="zh-CN">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="robots" content="noindex">
<title>${titles[0]} · ${titles[1]}</title>
<style>
:root { color-scheme: light dark; font: 1rem/1.6 system-ui, sans-serif }
main { max-width: 34rem; margin: 15vh auto; padding: 0 1.5rem }
h1, h2 { font-size: 1.25rem; line-height: 1.3 }
h2 { margin-top: 2.5rem }
</style>
<main>
<h1>${titles[0]}</h1>
<p>${chinese}</p>
<div lang="en">
<h2>${titles[1]}</h2>
<p>${english}</p>
</div>
</main>
</html>
`,
    },
  }
}
