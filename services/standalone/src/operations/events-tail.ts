import { EVENT_TOPICS } from '@auto-refresh/contracts'
import { readTopics } from '@auto-refresh/event-bus'
import { parseKafkaSettings, type Environment } from '@auto-refresh/service-kit/config'
import { createLogger } from '@auto-refresh/service-kit/telemetry'
import type { Command } from 'commander'
import { requireKafka } from './require-kafka.ts'

export function defineEventsTail(command: Command, readSettings: () => Environment): void {
  command
    .description('Prints the events at KAFKA_BROKERS from now on, one a line, until Ctrl-C.')
    .option('--all', 'print the events that are there, then end')
    .action(async ({ all = false }: { all?: boolean }) => {
      const environment = readSettings()
      requireKafka(environment)
      const ending = new AbortController()
      for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => ending.abort())
      await readTopics({
        settings: parseKafkaSettings(environment, 'events-tail'),
        log: createLogger({ service: 'events-tail', level: 'error', destination: process.stderr }),
        topics: EVENT_TOPICS,
        which: all ? 'everything' : 'from now',
        signal: ending.signal,
        onEvent({ time, type, subject, id, data }, { partition, offset }) {
          process.stdout.write(
            `${time} ${type} ${subject} event=${id} at=${partition}/${offset} ${JSON.stringify(data)}\n`,
          )
        },
      })
    })
}
