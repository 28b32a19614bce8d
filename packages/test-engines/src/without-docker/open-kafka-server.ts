import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { findFreePort } from '@auto-refresh/embedded-postgres'
import { openOwnServer, type OwnServer } from './open-own-server.ts'
import { kafkaJars } from './kafka-jars.ts'

const run = promisify(execFile)

/**
 * One process as broker and controller. Groups start without delay, topics are not created
 * automatically, and a killed broker is forgotten soon: until then (9 s by default) it could not
 * come back.
 */
const toProperties = (
  folder: string,
  { broker, controller }: { broker: number; controller: number },
) => ({
  'process.roles': 'broker,controller',
  'node.id': 1,
  'controller.quorum.voters': `1@127.0.0.1:${controller}`,
  listeners: `PLAINTEXT://127.0.0.1:${broker},CONTROLLER://127.0.0.1:${controller}`,
  'advertised.listeners': `PLAINTEXT://127.0.0.1:${broker}`,
  'controller.listener.names': 'CONTROLLER',
  'listener.security.protocol.map': 'CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT',
  'log.dirs': join(folder, 'data'),
  'offsets.topic.replication.factor': 1,
  'offsets.topic.num.partitions': 4,
  'transaction.state.log.replication.factor': 1,
  'transaction.state.log.min.isr': 1,
  'share.coordinator.state.topic.replication.factor': 1,
  'share.coordinator.state.topic.min.isr': 1,
  'broker.session.timeout.ms': 3000,
  'broker.heartbeat.interval.ms': 500,
  'group.initial.rebalance.delay.ms': 0,
  'auto.create.topics.enable': false,
})

/** Starts a Kafka from Maven's jars on this machine's Java (17 or newer). */
export async function openKafkaServer(
  environment: NodeJS.ProcessEnv,
): Promise<OwnServer & { brokers: readonly string[] }> {
  const jars = await kafkaJars(environment)
  const java = environment['JAVA_HOME'] ? join(environment['JAVA_HOME'], 'bin/java') : 'java'
  const ports = { broker: await findFreePort(), controller: await findFreePort() }
  const server = await openOwnServer({
    name: 'kafka',
    ready: /Kafka Server started/,
    async prepare(folder) {
      const file = join(folder, 'server.properties')
      await writeFile(
        file,
        Object.entries(toProperties(folder, ports))
          .map(([name, value]) => `${name}=${value}\n`)
          .join(''),
      )
      const quick = ['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', '-cp', join(jars, '*')]
      // One id in 64 begins with a hyphen, which the tool would take for an option.
      const clusterId = randomBytes(16).toString('base64url').replace(/^-/, 'A')
      await run(
        java,
        [...quick, 'kafka.tools.StorageTool', 'format', '-t', clusterId, '-c', file],
        { env: environment },
      ).catch((error: unknown) => {
        throw toReason(error)
      })
      return { file: java, args: ['-Xmx384m', ...quick, 'kafka.Kafka', file] }
    },
  })
  return { ...server, brokers: [`127.0.0.1:${ports.broker}`] }
}

function toReason(error: unknown): Error {
  if (error instanceof Error && 'code' in error && error.code === 'ENOENT')
    return new Error('Java is not on the PATH', { cause: error })
  const output = error instanceof Error && 'stderr' in error ? String(error.stderr) : String(error)
  return new Error(`Formatting Kafka's storage failed: ${output.trim().split('\n').at(-1)}`, {
    cause: error,
  })
}
