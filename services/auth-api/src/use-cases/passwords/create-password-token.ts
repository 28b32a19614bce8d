import { toActorText, type Actor } from '../../ports/actor.ts'
import type { PasswordTokenCodes, PasswordTokens } from '../../ports/password-tokens.ts'
import type { Log } from '../../ports/telemetry.ts'
import type { Users } from '../../ports/users.ts'
import { isSelf } from '../users/is-self.ts'

const DEFAULT_SECONDS = 3600
const SHORTEST_SECONDS = 60
/** An invitation may wait for a week. */
const LONGEST_SECONDS = 7 * 86_400

/** `reason`: a sentence for the administrator */
export type CreatedPasswordToken =
  | { outcome: 'created'; token: string; expiresAtMs: number }
  | { outcome: 'not_found' }
  /** administrators change their own password with the current one */
  | { outcome: 'own_account' }
  | { outcome: 'refused'; reason: string }

/** `ttlSeconds`: one minute to seven days; default an hour */
export type CreatePasswordToken = (request: {
  userId: string
  actor: Actor
  ttlSeconds?: number | undefined
}) => Promise<CreatedPasswordToken>

type CreatePasswordTokenDeps = Readonly<{
  users: Pick<Users, 'findByIds'>
  passwordTokens: Pick<PasswordTokens, 'create'>
  tokenCodes: PasswordTokenCodes
  log: Log
}>

/**
 * Creates a one-time token with which the user can set a password, for a reset or an invitation. It
 * voids the user's older token. The caller hands it to the user; nothing shows it again.
 */
export function createCreatePasswordToken({
  users,
  passwordTokens,
  tokenCodes,
  log,
}: CreatePasswordTokenDeps): CreatePasswordToken {
  return async ({ userId, actor, ttlSeconds = DEFAULT_SECONDS }) => {
    if (isSelf(actor, userId)) return { outcome: 'own_account' }
    if (!(ttlSeconds >= SHORTEST_SECONDS && ttlSeconds <= LONGEST_SECONDS))
      return { outcome: 'refused', reason: 'The token must be valid for 1 minute to 7 days' }
    const [user] = await users.findByIds([userId])
    if (user === undefined) return { outcome: 'not_found' }
    if (!user.active) return { outcome: 'refused', reason: 'The user is disabled' }
    const { token, tokenHash } = tokenCodes.create()
    const created = await passwordTokens.create({ userId, tokenHash, ttlSeconds, actor })
    if (created === undefined)
      return { outcome: 'refused', reason: 'The user has no name to sign in with here' }
    log.info(
      { event: 'password_token_created', userId, ttlSeconds, actor: toActorText(actor) },
      'Password token created',
    )
    return { outcome: 'created', token, ...created }
  }
}
