// The way into a report site that is open to everybody: a CloudFront Function (runtime 2.0) that
// leads from folders, which people ask for, to files, which the bucket knows. It does the same to
// addresses as access.js does behind its door; a test holds the two together.

// Lengths in characters, several times what is ever needed: longer ones cost time, not more.
const MOST_URI = 1024
const MOST_QUERY = 512

// All addresses of pages have this form. Others name nothing, so none of them reaches a redirect.
const PLAIN_URI = /^\/([A-Za-z0-9._~-]+\/)*[A-Za-z0-9._~-]*$/
const DOTS = /\/\.\.?(\/|$)/
const PLAIN_PAIR = /^([A-Za-z0-9._~=+-]|%[2-9A-Fa-f][0-9A-Fa-f])+$/

// A file has an extension that begins with a letter: 2026-11-10 and bj.01 are folders.
const FILE = /\.[A-Za-z][A-Za-z0-9]*$/

function handler(event) {
  const request = event.request
  const uri = request.uri
  if (uri.length > MOST_URI || !PLAIN_URI.test(uri) || DOTS.test(uri)) return noSuchPage()
  const name = uri.slice(uri.lastIndexOf('/') + 1)
  if (name === '') request.uri = `${uri}index.html`
  else if (!FILE.test(name)) return moved(request, `${uri}/`)
  return request
}

function moved(request, uri) {
  return {
    statusCode: 301,
    statusDescription: 'Moved Permanently',
    headers: {
      location: { value: uri + rest(request.querystring) },
      'cache-control': { value: 'no-store' },
      'referrer-policy': { value: 'no-referrer' },
    },
  }
}

// The parameters as they came, still encoded; what cannot stand in a header is left out.
function rest(querystring) {
  const names = Object.keys(querystring)
  let text = ''
  for (let nth = 0; nth < names.length; nth += 1) {
    const name = names[nth]
    const values = querystring[name].multiValue || [querystring[name]]
    for (let at = 0; at < values.length; at += 1) {
      const pair = values[at].value === '' ? name : `${name}=${values[at].value}`
      if (PLAIN_PAIR.test(pair)) text += `${text === '' ? '?' : '&'}${pair}`
    }
  }
  return text.length > MOST_QUERY ? '' : text
}

function noSuchPage() {
  return {
    statusCode: 404,
    statusDescription: 'Not Found',
    headers: {
      'content-type': { value: 'text/plain; charset=utf-8' },
      'cache-control': { value: 'no-store' },
    },
    body: { encoding: 'text', data: '没有这一页\nNo such page\n' },
  }
}
