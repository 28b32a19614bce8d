/**
 * Settings, or what they point to, cannot work: no restart will help, so the process exits with 78.
 * Names every fault at once and never holds a value: any of them can be a secret.
 */
export class ConfigError extends Error {
  readonly faults: readonly string[]

  constructor(faults: readonly string[]) {
    super(
      `${faults.length} ${faults.length === 1 ? 'setting is' : 'settings are'} wrong:\n${faults.map((fault) => `  ${fault}`).join('\n')}`,
    )
    this.name = 'ConfigError'
    this.faults = faults
  }
}
