import {
  LOGIN_EVENTS_TOPIC,
  SECURITY_EVENTS_TOPIC,
  SESSION_EVENTS_TOPIC,
} from '@auto-refresh/contracts'
import type { EventPublisher, EventSubscriber, Subscription } from '@auto-refresh/event-bus'
import type { Logger, Metrics } from '@auto-refresh/service-kit/telemetry'
import type { Clock } from '@auto-refresh/service-kit/timing'
import { toDetectionId } from './adapters/crypto/to-detection-id.ts'
import { createThreatMetrics } from './adapters/telemetry/create-threat-metrics.ts'
import { createWebhook } from './adapters/webhook/create-webhook.ts'
import { buildWindows } from './build-windows.ts'
import type { ThreatMonitorConfig } from './config.ts'
import { createWatchEvents } from './use-cases/watch-events.ts'

/** How long a stop waits for posts to the webhook. */
const DRAIN_MS = 2000

/**
 * Composition root: counts suspicious patterns in the events, and publishes them. All its state may
 * be lost.
 */
export function buildThreatMonitor({
  config,
  publisher,
  subscriber,
  logger,
  metrics: instruments,
  clock = { nowMs: () => Date.now() },
  redisAnswerMs,
}: {
  config: ThreatMonitorConfig
  publisher: Pick<EventPublisher, 'publish'>
  subscriber: EventSubscriber
  logger: Logger
  metrics: Metrics
  /** Unix time */
  clock?: Clock
  /** deadline of a Redis call in milliseconds, 50 by default */
  redisAnswerMs?: number
}) {
  const { windows, isShared, start, stop } = buildWindows({
    redisUrl: config.redisUrl,
    redisAnswerMs,
    clock,
    logger,
  })
  const webhook =
    config.webhook &&
    createWebhook({
      ...config.webhook,
      clock,
      random: Math.random,
      onResult: (result) => instruments.securityWebhooks.inc({ result }),
      onFailure: (reason) =>
        logger.warn({ reason }, 'Security webhook failed, retrying each detection'),
    })
  const watchEvents = createWatchEvents({
    thresholds: config.thresholds,
    windows,
    publish: (detections) => publisher.publish(SECURITY_EVENTS_TOPIC, detections),
    notifyOutside: (detection) => webhook?.notify(detection),
    toDetectionId,
    clock,
    metrics: createThreatMetrics({ logger, instruments }),
  })
  let subscription: Subscription | undefined

  return {
    /** Whether patterns are counted over all replicas. */
    isShared,
    /** Resolves when events are consumed. It does not wait for Redis. */
    async start() {
      start()
      subscription = await subscriber.subscribe({
        group: 'threat-monitor',
        topics: [SESSION_EVENTS_TOPIC, LOGIN_EVENTS_TOPIC],
        handleBatch: watchEvents,
      })
    },
    async stop() {
      await subscription?.close()
      await webhook?.stop({ drainMs: DRAIN_MS })
      await stop()
    },
  }
}
export type BuiltThreatMonitor = ReturnType<typeof buildThreatMonitor>
