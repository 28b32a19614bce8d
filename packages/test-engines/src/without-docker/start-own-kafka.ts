import { openKafkaServer } from './open-kafka-server.ts'
import type { OwnServer } from './open-own-server.ts'

export type OwnKafka = OwnServer & Readonly<{ brokers: readonly string[] }>

/**
 * Starts a private Kafka on this machine, for tests that stop and kill it. Throws the reason if
 * that is impossible.
 */
export async function startOwnKafka(
  environment: NodeJS.ProcessEnv = process.env,
): Promise<OwnKafka> {
  try {
    return await openKafkaServer(environment)
  } catch (error) {
    throw new Error(
      'There is no Kafka for tests: set TEST_KAFKA_BROKERS, start Docker, or install Java 17 and Maven ' +
        `(${error instanceof Error ? error.message : String(error)})`,
      { cause: error },
    )
  }
}
