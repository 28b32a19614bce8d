import type { BrowserContext } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest'
import { startFrontEnd, type FrontEnd } from './start-front-end.ts'

export type Given = {
  front: FrontEnd
  /** one user's browser */ context: BrowserContext
  /** what the server has counted since the test began */ counted: Awaited<
    ReturnType<FrontEnd['watch']>
  >
}

/**
 * One front end for all tests of a file; each test has a browser profile and a count of its own.
 */
export function withFrontEnd(settings: Parameters<typeof startFrontEnd>[0]): Given {
  const given = {} as Given
  beforeAll(async () => {
    given.front = await startFrontEnd(settings)
  })
  beforeEach(async () => {
    given.context = await given.front.newContext()
    given.counted = await given.front.watch()
  })
  afterEach(async () => {
    await given.context.close()
    for (const line of [given.front.home, given.front.api]) line.forget()
  })
  afterAll(() => given.front.close())
  return given
}
