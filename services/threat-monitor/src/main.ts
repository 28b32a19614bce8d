import { connectKafka } from '@auto-refresh/event-bus'
import { runService } from '@auto-refresh/service-kit/process'
import { buildThreatMonitor } from './build-threat-monitor.ts'
import { parseThreatMonitorConfig, parseThreatMonitorProcessConfig } from './config.ts'

await runService(
  'threat-monitor',
  { config: parseThreatMonitorConfig, own: parseThreatMonitorProcessConfig },
  async ({ config, kafka, defer, logger, metrics }) => {
    const bus = defer(connectKafka(kafka))
    const deps = { config, publisher: bus, subscriber: bus, logger, metrics }
    await defer(buildThreatMonitor(deps)).start()
  },
)
