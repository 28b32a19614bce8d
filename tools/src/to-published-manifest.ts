import { relative } from 'node:path'
import type { Product } from './read-product.ts'

/** The package.json of a workspace. */
export type Manifest = {
  name: string
  description?: string
  keywords?: string[]
  exports: Record<string, string>
  /**
   * Also built for `require`, into `cjs/`: for Jest, bundlers and TypeScript projects with
   * CommonJS.
   */
  commonjs?: boolean
  engines?: Record<string, string>
  dependencies?: Record<string, string>
  peerDependencies?: Record<string, string>
  peerDependenciesMeta?: Record<string, unknown>
}

export const SCOPE = '@auto-refresh/'

/** Returns the package.json that is published, from that of the workspace. */
export function toPublishedManifest(
  manifest: Manifest,
  {
    inlined,
    product: { version, license, author, website },
    directory,
  }: {
    /** workspaces that are compiled into it */
    inlined: readonly Manifest[]
    product: Product
    /** from the root of the repository */
    directory: string
  },
) {
  const { name, description, keywords, engines, peerDependencies, peerDependenciesMeta } = manifest
  const all = [manifest, ...inlined].flatMap(({ dependencies = {} }) =>
    Object.entries(dependencies),
  )
  // Pinned for this repository; an application may use a later version.
  const dependencies = Object.fromEntries(
    all
      .filter(([each]) => !each.startsWith(SCOPE))
      .toSorted(([a], [b]) => a.localeCompare(b))
      .map(([each, exact]) => [each, `^${exact}`]),
  )
  const exports = Object.fromEntries(
    Object.entries(manifest.exports).map(([entry, source]) => {
      const path = `./${relative('src', source).replace(/\.ts$/, '')}`
      const esm = { types: `${path}.d.ts`, default: `${path}.js` }
      const cjs = { types: `./cjs/${path.slice(2)}.d.ts`, default: `./cjs/${path.slice(2)}.js` }
      return [entry, manifest.commonjs === true ? { import: esm, require: cjs } : esm]
    }),
  )
  return {
    name,
    version,
    description,
    keywords,
    license,
    author,
    homepage: `${website}/tree/v${version}/${directory}#readme`,
    repository: { type: 'git', url: `git+${website}.git`, directory },
    bugs: { url: `${website}/issues` },
    type: 'module',
    sideEffects: false,
    // For tools that do not read `exports`.
    ...(manifest.commonjs === true && { main: './cjs/index.js', types: './cjs/index.d.ts' }),
    exports,
    files: ['**/*.js', '**/*.d.ts', ...(manifest.commonjs === true ? ['cjs/package.json'] : [])],
    engines,
    ...(Object.keys(dependencies).length === 0 ? {} : { dependencies }),
    peerDependencies,
    peerDependenciesMeta,
    publishConfig: { access: 'public' },
  }
}
