import {
  addSecretFiles,
  parseKafkaSettings,
  parseTogether,
  parseTopicSettings,
} from '@auto-refresh/service-kit/config'
import { EVENT_TOPICS } from '@auto-refresh/contracts'
import { createTopics } from '@auto-refresh/event-bus'
import { createLogger } from '@auto-refresh/service-kit/telemetry'
import { endWithFault } from './end-with-fault.ts'
import { refuseArguments } from './refuse-arguments.ts'
import { sayWithoutKafka } from './say-without-kafka.ts'

refuseArguments(
  'npm run topics, without arguments: makes the topics that are missing at KAFKA_BROKERS, and says how all of them stand.',
)

/** `npm run topics`: makes the topics that are missing, and says how all of them stand. */
try {
  const environment = addSecretFiles(process.env)
  sayWithoutKafka(environment)
  const { settings, shape } = parseTogether({
    settings: () => parseKafkaSettings(environment, 'topics'),
    shape: () => parseTopicSettings(environment),
  })
  const log = createLogger({ service: 'topics', level: 'error', destination: process.stderr })
  for (const { topic, partitions, created } of await createTopics({
    settings,
    log,
    topics: EVENT_TOPICS,
    ...shape,
  })) {
    process.stdout.write(
      `${topic}: ${partitions} partitions, ${created ? 'created' : 'was there'}\n`,
    )
  }
} catch (error) {
  endWithFault(error)
}
