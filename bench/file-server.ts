import { createReadStream, statSync } from 'node:fs'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join, normalize } from 'node:path'

/**
 * A web server for the files below a folder that knows `Range: bytes=N-`: a site's portal, in a
 * process of its own so that it takes no time from the event loop that is measured.
 * Started as `node file-server.ts <folder>`; it sends its address to its parent and ends with it.
 */
const folder = process.argv[2]!

const server = createServer((request, response) => {
  const path = normalize(new URL(request.url!, 'http://site').pathname)
  const file = join(folder, path)
  const found = statSync(file, { throwIfNoEntry: false })
  if (!found?.isFile()) {
    response.writeHead(404).end()
    return
  }
  const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0)
  send(response, file, from, found.size)
})

function send(response: ServerResponse, file: string, from: number, sizeBytes: number) {
  if (from >= sizeBytes && from > 0) {
    response.writeHead(416, { 'Content-Range': `bytes */${sizeBytes}` }).end()
    return
  }
  const fields = { 'Content-Length': sizeBytes - from, 'Content-Type': 'text/plain' }
  const place = { 'Content-Range': `bytes ${from}-${sizeBytes - 1}/${sizeBytes}` }
  response.writeHead(from > 0 ? 206 : 200, from > 0 ? { ...fields, ...place } : fields)
  if (sizeBytes === 0) response.end()
  else createReadStream(file, { start: from, end: sizeBytes - 1 }).pipe(response)
}

server.listen(0, '127.0.0.1', () => {
  process.send!(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
})
process.on('disconnect', () => process.exit())
