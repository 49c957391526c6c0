import { chmodSync, statSync } from 'node:fs'
import { type BuildOptions, build } from 'esbuild'

/**
 * What a CommonJS package expects to find and an ES module lacks. Without the last two, a package
 * that asks for its own folder builds, and dies when it is imported.
 */
const BANNER = `#!/usr/bin/env node
import{createRequire as __cr}from'node:module';import{fileURLToPath as __fu}from'node:url';
const require=__cr(import.meta.url),__filename=__fu(import.meta.url),
__dirname=__fu(new URL('.',import.meta.url));`

/** How an entry point becomes one file that runs with Node 24 and nothing else. */
export function oneFile(entry: string, outfile: string): BuildOptions {
  return {
    entryPoints: [entry],
    outfile,
    bundle: true,
    minify: true,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    mainFields: ['module', 'main'],
    banner: { js: BANNER },
    legalComments: 'eof',
    logLevel: 'warning',
  }
}

if (import.meta.main) {
  const outfile = 'dist/siterounds.mjs'
  await build(oneFile('functions/cli.ts', outfile))
  chmodSync(outfile, 0o755)
  console.log(`${outfile}: ${(statSync(outfile).size / 1e6).toFixed(2)} MB`)
}
