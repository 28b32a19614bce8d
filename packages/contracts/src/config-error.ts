/**
 * The settings, or what they refer to, cannot work. A restart does not help, so the process exits
 * with 78. The message lists all faults, without values, because any value can be a secret.
 */
export class ConfigError extends Error {
  readonly faults: readonly string[]

  constructor(faults: readonly string[]) {
    const count = faults.length === 1 ? '1 setting is' : `${faults.length} settings are`
    super([`${count} wrong:`, ...faults.map((fault) => `  ${fault}`)].join('\n'))
    this.name = 'ConfigError'
    this.faults = faults
  }
}
