import { EVENT_TOPICS } from '@auto-refresh/contracts'
import { createTopics } from '@auto-refresh/event-bus'
import {
  findIgnoredSettings,
  parseKafkaSettings,
  parseTogether,
  parseTopicSettings,
  type Environment,
} from '@auto-refresh/service-kit/config'
import { createLogger } from '@auto-refresh/service-kit/telemetry'
import type { Command } from 'commander'
import { requireKafka } from './require-kafka.ts'

export function defineTopics(command: Command, readSettings: () => Environment): void {
  command
    .description(
      'Creates the topics that are missing at KAFKA_BROKERS, and prints the state of all of them.',
    )
    .action(async () => {
      const environment = readSettings()
      requireKafka(environment)
      const { settings, shape } = parseTogether({
        settings: () => parseKafkaSettings(environment, 'topics'),
        shape: () => parseTopicSettings(environment),
      })
      for (const sentence of findIgnoredSettings(environment)) process.stderr.write(`${sentence}\n`)
      const log = createLogger({ service: 'topics', level: 'error', destination: process.stderr })
      const states = await createTopics({ settings, log, topics: EVENT_TOPICS, ...shape })
      for (const { topic, partitions, created } of states) {
        process.stdout.write(
          `${topic}: ${partitions} partitions, ${created ? 'created' : 'was there'}\n`,
        )
      }
    })
}
