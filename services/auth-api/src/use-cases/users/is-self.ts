import type { Actor } from '../../ports/actor.ts'

/**
 * Whether an administrator acts on the own account. Administrators neither disable, demote nor erase
 * themselves, so that a slip locks nobody out. They create no password token for themselves, so that
 * a stolen access token sets no password. The command line and API keys can do it.
 */
export const isSelf = ({ kind, name }: Actor, userId: string): boolean =>
  kind === 'user' && name === userId
