/** `points` at once, refilled evenly over `seconds`. `null` turns the limit off. */
export type Limit = Readonly<{ points: number; seconds: number }> | null

type Take = { taken: true; tokens: number } | { taken: false; retryAfterSeconds: number }

/** Takes one token from a bucket that held `tokens` at `atMs`. */
export function takeToken(
  limit: Limit,
  bucket: { tokens: number; atMs: number },
  nowMs: number,
): Take {
  if (limit === null) return { taken: true, tokens: bucket.tokens }
  const tokens = refill(limit, bucket, nowMs)
  if (tokens >= 1) return { taken: true, tokens: tokens - 1 }
  return {
    taken: false,
    retryAfterSeconds: Math.max(1, Math.ceil(((1 - tokens) * limit.seconds) / limit.points)),
  }
}

/**
 * A time that is further ahead than a refill takes is from before the clock went back: nobody waits
 * until it comes again.
 */
export function refill(
  limit: Limit,
  bucket: { tokens: number; atMs: number },
  nowMs: number,
): number {
  if (limit === null) return bucket.tokens
  if (bucket.atMs - nowMs > limit.seconds * 1000) return limit.points
  const refilled = (Math.max(0, nowMs - bucket.atMs) * limit.points) / (limit.seconds * 1000)
  return Math.min(limit.points, bucket.tokens + refilled)
}
