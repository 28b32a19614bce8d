/** The same as between two clocks that issue and verify tokens (FAPI 2.0 §5.3.2.1). */
const CLOCK_TOLERANCE_MS = 10_000
/** Browsers keep no cookie for longer, so no sign-in elsewhere is older. */
const MAX_AGE_DAYS = 400

/**
 * Returns why the time of an authentication elsewhere is refused, as a sentence; `undefined` when it
 * is accepted. A time in other units than seconds is in the future or too old.
 */
export function refuseAuthenticationTime(atMs: number, nowMs: number): string | undefined {
  if (atMs > nowMs + CLOCK_TOLERANCE_MS) return 'authenticated_at is in the future'
  return atMs < nowMs - MAX_AGE_DAYS * 86_400_000
    ? `authenticated_at is more than ${MAX_AGE_DAYS} days ago; send Unix seconds`
    : undefined
}
