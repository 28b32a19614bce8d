import type { Actor } from './actor.ts'

/** What administrators do to users. The end of a single session is an event of token-store. */
export const ADMIN_ACTS = [
  'user_added',
  'user_changed',
  'user_erased',
  'user_imported',
  'password_set',
  'password_token_created',
  'sessions_revoked',
] as const

/** `details` must not contain personal data or secrets: acts outlive an erased user. */
export type AdminAct = Readonly<{
  actor: Actor
  act: (typeof ADMIN_ACTS)[number]
  userId?: string
  sessionId?: string
  details?: Readonly<Record<string, unknown>>
}>
