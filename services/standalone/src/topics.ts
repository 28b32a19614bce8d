import { parseKafkaSettings, parseTogether, parseTopicSettings } from '@auto-refresh/config'
import { EVENT_TOPICS } from '@auto-refresh/contracts'
import { createTopics } from '@auto-refresh/event-bus'
import { createLogger } from '@auto-refresh/telemetry'
import { endWithFault } from './end-with-fault.ts'
import { refuseArguments } from './refuse-arguments.ts'
import { sayWithoutKafka } from './say-without-kafka.ts'

refuseArguments('npm run topics, without arguments: makes the topics that are missing at KAFKA_BROKERS, and says how all of them stand.')
sayWithoutKafka(process.env)

/** `npm run topics`: makes the topics that are missing, and says how all of them stand. */
try {
  const { settings, shape } = parseTogether({ settings: () => parseKafkaSettings(process.env, 'topics'), shape: () => parseTopicSettings(process.env) })
  const log = createLogger({ service: 'topics', level: 'error', destination: process.stderr })
  for (const { topic, partitions, created } of await createTopics({ settings, log, topics: EVENT_TOPICS, ...shape })) {
    process.stdout.write(`${topic}: ${partitions} partitions, ${created ? 'created' : 'was there'}\n`)
  }
} catch (error) {
  endWithFault(error)
}
