import type { Environment } from './record-settings.ts'

const REPLACEMENTS = {
  REVOCATION_FEED_KEYS: 'API_KEYS with the scope revocations:read',
  RENEWAL_KEYS: 'API_KEYS with the scope tokens:refresh',
}

/**
 * A fault for each setting of an earlier version that is still set. Ignoring it would silently take
 * away what it allowed.
 */
export const findReplacedSettings = (environment: Environment): string[] =>
  Object.entries(REPLACEMENTS).flatMap(([name, replacement]) =>
    (environment[name] ?? '') === ''
      ? []
      : [`${name} was replaced: set ${replacement} instead, and remove ${name}`],
  )
