/**
 * PORT: whole objects under slash-separated paths: the report site, the outbox, the archive.
 *
 * Laws, held by test/contracts/objects.ts for every driver:
 * 1. `put` is atomic: a reader sees the old object or the new one, never a part.
 * 2. `get` answers undefined for an object that is not there.
 * 3. Paths are relative, use `/`, and have no empty, `.` or `..` part; a driver refuses others.
 * 4. `list` gives every path that starts with the prefix, sorted by bytes.
 */
export interface Objects {
  put(path: string, body: Uint8Array | string, options?: PutOptions): Promise<void>
  get(path: string): Promise<Uint8Array | undefined>
  list(prefix: string): Promise<string[]>
  remove(path: string): Promise<void>
}

/** How a web server should hand an object out. A folder ignores them. */
export interface PutOptions {
  contentType?: string
  cacheControl?: string
}
