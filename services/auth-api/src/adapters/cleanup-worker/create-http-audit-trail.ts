import {
  CodedError,
  DetectionsResult,
  TimelineResult,
  type AuditTrailReader,
} from '@auto-refresh/contracts'
import type { Static, TSchema } from 'typebox'
import { Compile } from 'typebox/compile'

/** Two attempts of a page fit into the 3 s of a request, except where it is read twice. */
const ATTEMPT_MS = 1300
const ATTEMPTS = 2

/**
 * Creates the client of cleanup-worker's internal HTTP API. A call that fails is repeated once, at
 * the next URL. Throws `CodedError('unavailable')`.
 */
export function createHttpAuditTrail({
  urls,
  apiKey,
  attemptMs = ATTEMPT_MS,
}: {
  urls: readonly string[]
  /** the first of `INTERNAL_API_KEYS` */
  apiKey: string
  /** deadline of an attempt, in milliseconds */
  attemptMs?: number
}): AuditTrailReader {
  let turn = 0

  function createMethod<Result extends TSchema>(
    verb: string,
    schema: Result,
  ): (request: object) => Promise<Static<Result>> {
    const checker = Compile(schema)

    async function attempt(request: object): Promise<Static<Result>> {
      turn += 1
      const base = (urls[turn % urls.length] ?? '').replace(/\/$/, '')
      const response = await fetch(`${base}/internal/v1/${verb}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' },
        body: JSON.stringify(request),
        redirect: 'manual',
        signal: AbortSignal.timeout(attemptMs),
      })
      if (response.status !== 200) {
        await response.body?.cancel()
        throw new Error(`cleanup-worker responded ${response.status}`)
      }
      const body: unknown = await response.json()
      if (!checker.Check(body)) throw new Error('Unexpected response body from cleanup-worker')
      return body
    }

    return async (request) => {
      for (let tries = 1; ; tries += 1) {
        try {
          return await attempt(request)
        } catch (cause) {
          if (tries < ATTEMPTS) continue
          throw new CodedError('unavailable', {
            cause: new Error(`cleanup-worker: ${verb} failed`, { cause }),
          })
        }
      }
    }
  }

  return {
    timeline: createMethod('timeline', TimelineResult),
    detections: createMethod('detections', DetectionsResult),
  }
}
