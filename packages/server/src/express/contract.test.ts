import { testAdapter } from '../testing/contract/test-adapter.ts'

testAdapter('express')
testAdapter('express4')
