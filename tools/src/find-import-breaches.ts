import { dirname, join } from 'node:path/posix'

/** Paths from the root of the repository, with their text. */
type Sources = ReadonlyMap<string, string>
type Import = { specifier: string; typeOnly: boolean }
type Place = {
  kind: string
  workspace: string
  layer: string
  adapter: string | undefined
  test: boolean
}

const SCOPE = '@auto-refresh/'
/** Packages that are published, and what is built into them; they import no part of service-kit. */
const PUBLISHED = new Set(['client', 'server', 'contracts'])
/** Parts of service-kit without technology: use cases and packages may import them. */
const TECHNOLOGY_FREE = new Set(['service-kit/batch', 'service-kit/timing'])
/** A package has one entry point; service-kit and server have one for each of their parts. */
const ENTRY_POINT = /^@auto-refresh\/((?:service-kit|server)\/[^/]+|[^/]+)(?:\/(.*))?$/
const inCore = (path: string) => path.startsWith('packages/server/src/core/')
/** The only file that reads the manifest of the product. */
const PRODUCT_VERSION = 'packages/service-kit/src/config/product-version.ts'
/** Under `src` of a workspace. */
const ENTRIES = new Set(['main.ts', 'migrate.ts', 'operations/cli.ts'])
/** The operator commands: the process of standalone does not import them. */
const OPERATIONS = /^services\/standalone\/src\/operations\//
/** How the entry file of a service, or what runs it, may read its environment. */
const SETTINGS = /addSecretFiles\(process\.env\)/g
/**
 * main -> build -> adapters -> use-cases -> ports -> domain: for each layer, the layers of its own
 * service that it may import.
 */
const INNER: Record<string, readonly string[]> = {
  main: ['main', 'build', 'adapters', 'use-cases', 'ports', 'domain'],
  build: ['build', 'adapters', 'use-cases', 'ports', 'domain'],
  adapters: ['adapters', 'use-cases', 'ports', 'domain'],
  'use-cases': ['use-cases', 'ports', 'domain'],
  ports: ['ports', 'domain'],
  domain: ['domain'],
}

/** Returns all breaches of the dependency rule in the sources, one sentence each. */
export function findImportBreaches(sources: Sources): string[] {
  const services = new Set(
    [...sources.keys()]
      .filter((path) => path.startsWith('services/'))
      .map((path) => placeOf(path).workspace),
  )
  return [...sources].flatMap(([path, text]) => {
    const place = placeOf(path)
    const found = [
      ...textFaults(place, path, text),
      ...importsOf(text).flatMap((each) => importFaults({ path, place, services, ...each })),
    ]
    return found.map((fault) => `${path}: ${fault}`)
  })
}

function placeOf(path: string): Place {
  const [kind = '', name = '', , first = '', second = ''] = path.split('/')
  const workspace = name === 'service-kit' ? `${name}/${first}` : name
  const layer = ENTRIES.has(second === '' ? first : `${first}/${second}`)
    ? 'main'
    : first === 'ports.ts'
      ? 'ports'
      : first in INNER && second !== ''
        ? first
        : 'build'
  const test = /\.test\.ts$|\/testing\/|^packages\/test-engines\//.test(path)
  return { kind, workspace, layer, adapter: layer === 'adapters' ? second : undefined, test }
}

