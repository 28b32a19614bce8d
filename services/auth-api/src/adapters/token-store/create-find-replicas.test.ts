import { expect, test } from 'vitest'
import { createFindReplicas } from './create-find-replicas.ts'

const turn = () => new Promise((resolve) => setImmediate(resolve))

function open(urls: string[]) {
  const state = { nowMs: 0, addresses: ['10.0.0.1'], fails: false, lookups: 0 }
  const findReplicas = createFindReplicas({
    urls,
    nowMs: () => state.nowMs,
    async lookup() {
      state.lookups += 1
      if (state.fails) throw new Error('ENOTFOUND')
      return state.addresses
    },
  })
  const addresses = async () => (await findReplicas()).map(({ address }) => address)
  return { state, addresses }
}

test('a name is resolved to all its addresses; an address is not looked up', async () => {
  const { state, addresses } = open(['http://store:1', 'http://127.0.0.1:2', 'http://[::1]:3'])
  state.addresses = ['10.0.0.1', '10.0.0.2']
  expect((await addresses()).toSorted()).toEqual(['10.0.0.1', '10.0.0.2', '127.0.0.1', '::1'])
  expect(state.lookups).toBe(1)
})

test('names are looked up again in the background, at most every two seconds', async () => {
  const { state, addresses } = open(['http://store:1'])
  await Promise.all([addresses(), addresses()])
  state.addresses = ['10.0.0.9']
  state.nowMs = 1999
  await addresses()
  expect(state.lookups).toBe(1)
  state.nowMs = 2000
  expect(await addresses()).toEqual(['10.0.0.1'])
  await turn()
  expect(await addresses()).toEqual(['10.0.0.9'])
  expect(state.lookups).toBe(2)
})

test('a name whose lookup fails or is empty keeps its addresses', async () => {
  const { state, addresses } = open(['http://store:1'])
  await addresses()
  for (const failure of [{ fails: true }, { fails: false, addresses: [] }]) {
    Object.assign(state, failure)
    state.nowMs += 2000
    await addresses()
    await turn()
    expect(await addresses()).toEqual(['10.0.0.1'])
  }
})

test('without any address it throws, and the next call looks up again', async () => {
  const { state, addresses } = open(['http://store:1'])
  state.fails = true
  await expect(addresses()).rejects.toMatchObject({
    message: 'The host names resolve to no address',
    cause: { message: 'ENOTFOUND' },
  })
  state.fails = false
  expect(await addresses()).toEqual(['10.0.0.1'])
})
