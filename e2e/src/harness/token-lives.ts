import { eventually } from '@auto-refresh/test-engines'

const LONG_SECONDS = 3600

/** Tokens that are fresh for as long as a test can last. */
export const FRESH = { ACCESS_TOKEN_EXPIRE_MINUTES: String(LONG_SECONDS / 60) }
/**
 * The same life, and due as soon as they are there: whether a token is due depends on who is asked,
 * not on when.
 */
export const DUE_AT_ONCE = { ...FRESH, AUTO_REFRESH_THRESHOLD: String(LONG_SECONDS - 0.001) }
/**
 * Tokens that live for the 3 s that are the least. Of one that is issued here say nothing before
 * `hasExpired`.
 */
export const BRIEF = { ACCESS_TOKEN_EXPIRE_MINUTES: '0.05' }

/**
 * Waits until this access token has expired, by what it says itself: its times are whole seconds,
 * rounded down.
 */
export async function hasExpired(access: string): Promise<void> {
  const { exp } = JSON.parse(Buffer.from(access.split('.')[1] ?? '', 'base64url').toString()) as {
    exp: number
  }
  await eventually(() => Date.now() >= exp * 1000, 10_000)
}