function textFaults({ kind, workspace, layer, test }: Place, path: string, text: string): string[] {
  const code = withoutComments(text)
  // The environment of a test run selects the engines for tests.
  const runsServices = workspace === 'service-kit/process'
  const readsEnvironment =
    (kind !== 'packages' && layer === 'main') ||
    runsServices ||
    test ||
    workspace === 'test-engines'
  return [
    ...(/^\s*export\s*\*/m.test(code) ? ['has export *'] : []),
    ...(!readsEnvironment && /\bprocess\s*\??\.\s*env\b|\bprocess\[|from 'node:process'/.test(code)
      ? ['reads process.env, which only entry files such as main.ts do']
      : []),
    ...((kind === 'services' || runsServices) &&
    readsEnvironment &&
    !test &&
    /\bprocess\.env\b/.test(code.replace(SETTINGS, ''))
      ? ['uses process.env without the secret files: addSecretFiles(process.env)']
      : []),
    ...(/\bfrom '@opentelemetry\//.test(code.replace(/^import type .*$/gm, '')) &&
    !path.startsWith('packages/service-kit/src/tracing/otel/')
      ? ['imports OpenTelemetry, which only packages/service-kit/src/tracing/otel does']
      : []),
    ...(/\bfrom 'kafkajs'/.test(code) && path !== 'packages/event-bus/src/open-kafka.ts'
      ? ['imports kafkajs, which only packages/event-bus/src/open-kafka.ts does']
      : []),
  ]
}

function importFaults({
  path,
  place,
  services,
  specifier,
  typeOnly,
}: Import & { path: string; place: Place; services: ReadonlySet<string> }): string[] {
  if (specifier.startsWith('.')) return relativeFaults(place, path, join(dirname(path), specifier))
  const [, name = '', deep] = ENTRY_POINT.exec(specifier) ?? []
  return [
    ...(deep === undefined
      ? []
      : [`deep import of ${specifier}; import the package's entry point`]),
    ...(name === ''
      ? libraryFaults(path, place, specifier, typeOnly)
      : workspaceFaults(place, name, typeOnly, services)),
  ]
}

function relativeFaults(place: Place, path: string, target: string): string[] {
  if (target === 'package.json' && path === PRODUCT_VERSION) return []
  const to = placeOf(target)
  if (to.kind !== place.kind || to.workspace !== place.workspace)
    return [`leaves its workspace for ${target}`]
  if (inCore(path) && !place.test && !inCore(target))
    return [`the core of server imports its adapter (${target})`]
  if (place.kind !== 'services' || place.test) return []
  if (OPERATIONS.test(target) && !OPERATIONS.test(path))
    return [`imports an operator command (${target})`]
  if (!INNER[place.layer]?.includes(to.layer))
    return [`${place.layer} imports ${to.layer} (${target})`]
  if (to.test) return [`imports test code (${target})`]
  return place.adapter !== undefined && to.adapter !== undefined && place.adapter !== to.adapter
    ? [`the adapter ${place.adapter} imports the adapter ${to.adapter}`]
    : []
}

function libraryFaults(
  path: string,
  { kind, workspace, layer, adapter, test }: Place,
  specifier: string,
  typeOnly: boolean,
): string[] {
  if (test) return []
  if (inCore(path) && /^(@?fastify|express)/.test(specifier))
    return ['the core of server imports a framework']
  if (kind === 'services') {
    if (layer === 'domain') return [`domain imports ${specifier}`]
    if (layer === 'use-cases' || (layer === 'ports' && !typeOnly))
      return [`${layer} imports ${specifier}`]
  }
  const mayUsePg =
    adapter === 'postgres' ||
    workspace === 'service-kit/postgres' ||
    workspace === 'embedded-postgres' ||
    workspace === 'test-engines' ||
    (layer === 'build' && typeOnly)
  return specifier === 'pg' && !mayUsePg ? ['imports pg, which only postgres adapters do'] : []
}

function workspaceFaults(
  { kind, workspace, layer, test }: Place,
  name: string,
  typeOnly: boolean,
  services: ReadonlySet<string>,
): string[] {
  // Examples may import only what is published.
  if (kind === 'examples' && !name.startsWith('server/') && name !== 'client')
    return [`imports ${SCOPE}${name}; an example imports what is published alone`]
  if (services.has(name)) return workspace === 'standalone' ? [] : [`imports the service ${name}`]
  if (name === 'contracts')
    return layer === 'domain' && kind === 'services' && !typeOnly && !test
      ? ['domain imports more than types from contracts']
      : []
  if (name === 'test-engines') return test ? [] : ['imports test-engines, which are for tests']
  if (name === 'embedded-postgres') {
    return test || workspace === 'standalone' || workspace === 'test-engines'
      ? []
      : ['imports embedded-postgres, which is for standalone']
  }
  if (test) return []
  if (kind === 'packages') {
    // process puts the other parts together, and none of them imports it.
    return (workspace === 'service-kit/process' && name.startsWith('service-kit/')) ||
      (TECHNOLOGY_FREE.has(name) && !PUBLISHED.has(workspace))
      ? []
      : [`imports ${SCOPE}${name}; a package imports contracts alone`]
  }
  if (TECHNOLOGY_FREE.has(name) && layer === 'use-cases') return []
  const inner = layer === 'domain' || layer === 'use-cases' || layer === 'ports'
  return inner && !(typeOnly && layer !== 'domain') ? [`${layer} imports ${SCOPE}${name}`] : []
}

/**
 * `import { type A }` counts as a run-time import: with verbatimModuleSyntax the module is loaded
 * all the same.
 */
function importsOf(text: string): Import[] {
  const code = withoutComments(text)
  const statements = [
    ...code.matchAll(
      /^\s*(?:import|export)\s+(type\s+(?!from\b))?(?:[\w*\s{},$]+?\sfrom\s+)?'([^'\n]+)'/gm,
    ),
  ]
  const calls = [...code.matchAll(/\bimport\(\s*'([^'\n]+)'/g)]
  return [
    ...statements.map(([, type, specifier = '']) => ({ specifier, typeOnly: type !== undefined })),
    ...calls.map(([, specifier = '']) => ({ specifier, typeOnly: false })),
  ]
}

function withoutComments(text: string): string {
  return text.replace(/^\s*\/\*[^]*?\*\//gm, '').replace(/^\s*\/\/.*$/gm, '')
}
