import type { TokenManager } from '@auto-refresh/client'
import type { PlaygroundSettings } from '../src/playground-settings.ts'
import { element } from './element.ts'
import { toDuration } from './format.ts'
import { readClaims } from './read-claims.ts'

/**
 * Shows the remaining life of both tokens. The refresh token lives from the last rotation on, which
 * is when its access token was issued.
 */
export function drawMeters(tokens: TokenManager, settings: PlaygroundSettings): void {
  const { session, accessToken } = tokens
  if (session === null || accessToken === null) return
  const claims = readClaims(accessToken)
  const accessLeft = session.expiresInMs / 1000
  const refreshLeft =
    Math.min(claims.iat + settings.refreshTtlSeconds, claims.session_exp) - Date.now() / 1000
  const isLast = claims.session_exp <= claims.exp

  element('who').textContent = claims.username
  element('generation').textContent = String(session.generation)
  draw('access', accessLeft, settings.accessTtlSeconds)
  draw('refresh', refreshLeft, settings.refreshTtlSeconds)
  const dueIn = accessLeft - settings.dueThresholdSeconds
  element('due').textContent = isLast
    ? 'this one lasts until the session ends'
    : dueIn > 0
      ? `it is due in ${toDuration(dueIn)} (the mark), and the client refreshes`
      : 'it is due now'
  element('due-mark').style.left =
    `${(100 * settings.dueThresholdSeconds) / settings.accessTtlSeconds}%`
}

function draw(name: 'access' | 'refresh', left: number, whole: number) {
  element(`${name}-left`).textContent = toDuration(left)
  element(`${name}-bar`, HTMLProgressElement).value = Math.min(1, Math.max(0, left / whole))
}
