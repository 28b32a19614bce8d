import { testAdapter } from '../testing/contract/test-adapter.ts'

testAdapter('fastify')
