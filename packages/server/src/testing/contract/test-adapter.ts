import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startFakeAuthApi } from '../start-fake-auth-api.ts'
import { connections, doubleAnswers, hijacks, upgrades } from './connections.ts'
import { optionsFor, type Contract, type Scenarios } from './contract.ts'
import { outages } from './outages.ts'
import { optionalUser, refusals } from './refusals.ts'
import { renewals } from './renewals.ts'
import { responses } from './responses.ts'
import { startBackEnd, type BackEnd, type BackEndTraits } from './start-back-end.ts'

/** Tokens of the scenarios, which no log may contain. */
const TOKENS = /refresh-token-\d|new-(?:refresh|access)-\d|eyJ/
/** What not every framework can do. */
const PARTS = { optionalUser, upgrades, hijacks, doubleAnswers }

/** Back ends of `back-ends/`, with what their framework cannot have. */
const ADAPTERS = {
  fastify: [],
  express: [],
  express4: [],
  // A handler returns one response, and has no socket.
  fetch: ['doubleAnswers', 'hijacks'],
} as const satisfies Record<string, (keyof typeof PARTS)[]>
export type AdapterName = keyof typeof ADAPTERS
export const ADAPTER_NAMES = Object.keys(ADAPTERS) as AdapterName[]

/**
 * The contract of every adapter: the same scenarios over HTTP, against a back end in its own process
 * and a fake auth-api. They look at the response and at what auth-api was asked.
 */
export function testAdapter(
  name: AdapterName,
  {
    where = 'from its sources',
    node = process.execPath,
    folder = () => join(import.meta.dirname, '../back-ends'),
  }: {
    /** for the titles */
    where?: string
    /** the executable that runs the back end */
    node?: string
    /** with the files of `back-ends/`; called when the tests begin */
    folder?: () => string
  } = {},
): void {
  const lacks: readonly string[] = ADAPTERS[name]
  const parts = Object.entries(PARTS).filter(([part]) => !lacks.includes(part))
  const scenarios: Scenarios = Object.assign(
    {},
    renewals,
    refusals,
    responses,
    connections,
    outages,
    ...parts.map(([, part]) => part),
  )

  describe.concurrent(`the adapter for ${name}, ${where}`, () => {
    const started: { backEnd: BackEnd; close: () => Promise<unknown> }[] = []
    let contract: Contract

    async function startContract(traits: BackEndTraits = {}): Promise<Contract> {
      const authApi = await startFakeAuthApi()
      const backEnd = await startBackEnd({
        node,
        file: join(folder(), `${name}.mjs`),
        options: optionsFor(authApi),
        traits,
      })
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
