import { ConfigError } from '@auto-refresh/config'
import { expect, test } from 'vitest'
import { connectBus } from './connect-bus.ts'

test.each([[undefined, /KAFKA_BROKERS is missing.*npm start/], [['localhost:9092'], /cannot speak to Kafka yet.*npm start/]])(
  'a service by itself does not run on a bus that nobody else hears: brokers %o',
  (brokers, sentence) => {
    expect(() => connectBus({ brokers })).toThrow(ConfigError)
    expect(() => connectBus({ brokers })).toThrow(sentence)
  },
)
