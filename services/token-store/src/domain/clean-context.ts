import type { ClientContext } from '@auto-refresh/contracts'

/**
 * Replaces control characters by blanks and lone surrogates by U+FFFD. jsonb rejects U+0000 and
 * lone surrogates, and one such user agent would roll back the whole batch.
 */
export function cleanContext({ network, agent }: ClientContext): ClientContext {
  return { network: clean(network), agent: clean(agent) }
}

function clean(text: string): string {
  return text.toWellFormed().replace(/\p{Cc}/gu, ' ')
}
