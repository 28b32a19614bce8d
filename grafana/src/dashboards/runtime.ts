import { createDashboard } from '../create-dashboard.ts'
import { AT, createGraph, createHeatmap, createStat } from '../panels.ts'
import { perSecond } from '../promql.ts'

const PROCESS = '{{job}} {{instance}}'

/** The processes: event loop, memory, database, clean-up. */
export const runtime = createDashboard({
  uid: 'auto-refresh-runtime',
  title: 'Auto Refresh Token / Runtime',
  description:
    'The processes: versions, event loop, memory, database connections, batches, clean-up.',
  rows: {
    Processes: [
      createStat({
        title: 'Processes up',
        description: 'Targets that Prometheus can scrape.',
        unit: 'short',
        width: 6,
        limits: { good: 1 },
        expr: `sum(up{${AT}})`,
      }),
      createStat({
        title: 'No token-store up',
        description:
          "Seconds in the selected time without a token-store. They are not counted towards a token's age.",
        unit: 's',
        width: 6,
        limits: { bad: 1 },
        expr: `sum(increase(auth_downtime_seconds_total{${AT}}[$__range]))`,
      }),
      createGraph({
        title: 'Versions running',
        description: 'Processes by service and version; two versions while a release rolls out.',
        unit: 'short',
        width: 6,
        height: 4,
        queries: {
          '{{service}} {{version}}': `count by (service, version) (auth_build_info{${AT}})`,
        },
      }),
      createGraph({
        title: 'Running since',
        description: 'Time since the start. A drop to zero is a restart.',
        unit: 's',
        width: 6,
        height: 4,
        queries: { [PROCESS]: `time() - process_start_time_seconds{${AT}}` },
      }),
    ],
    Node: [
      createGraph({
        title: 'Event loop lag p99',
        description: 'Every response of a process is delayed by this.',
        unit: 's',
        width: 8,
        limits: { warn: 0.1, bad: 0.25 },
        queries: { [PROCESS]: `nodejs_eventloop_lag_p99_seconds{${AT}}` },
      }),
      createGraph({
        title: 'CPU',
        description: 'Cores in use. Node uses one for JavaScript and some for cryptography.',
        unit: 'cores',
        width: 8,
        queries: { [PROCESS]: `rate(process_cpu_seconds_total{${AT}}[$__rate_interval])` },
      }),
      createGraph({
        title: 'Garbage collection',
        description: 'Share of time spent in garbage collection.',
        unit: 'percentunit',
        width: 8,
        queries: {
          [PROCESS]: perSecond('nodejs_gc_duration_seconds_sum', { by: 'job, instance' }),
        },
      }),
      createGraph({
        title: 'Memory',
        description: 'Resident memory. A constant rise is a leak.',
        unit: 'bytes',
        width: 8,
        queries: { [PROCESS]: `process_resident_memory_bytes{${AT}}` },
      }),
      createGraph({
        title: 'Heap used',
        description: 'JavaScript heap in use.',
        unit: 'bytes',
        width: 8,
        queries: { [PROCESS]: `nodejs_heap_size_used_bytes{${AT}}` },
      }),
      createGraph({
        title: 'Open files and sockets',
        description: 'Open file descriptors.',
        unit: 'short',
        width: 8,
        queries: { [PROCESS]: `process_open_fds{${AT}}` },
      }),
    ],
    Database: [
      createGraph({
        title: 'Connections by state',
        description: 'Sum over all connection pools.',
        unit: 'short',
        width: 8,
        stacked: true,
        queries: {
          '{{job}} {{state}}': `sum by (job, state) (auth_db_pool_connections{${AT}, state!="waiting"})`,
        },
      }),
      createGraph({
        title: 'Waiting for a connection',
        description:
          'Requests that wait for a database connection. More than none for a minute fires an alert.',
        unit: 'short',
        width: 8,
        limits: { bad: 1 },
        queries: { [PROCESS]: `auth_db_pool_connections{${AT}, state="waiting"}` },
      }),
      createHeatmap({
        title: 'Rotations in one transaction',
        description: 'Batch sizes grow with the load, which raises the throughput of token-store.',
        unit: 'short',
        width: 8,
        expr: perSecond('auth_rotation_batch_size_bucket', { by: 'le' }),
      }),
    ],
    'Clean-up': [
      createStat({
        title: 'Since the last clean-up',
        description: 'By any replica. It runs every minute; above 15 minutes an alert fires.',
        unit: 's',
        width: 8,
        height: 8,
        limits: { warn: 180, bad: 900 },
        expr: `time() - max(auth_cleanup_last_success_timestamp_seconds{${AT}})`,
      }),
      createGraph({
        title: 'Expired sessions not yet deleted',
        description: 'Counted up to 100,000. They cannot be used.',
        unit: 'short',
        width: 8,
        queries: { sessions: `max(auth_cleanup_backlog_sessions{${AT}})` },
      }),
      createGraph({
        title: 'Clock offset',
        description:
          "The database's clock minus each auth-api's. Above 0.5 s an alert fires; above 5 s the replica is not ready.",
        unit: 's',
        width: 8,
        queries: { '{{instance}}': `auth_clock_offset_seconds{${AT}}` },
      }),
      createGraph({
        title: 'Sweep refused',
        description:
          '1 while the sweep deletes nothing, because the clock of the database may be wrong.',
        unit: 'short',
        width: 8,
        queries: { '{{reason}}': `max by (reason) (auth_cleanup_refused{${AT}})` },
      }),
      createGraph({
        title: 'Sessions deleted',
        description: 'In batches of 500, with a pause after each.',
        unit: 'ops',
        width: 8,
        queries: {
          '{{instance}}': `rate(auth_cleanup_deleted_sessions_total{${AT}}[$__rate_interval])`,
        },
      }),
    ],
  },
})
