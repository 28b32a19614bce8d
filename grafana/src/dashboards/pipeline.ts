import { createDashboard } from '../create-dashboard.ts'
import { AT, createGraph, createStat } from '../panels.ts'
import { perSecond } from '../promql.ts'

/** The path of the events: outbox, relay, Kafka, consumers. */
export const pipeline = createDashboard({
  uid: 'auto-refresh-pipeline',
  title: 'Auto Refresh Token / Pipeline',
  description:
    'The path of the events: outbox, relay, Kafka, consumers. ' +
    'An outage delays events and loses none; revocations do not depend on it.',
  rows: {
    Outbox: [
      createStat({
        title: 'Oldest unpublished event',
        description: 'Above a minute an alert pages.',
        unit: 's',
        width: 6,
        limits: { warn: 5, bad: 60 },
        expr: `max(auth_outbox_oldest_event_age_seconds{${AT}})`,
      }),
      createStat({
        title: 'Unpublished events',
        description: 'Counted up to 100,000.',
        unit: 'short',
        width: 6,
        limits: { warn: 1000, bad: 20_000 },
        expr: `max(auth_outbox_pending_events{${AT}})`,
      }),
      createStat({
        title: 'Lanes with an owner',
        description:
          'Of 16. A lane without an owner is taken over when its lease of 10 s has expired.',
        unit: 'short',
        width: 6,
        limits: { good: 16 },
        expr: `sum(auth_outbox_lanes_owned{${AT}})`,
      }),
      createStat({
        title: 'Dead letters',
        description:
          'Events in the selected time that could not be decoded; they are in the topic with the suffix .dlq.',
        unit: 'short',
        width: 6,
        decimals: 0,
        limits: { bad: 0.5 },
        expr: `sum(increase(auth_events_dead_lettered_total{${AT}}[$__range]))`,
      }),
      createGraph({
        title: 'Unpublished events and the age of the oldest',
        description: 'Every replica of token-store measures the same outbox.',
        unit: 'short',
        width: 12,
        queries: {
          events: `max(auth_outbox_pending_events{${AT}})`,
          'age of the oldest in seconds': `max(auth_outbox_oldest_event_age_seconds{${AT}})`,
        },
      }),
      createGraph({
        title: 'Lanes by replica',
        description: 'The replicas share the 16 lanes; after a restart the shares even out.',
        unit: 'short',
        width: 12,
        stacked: true,
        queries: { '{{instance}}': `auth_outbox_lanes_owned{${AT}}` },
      }),
    ],
    'Relay and consumers': [
      createGraph({
        title: 'Published',
        description: 'Events published to Kafka. failed counts attempts, each of which is retried.',
        unit: 'eps',
        width: 8,
        queries: {
          '{{result}}': perSecond('auth_events_published_total', { by: 'result' }),
        },
      }),
      createGraph({
        title: 'Processed by consumer',
        description: 'Every consumer receives every session event.',
        unit: 'eps',
        width: 8,
        queries: {
          '{{consumer}}': perSecond('auth_events_processed_total', { by: 'consumer' }),
        },
      }),
      createGraph({
        title: 'Consumer lag',
        description: 'Events not yet processed. Above 1000 for five minutes an alert fires.',
        unit: 'short',
        width: 8,
        limits: { bad: 1000 },
        queries: {
          '{{consumer}} {{topic}}': `sum by (consumer, topic) (auth_event_consumer_lag{${AT}})`,
        },
      }),
      createGraph({
        title: 'Duplicates and failures',
        description:
          'Delivery is at least once, so duplicates after a restart are normal. Failures are retried.',
        unit: 'eps',
        width: 12,
        queries: {
          '{{consumer}} {{result}}': perSecond('auth_events_processed_total', {
            by: 'consumer, result',
            where: 'result!="handled"',
          }),
        },
      }),
      createGraph({
        title: 'Processed by type',
        description: 'Events stored in the audit trail.',
        unit: 'eps',
        width: 12,
        stacked: true,
        queries: {
          '{{type}}': perSecond('auth_events_processed_total', {
            by: 'type',
            where: 'consumer="cleanup-worker"',
          }),
        },
      }),
    ],
  },
})
