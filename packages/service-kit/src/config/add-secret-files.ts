import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ConfigError } from '@auto-refresh/contracts'
import { readEnvironment, type Environment } from './read-environment.ts'

/** Where Docker and Podman mount secrets, and by convention Kubernetes manifests. */
const USUAL_DIR = '/run/secrets'
const SETTING = /^[A-Z0-9_]+$/
/** The OpenTelemetry SDK reads these, from the environment only. */
const NEVER_FROM_FILE = /^OTEL_/

/**
 * Returns the settings of a process: its environment and, for each setting that is absent or empty
 * there, the file of that name in `SECRETS_DIR` (default: `/run/secrets` where it exists), without
 * trailing line ends. Files with other names are not read. The values stay out of `process.env`,
 * because child processes and `/proc/<pid>/environ` would show them. Throws a `ConfigError` that
 * names a missing folder, or every file that cannot be read or used.
 */
export function addSecretFiles(
  environment: Environment,
  { usualDir = USUAL_DIR } = {},
): Environment {
  const env = readEnvironment(environment)
  const given = env.done(
    env.string('SECRETS_DIR', {
      default: '',
      section: 'addresses',
      describe: 'Folder of [settings as files](#secrets-as-files).',
      unset: '`/run/secrets`, if it exists',
      example: USUAL_DIR,
    }),
  )
  const dir = given === '' ? usualDir : given
  const names = listSettings(dir, given !== '')
  const faults: string[] = []
  const settings: Record<string, string | undefined> = { ...environment }
  for (const name of names.filter((each) => (environment[each] ?? '') === '')) {
    if (NEVER_FROM_FILE.test(name)) {
      faults.push(
        `${join(dir, name)} cannot be a file; expected in the environment, where OpenTelemetry reads it`,
      )
      continue
    }
    try {
      settings[name] = readFileSync(join(dir, name), 'utf8').replace(/[\r\n]+$/, '')
    } catch (error) {
      faults.push(`${join(dir, name)} cannot be read (${codeOf(error)}); expected a readable file`)
    }
  }
  if (faults.length > 0) throw new ConfigError(faults)
  return settings
}

function listSettings(dir: string, isRequired: boolean): string[] {
  try {
    return readdirSync(dir, { withFileTypes: true })
      .filter((entry) => SETTING.test(entry.name) && (isRequired || !entry.isDirectory()))
      .map(({ name }) => name)
  } catch (error) {
    // The default folder is optional, and may belong to another program.
    if (!isRequired) return []
    throw new ConfigError([
      `SECRETS_DIR (${dir}) cannot be read (${codeOf(error)}); expected a readable folder`,
    ])
  }
}

const codeOf = (error: unknown) =>
  error instanceof Error && 'code' in error ? String(error.code) : String(error)
