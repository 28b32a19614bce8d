export { startAdminServer } from './start-admin-server.ts'
export { boundConnections } from './bound-connections.ts'
export {
  createLogger,
  createSilentLogger,
  LOG_LEVELS,
  type Logger,
  type LogLevel,
} from './logger.ts'
export { CONSUMERS, describeInstruments } from './instruments.ts'
export { maskSecrets, maskTokens } from './mask-secrets.ts'
export { createMetrics, type Metrics } from './metrics.ts'
