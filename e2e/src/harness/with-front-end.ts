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
 * Starts one front end for all tests of a file; each test gets its own browser profile and its own
 * counts.
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
