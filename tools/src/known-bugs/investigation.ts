import type { KnownBug } from './known-bug.ts'

const timeline = {
  workspace: 'services/auth-api',
  file: 'services/auth-api/src/use-cases/investigation/read-timeline.ts',
  project: 'unit',
  test: 'read-timeline',
} as const

/** Bugs of timelines, detections and the webhook. */
export const INVESTIGATION: readonly KnownBug[] = [
  {
    name: 'a page of a timeline loses the rest of its last moment',
    file: 'services/cleanup-worker/src/adapters/postgres/read-rotation-runs.ts',
    find: 'rows} rows with ties',
    replace: 'rows} rows only',
    workspace: 'services/cleanup-worker',
    project: 'int',
    test: 'audit-history',
  },
  {
    ...timeline,
    name: 'without the audit trail a part of a story is shown as the whole',
    find: 'let trail = await auditTrail.timeline({ subject: of, window })',
    replace:
      'let trail = await auditTrail.timeline({ subject: of, window }).catch((): TimelineResult => ({ entries: [] }))',
  },
  {
    ...timeline,
    name: 'a timeline is read without a record of the reader',
    find: "log.info({ event: 'timeline_read', actor, ...of }, 'Timeline read')",
    replace: '',
  },
  {
    name: 'the user agent of a thief becomes a link in a chat',
    file: 'services/threat-monitor/src/adapters/webhook/describe-detection.ts',
    find: ".replaceAll(/[^\\w ./();,-]/g, '')",
    replace: '',
    workspace: 'services/threat-monitor',
    project: 'unit',
    test: 'describe-detection',
  },
]
