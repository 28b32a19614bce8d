import { expect, test, vi } from 'vitest'
import { openKafka } from './open-kafka.ts'

function openLogger() {
  const said: [string, string, object][] = []
  const log = {
    warn: (fields: object, message: string) => void said.push(['warn', message, fields]),
    info: (fields: object, message: string) => void said.push(['info', message, fields]),
  }
  return { said, kafka: openKafka({ brokers: ['k:9092'], clientId: 'test' }, log).logger() }
}

test('any other message of the library is a warning with broker, topic, group and cause', () => {
  const { said, kafka } = openLogger()
  const where = { broker: 'k:9092', topic: 't', groupId: 'g' }
  kafka.error('Connection error: no route', { ...where, error: new Error('no route') })
  kafka.warn('The topic is not authorized', { groupId: 'g', error: 'denied', memberId: 'm' })
  kafka.info('Consumer has joined the group', { groupId: 'g' })
  const library = 'kafkajs'
  expect(said).toEqual([
    [
      'warn',
      'Connection error: no route',
      { library, broker: 'k:9092', topic: 't', group: 'g', cause: 'no route' },
    ],
    ['warn', 'The topic is not authorized', { library, group: 'g', cause: 'denied' }],
  ])
})

test.each([
  'There is no leader for this topic-partition as we are in the middle of a leadership election',
  'This server does not host this topic-partition',
  'The group coordinator is not available',
  'The group is rebalancing, re-joining',
  "The coordinator is loading and hence can't process requests for this group",
  'GROUP_LOAD_IN_PROGRESS',
])('during the first minute it is information, later a warning: %s', (message) => {
  vi.useFakeTimers()
  const { said, kafka } = openLogger()
  kafka.error(message, { groupId: 'g' })
  vi.advanceTimersByTime(60_000)
  kafka.error(message, { groupId: 'g' })
  vi.useRealTimers()
  expect(said.map(([level, text]) => [level, text])).toEqual([
    ['info', message],
    ['warn', message],
  ])
})
