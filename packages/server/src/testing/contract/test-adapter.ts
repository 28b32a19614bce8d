import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startFakeAuthApi } from '../start-fake-auth-api.ts'
import { connections, doubleAnswers, hijacks, upgrades } from './connections.ts'
import { optionsFor, type Contract, type Scenarios } from './contract.ts'
import { outages } from './outages.ts'
import { optionalUser, refusals } from './refusals.ts'
import { renewals } from './renewals.ts'
import { responses } from './responses.ts'
import type { BackEnd } from './start-back-end.ts'

/** Tokens of the scenarios, which no log may contain. */
const TOKENS = /refresh-token-\d|new-(?:refresh|access)-\d|eyJ/
/** What not every framework can do. */
const PARTS = { optionalUser, upgrades, hijacks, doubleAnswers }

/**
 * The contract of every adapter: the same scenarios over HTTP, against a back end in its own process
 * and a fake auth-api. They look at the response and at what auth-api was asked.
 */
export function testAdapter({
  name,
  start,
  lacks = [],
}: {
  name: string
  /** starts a back end of `back-ends/` with these options of its adapter */
  start: (given: { options: object; upgrade?: boolean }) => Promise<BackEnd>
  /** parts that the framework cannot have */
  lacks?: readonly (keyof typeof PARTS)[]
}): void {
  const parts = Object.entries(PARTS).filter(([part]) => !lacks.some((lacked) => lacked === part))
  const scenarios: Scenarios = Object.assign(
    {},
    renewals,
    refusals,
    responses,
    connections,
    outages,
    ...parts.map(([, part]) => part),
  )

  describe.concurrent(`the adapter for ${name}`, () => {
    const started: { backEnd: BackEnd; close: () => Promise<unknown> }[] = []
    let contract: Contract

    async function startContract(given: { upgrade?: boolean } = {}): Promise<Contract> {
      const authApi = await startFakeAuthApi()
      const backEnd = await start({ options: optionsFor(authApi), ...given })
      started.push({ backEnd, close: authApi.close })
      return { authApi, url: backEnd.url, startOther: startContract }
    }

    beforeAll(async () => {
      contract = await startContract()
    })
    afterAll(async () => {
      for (const { backEnd, close } of started) {
        const { ended, written } = await backEnd.stop()
        await close()
        expect({ ended, written }).toMatchObject({ ended: 0 })
        expect(written).not.toMatch(/unhandled|uncaught|(?<!Experimental)Warning:/i)
        expect(written).not.toMatch(TOKENS)
      }
    })

    test.each(Object.entries(scenarios))('%s', async (_, scenario) => {
      await expect(scenario(contract)).resolves.toBeUndefined()
    })
  })
}
