import { eventually } from '@auto-refresh/test-engines'

const LONG_SECONDS = 3600

/** Tokens that stay fresh for a whole test. */
export const LONG_LIVED = { ACCESS_TOKEN_EXPIRE_MINUTES: String(LONG_SECONDS / 60) }
/**
 * The same lifetime, but due as soon as they are issued: whether a token is due depends on the
 * process, not on the time.
 */
export const ALWAYS_DUE = { ...LONG_LIVED, AUTO_REFRESH_THRESHOLD: String(LONG_SECONDS - 0.001) }
/** Tokens with the minimum lifetime of 3 s. Wait for `hasExpired` before an assertion. */
export const SHORT_LIVED = { ACCESS_TOKEN_EXPIRE_MINUTES: '0.05' }

/** Waits until this access token has expired. Its times are whole seconds, rounded down. */
export async function hasExpired(access: string): Promise<void> {
  const { exp } = JSON.parse(Buffer.from(access.split('.')[1] ?? '', 'base64url').toString()) as {
    exp: number
  }
  await eventually(() => Date.now() >= exp * 1000, 10_000)
}
