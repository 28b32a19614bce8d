import { ConfigError } from '@auto-refresh/contracts'

type Parsers = Readonly<Record<string, () => unknown>>

/**
 * Runs several parsers and throws the faults of all of them as one `ConfigError`, without repeats.
 */
export function parseTogether<P extends Parsers>(
  parsers: P,
): { [Name in keyof P]: ReturnType<P[Name]> } {
  const faults = new Set<string>()
  const configs = Object.entries(parsers).map(([name, parse]): [string, unknown] => {
    try {
      return [name, parse()]
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error
      for (const fault of error.faults) faults.add(fault)
      return [name, undefined]
    }
  })
  if (faults.size > 0) throw new ConfigError([...faults])
  // Object.fromEntries loses the type of each name.
  return Object.fromEntries(configs) as { [Name in keyof P]: ReturnType<P[Name]> }
}

/**
 * Runs checks of settings that need I/O concurrently, and throws the faults of all of them as one
 * `ConfigError`. It rethrows any other error, after every check has ended.
 */
export async function checkTogether(checks: readonly (() => Promise<void>)[]): Promise<void> {
  const results = await Promise.allSettled(checks.map((check) => check()))
  const errors: unknown[] = results.flatMap((result) =>
    result.status === 'rejected' ? [result.reason] : [],
  )
  const other = errors.find((error) => !(error instanceof ConfigError))
  if (other !== undefined) throw other
  const faults = new Set(
    errors.flatMap((error) => (error instanceof ConfigError ? error.faults : [])),
  )
  if (faults.size > 0) throw new ConfigError([...faults])
}
