/** At most `points` at once, refilled evenly over `seconds`. `null` turns the limit off. */
export type Limit = Readonly<{ points: number; seconds: number }> | null

/** A bucket that held `points` at `atMs`. A point is one request, not a refresh token. */
type Bucket = Readonly<{ points: number; atMs: number }>
type Take = { taken: true; points: number } | { taken: false; retryAfterSeconds: number }

/** Refills the bucket and takes one point, or returns in how many seconds there is one. */
export function takePoint(limit: Limit, bucket: Bucket, nowMs: number): Take {
  if (limit === null) return { taken: true, points: bucket.points }
  const points = refill(limit, bucket, nowMs)
  if (points >= 1) return { taken: true, points: points - 1 }
  return {
    taken: false,
    retryAfterSeconds: Math.max(1, Math.ceil(((1 - points) * limit.seconds) / limit.points)),
  }
}

/**
 * Returns the points in the bucket at `nowMs`. It is full if its time is further ahead than a whole
 * refill takes: that time was written before the clock was set back.
 */
export function refill(limit: Limit, bucket: Bucket, nowMs: number): number {
  if (limit === null) return bucket.points
  if (bucket.atMs - nowMs > limit.seconds * 1000) return limit.points
  const refilled = (Math.max(0, nowMs - bucket.atMs) * limit.points) / (limit.seconds * 1000)
  return Math.min(limit.points, bucket.points + refilled)
}
