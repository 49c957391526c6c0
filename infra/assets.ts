import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { buildSync } from 'esbuild'

/** The functions, by the names of their entry points in functions/. */
export const FUNCTIONS = ['dispatch', 'collect', 'notify', 'report', 'settle', 'feedback'] as const

/** One of the functions. */
export type FunctionName = (typeof FUNCTIONS)[number]

/**
 * What a CommonJS package expects to find and an ES module lacks. Without the last two, a package
 * that asks for its own folder builds, and dies when it is imported.
 */
const BANNER =
  "import{createRequire as __cr}from'node:module';import{fileURLToPath as __fu}from'node:url';" +
  'const require=__cr(import.meta.url),__filename=__fu(import.meta.url),' +
  "__dirname=__fu(new URL('.',import.meta.url));"

/**
 * Builds a function into a folder: `index.mjs`, and beside it what is loaded on demand. The same
 * sources give the same bytes, so that only what has changed is deployed.
 */
export function buildFunction(name: FunctionName, folder: string): void {
  buildSync({
    absWorkingDir: fileURLToPath(new URL('..', import.meta.url)),
    entryPoints: { index: `functions/${name}.ts` },
    outdir: folder,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    splitting: true,
    minify: true,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    mainFields: ['module', 'main'],
    banner: { js: BANNER },
    chunkNames: 'chunks/[name]-[hash]',
    legalComments: 'none',
    logLevel: 'warning',
  })
}

// `node infra/assets.ts FOLDER` builds all of them, each into a folder of its name.
if (import.meta.main) {
  const [folder = 'dist/functions'] = process.argv.slice(2)
  for (const name of FUNCTIONS) buildFunction(name, join(folder, name))
}
