import {
  CodedError,
  DetectionsData,
  DetectionsQuery,
  IdParams,
  TimelineData,
  TimelineQuery,
} from '@auto-refresh/contracts'
import { toActorText } from '../../../../ports/actor.ts'
import type { TimelinePage } from '../../../../use-cases/investigation/read-timeline.ts'
import type { App, RouteDeps } from '../route.ts'
import { actorOf, adminSchema } from './admin-schemas.ts'
import type { RequireAdmin } from './create-require-admin.ts'
import { toId } from './to-id.ts'

/** Adds the routes that answer "was somebody in my account?". */
export function addInvestigation(
  app: App,
  { administration: { readTimeline, listDetections } }: RouteDeps,
  requireAdmin: RequireAdmin,
): void {
  const onRequest = requireAdmin('read')
  const timeline = { params: IdParams, querystring: TimelineQuery }

  const ofUser = {
    ...adminSchema('getUserTimeline', 'What happened to a user, in the order of time', {
      needed: 'read',
      data: TimelineData,
    }),
    ...timeline,
  }
  app.get('/users/:id/timeline', { schema: ofUser, onRequest }, async (request) =>
    toResponse(
      await readTimeline({
        ...request.query,
        of: { userId: toId(request.params) },
        actor: toActorText(actorOf(request)),
      }),
    ),
  )

  const ofSession = {
    ...adminSchema('getSessionTimeline', 'What happened in a session, in the order of time', {
      needed: 'read',
      data: TimelineData,
    }),
    ...timeline,
  }
  app.get('/sessions/:id/timeline', { schema: ofSession, onRequest }, async (request) =>
    toResponse(
      await readTimeline({
        ...request.query,
        of: { sessionId: toId(request.params) },
        actor: toActorText(actorOf(request)),
      }),
    ),
  )

  const detections = {
    ...adminSchema('listDetections', 'Suspicious patterns and reuses, newest first', {
      needed: 'read',
      data: DetectionsData,
    }),
    querystring: DetectionsQuery,
  }
  app.get('/detections', { schema: detections, onRequest }, async (request) => {
    const { user_id: userId, session_id: sessionId, ...query } = request.query
    const page = await listDetections({
      ...query,
      userId,
      sessionId,
      actor: toActorText(actorOf(request)),
    })
    return {
      status: 200,
      message: 'Detections retrieved successfully',
      data: { detections: page.detections, ...toNext(page.nextCursor) },
    }
  })
}

function toResponse(page: TimelinePage) {
  if (page.outcome === 'not_found') throw new CodedError('not_found')
  return {
    status: 200,
    message: 'Timeline retrieved successfully',
    data: { entries: page.entries, ...toNext(page.nextCursor) },
  }
}

const toNext = (next: string | undefined) => (next === undefined ? {} : { next })
