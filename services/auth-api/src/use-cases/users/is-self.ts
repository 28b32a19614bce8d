import type { Actor } from '../../ports/actor.ts'

/**
 * Whether an administrator acts on the own account. Administrators neither disable, demote nor erase
 * themselves, so that a slip locks nobody out; the command line and API keys can do it.
 */
export const isSelf = ({ kind, name }: Actor, userId: string): boolean =>
  kind === 'user' && name === userId
