import {
  DetectionsRequest,
  DetectionsResult,
  TimelineRequest,
  TimelineResult,
  type AuditTrailReader,
} from '@auto-refresh/contracts'
import { createInternalApp } from '@auto-refresh/service-kit/process'
import type { FastifyInstance } from 'fastify'

const BODY_LIMIT = 4096

/** The internal API for auth-api: reads of the audit trail. */
export function buildInternalApp({
  auditTrail,
  ...options
}: {
  auditTrail: AuditTrailReader
  apiKeys: readonly string[]
  onError: (error: unknown) => void
}): FastifyInstance {
  const app = createInternalApp({ ...options, bodyLimit: BODY_LIMIT })
  app.post<{ Body: TimelineRequest }>(
    '/internal/v1/timeline',
    { schema: { body: TimelineRequest, response: { 200: TimelineResult } } },
    ({ body }) => auditTrail.timeline(body),
  )
  app.post<{ Body: DetectionsRequest }>(
    '/internal/v1/detections',
    { schema: { body: DetectionsRequest, response: { 200: DetectionsResult } } },
    ({ body }) => auditTrail.detections(body),
  )
  return app
}
