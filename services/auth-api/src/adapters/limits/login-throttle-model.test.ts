import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { LoginThrottle } from '../../ports/sign-in-limits.ts'
import { createBoundedLimiter } from './create-bounded-limiter.ts'
import { createLoginThrottle } from './create-login-throttle.ts'

type Attempt = { usernameKey: string; block: string }
type Taken = Awaited<ReturnType<LoginThrottle['take']>>
type Begun = { attempt: Attempt; deadline: AbortController; settled: boolean; taken?: Taken }

const idle = () => new Promise((resolve) => setImmediate(resolve))

function setUp() {
  const limiter = (points: number) => createBoundedLimiter({ limit: { points, seconds: 3600 } })
  const throttle = createLoginThrottle({
    perPair: limiter(2),
    perAddress: limiter(3),
    perAccount: limiter(3),
    perDevice: limiter(1),
    slowLane: limiter(1),
    strangers: limiter(1),
    recorded: limiter(1),
    isFamiliar: async ({ usernameKey }) => usernameKey === 'ada',
  })
  return (attempt: Attempt): Begun => {
    const begun: Begun = { attempt, deadline: new AbortController(), settled: false }
    const settle = () => {
      begun.settled = true
    }
    const keep = (taken: Taken) => Object.assign(begun, { taken })
    throttle.take(attempt, begun.deadline.signal).then(keep, settle).finally(settle)
    return begun
  }
}

const attempts = fc.record({
  usernameKey: fc.constantFrom('ada', 'bob', 'cy'),
  block: fc.constantFrom('2001:db8:1:0::/64', '2001:db8:1:1::/64', '203.0.113.7/32'),
})
const steps = fc.oneof(
  { weight: 5, arbitrary: fc.record({ does: fc.constant('begin' as const), attempt: attempts }) },
  {
    weight: 3,
    arbitrary: fc.record({
      does: fc.constantFrom('end right' as const, 'end wrong' as const),
      which: fc.nat(),
    }),
  },
  { weight: 1, arbitrary: fc.record({ does: fc.constant('give up' as const), which: fc.nat() }) },
)
/** Some steps follow at once, others after all pending work has settled. */
const histories = fc.array(fc.record({ step: steps, rests: fc.boolean() }), {
  minLength: 20,
  maxLength: 60,
  size: 'max',
})

test('no sign-in waits while a later one would be decided at once', async () => {
  await fc.assert(
    fc.asyncProperty(histories, async (all) => {
      const begin = setUp()
      const begun: Begun[] = []
      for (const { step, rests } of all) {
        if (step.does === 'begin') begun.push(begin(step.attempt))
        else if (step.does === 'give up') begun[step.which % begun.length]?.deadline.abort()
        else await end(begun, step)
        if (rests) await idle()
      }
      await idle()
      for (const { attempt, settled } of begun) {
        if (settled) continue
        const later = begin(attempt)
        await idle()
        expect(later.settled).toBe(false)
      }
    }),
    { numRuns: 300 },
  )
})

const ended = new WeakSet<Begun>()
type End = { does: 'end right' | 'end wrong'; which: number }
async function end(begun: readonly Begun[], { does, which }: End): Promise<void> {
  const open = begun.filter((one) => one.taken?.allowed === true && !ended.has(one))
  const one = open[which % open.length]
  if (one?.taken?.allowed !== true) return
  ended.add(one)
  await one.taken.end(does === 'end right' ? 'right' : 'wrong')
}
