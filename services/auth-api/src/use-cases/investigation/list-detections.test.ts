import type { DetectionsRequest } from '@auto-refresh/contracts'
import { expect, test } from 'vitest'
import { aLog, SESSION_ID, USER_ID } from '../../testing/fakes.ts'
import { createListDetections } from './list-detections.ts'

const position = { at: '2026-11-23T12:00:00.123456Z', id: SESSION_ID }
function open() {
  const asked: DetectionsRequest[] = []
  const log = aLog()
  const listDetections = createListDetections({
    auditTrail: {
      async detections(request) {
        asked.push(request)
        return { detections: [], next: position }
      },
    },
    log,
  })
  return { listDetections, asked, log }
}

test('the filters and the cursor of the page before are passed on, and the read is logged', async () => {
  const { listDetections, asked, log } = open()
  const { nextCursor } = await listDetections({ actor: 'user:u' })
  await listDetections({
    actor: 'user:u',
    type: 'reuse',
    since: '2026-11-23T13:00:00+01:00',
    userId: USER_ID,
    sessionId: SESSION_ID,
    cursor: nextCursor,
  })
  expect(asked).toEqual([
    {},
    {
      type: 'reuse',
      since: '2026-11-23T12:00:00.000000Z',
      userId: USER_ID,
      sessionId: SESSION_ID,
      before: position,
    },
  ])
  expect(log.lines.join()).toContain('"actor":"user:u"')
})

test.each(['', 'x', position.at, `${position.at} ${position.id} x`, `${position.at} id`])(
  'a wrong cursor is rejected: %s',
  async (text) => {
    const cursor = Buffer.from(text).toString('base64url')
    await expect(open().listDetections({ actor: 'a', cursor })).rejects.toMatchObject({
      code: 'invalid_request',
    })
  },
)
