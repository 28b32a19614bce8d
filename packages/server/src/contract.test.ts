import { join } from 'node:path'
import { startBackEnd } from './testing/contract/start-back-end.ts'
import { testAdapter } from './testing/contract/test-adapter.ts'

const fileOf = (name: string) => join(import.meta.dirname, 'testing/back-ends', `${name}.mjs`)

testAdapter({
  name: 'fastify',
  start: (given) => startBackEnd({ node: process.execPath, file: fileOf('fastify'), ...given }),
})

for (const name of ['express', 'express4'])
  testAdapter({
    name,
    start: (given) => startBackEnd({ node: process.execPath, file: fileOf(name), ...given }),
  })
