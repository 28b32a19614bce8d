import { ConfigError } from '@auto-refresh/contracts'

export type Environment = Readonly<Record<string, string | undefined>>

/** Where the settings reference lists a setting. */
export type SettingSection =
  | 'addresses'
  | 'services'
  | 'keys'
  | 'browsers'
  | 'lifetimes'
  | 'standalone'
  | 'operations'
  | 'limits'
  | 'patterns'
  | 'tuning'

/** What the settings reference says about a setting; without it the setting is not listed. */
export type Description = {
  section?: SettingSection
  /** One or two sentences, in Markdown. */
  describe?: string
  /** What applies without a value, where the default alone does not say it. */
  unset?: string
  /** A value for `.env.example`, where there is no default. */
  example?: string
}

/** A setting as the code reads it. */
export type SettingDefinition = Readonly<
  Description & {
    name: string
    /** The format and range, as in error messages. */
    expected: string
    isRequired: boolean
    /** Empty without a default. */
    default: string
  }
>

const recordings = new WeakMap<Environment, SettingDefinition[]>()

/**
 * Runs a parser and returns the settings that it reads, in this order. `environment` holds what the
 * parser needs to read all of them; faults are ignored.
 */
export function recordSettings(
  parse: (environment: Environment) => unknown,
  environment: Record<string, string> = {},
): readonly SettingDefinition[] {
  const definitions: SettingDefinition[] = []
  recordings.set(environment, definitions)
  try {
    parse(environment)
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
  }
  return definitions
}

/** Adds a setting to the recording of `environment`, if there is one. */
export function addToRecording(
  environment: Environment,
  setting: Omit<SettingDefinition, 'isRequired' | 'default'> & { default?: unknown },
): void {
  const isRequired = !('default' in setting)
  recordings.get(environment)?.push({ ...setting, isRequired, default: toText(setting.default) })
}

function toText(value: unknown): string {
  if (Array.isArray(value)) return value.join(',')
  if (typeof value === 'object' && value !== null && 'points' in value && 'seconds' in value)
    return `${String(value.points)}/${String(value.seconds)}`
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
    ? String(value)
    : ''
}
