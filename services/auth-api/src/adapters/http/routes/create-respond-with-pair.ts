import type { TokenPairData } from '@auto-refresh/contracts'
import type { PresentedRefreshToken } from '@auto-refresh/server/core'
import { setRefreshCookie } from '@auto-refresh/server/fastify'
import type { FastifyReply } from 'fastify'
import type { TokenPair } from '../../../domain/token-pair.ts'
import type { HttpDeps } from '../http-deps.ts'

type PairResponse = { status: 200; message: string; data: TokenPairData }
export type RespondWithPair = (
  reply: FastifyReply,
  given: {
    pair: TokenPair
    transport: PresentedRefreshToken['transport']
    message: string
    refreshed?: boolean
  },
) => PairResponse

/**
 * Creates the response with a token pair. In cookie mode the refresh token is only in `Set-Cookie`,
 * where no script can read it.
 */
export function createRespondWithPair({
  settings,
  clock,
}: Pick<HttpDeps, 'settings' | 'clock'>): RespondWithPair {
  return (reply, { pair, transport, message, refreshed }) => {
    const { accessToken, refreshToken, expiresInSeconds, idleUntilMs } = pair
    const byCookie = transport === 'cookie'
    if (byCookie)
      setRefreshCookie(
        reply,
        { token: refreshToken, idleUntilMs, nowMs: clock.nowMs() },
        settings.cookie,
      )
    return {
      status: 200,
      message,
      data: {
        access_token: accessToken,
        ...(byCookie ? {} : { refresh_token: refreshToken }),
        token_type: 'bearer',
        expires_in: expiresInSeconds,
        ...(refreshed === undefined ? {} : { refreshed }),
      },
    }
  }
}
