export { ConfigError } from '@auto-refresh/contracts'
export { addSecretFiles } from './add-secret-files.ts'
export { findIgnoredSettings } from './find-ignored-settings.ts'
export { findReplacedSettings } from './find-replaced-settings.ts'
export { checkTogether, parseTogether } from './parse-together.ts'
export { parseKafkaSettings, parseTopicSettings } from './parse-kafka-settings.ts'
export { parseTraceSettings } from './parse-trace-settings.ts'
export type { Limit } from './parsers.ts'
export { PRODUCT_VERSION } from './product-version.ts'
export { readEnvironment, type Environment, type EnvironmentReader } from './read-environment.ts'
export { recordSettings, type SettingDefinition, type SettingSection } from './record-settings.ts'
export {
  readAdminAddress,
  readAuditRetentionDays,
  readDatabaseUrl,
  readHost,
  readHttpAddress,
  readInternalApiKeys,
  readLogLevel,
  readNodeEnv,
  readOptionalDatabaseUrl,
  readRedisUrl,
  readRefreshLimit,
} from './shared-settings.ts'
