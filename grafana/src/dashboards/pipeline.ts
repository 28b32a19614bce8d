import { createDashboard } from '../create-dashboard.ts'
import { AT, createGraph, createStat } from '../panels.ts'

/** The way of the events: outbox, relay, Kafka, consumers. */
export const pipeline = createDashboard({
  uid: 'auto-refresh-pipeline',
  title: 'Auto Refresh Token / Pipeline',
  description:
    'The way of the events: outbox, relay, Kafka, consumers. Nothing is lost while it stands, and revocations do not depend on it.',
  rows: {
    Outbox: [
      createStat({
        title: 'Oldest unpublished event',
        description: 'Above a minute somebody is woken.',
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
        description: 'Of 16. One that has none is taken over when its lease of 10 s is over.',
        unit: 'short',
        width: 6,
        limits: { good: 16 },
        expr: `sum(auth_outbox_lanes_owned{${AT}})`,
      }),
      createStat({
        title: 'Dead letters',
        description:
          'Events in the chosen time that could not be decoded; they are in the topic with .dlq behind its name.',
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
        description: 'Events handed to Kafka. failed counts tries, each of which is made again.',
        unit: 'eps',
        width: 8,
        queries: {
          '{{result}}': `sum by (result) (rate(auth_events_published_total{${AT}}[$__rate_interval]))`,
        },
      }),
      createGraph({
        title: 'Processed by consumer',
        description: 'Every consumer gets every session event.',
        unit: 'eps',
        width: 8,
        queries: {
          '{{consumer}}': `sum by (consumer) (rate(auth_events_processed_total{${AT}}[$__rate_interval]))`,
        },
      }),
      createGraph({
        title: 'Consumer lag',
        description: 'Events still to be taken. Above 1000 for five minutes there is an alert.',
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
          'Delivery is at least once, so duplicates after a restart are in order. Failures are tried again.',
        unit: 'eps',
        width: 12,
        queries: {
          '{{consumer}} {{result}}': `sum by (consumer, result) (rate(auth_events_processed_total{${AT}, result!="handled"}[$__rate_interval]))`,
        },
      }),
      createGraph({
        title: 'Processed by type',
        description: 'As the audit trail keeps them.',
        unit: 'eps',
        width: 12,
        stacked: true,
        queries: {
          '{{type}}': `sum by (type) (rate(auth_events_processed_total{${AT}, consumer="cleanup-worker"}[$__rate_interval]))`,
        },
      }),
    ],
  },
})
