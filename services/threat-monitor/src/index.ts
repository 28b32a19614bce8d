export { buildThreatMonitor, type BuiltThreatMonitor } from './build-threat-monitor.ts'
export { parseThreatMonitorConfig, type ThreatMonitorConfig } from './config.ts'
