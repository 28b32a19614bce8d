import { addSecretFiles, parseKafkaSettings } from '@auto-refresh/service-kit/config'
import { EVENT_TOPICS } from '@auto-refresh/contracts'
import { readTopics } from '@auto-refresh/event-bus'
import { createLogger } from '@auto-refresh/service-kit/telemetry'
import { endWithFault } from './end-with-fault.ts'
import { refuseArguments } from './refuse-arguments.ts'
import { sayWithoutKafka } from './say-without-kafka.ts'

refuseArguments(
  'npm run events:tail [-- --all]: prints the events at KAFKA_BROKERS from now on, until Ctrl-C; --all prints those that are there, and ends.',
  ['--all'],
)

/**
 * `npm run events:tail [-- --all]`: prints the stream of events for a person, one a line, until
 * Ctrl-C; with `--all` those that are there.
 */
try {
  const environment = addSecretFiles(process.env)
  sayWithoutKafka(environment)
  const ending = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => ending.abort())
  await readTopics({
    settings: parseKafkaSettings(environment, 'events-tail'),
    log: createLogger({ service: 'events-tail', level: 'error', destination: process.stderr }),
    topics: EVENT_TOPICS,
    which: process.argv.includes('--all') ? 'everything' : 'from now',
    signal: ending.signal,
    onEvent({ time, type, subject, id, data }, { partition, offset }) {
      process.stdout.write(
        `${time} ${type} ${subject} event=${id} at=${partition}/${offset} ${JSON.stringify(data)}\n`,
      )
    },
  })
} catch (error) {
  endWithFault(error)
}
