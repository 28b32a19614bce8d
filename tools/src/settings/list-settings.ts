import {
  addSecretFiles,
  parseKafkaSettings,
  parseTopicSettings,
  parseTraceSettings,
  recordSettings,
  type SettingDefinition,
} from '../../../packages/service-kit/src/config/index.ts'
import {
  parseAuthApiConfig,
  parseAuthApiProcessConfig,
} from '../../../services/auth-api/src/config.ts'
import {
  parseCleanupWorkerConfig,
  parseCleanupWorkerProcessConfig,
} from '../../../services/cleanup-worker/src/config.ts'
import { parseStandaloneConfig } from '../../../services/standalone/src/config.ts'
import {
  parseThreatMonitorConfig,
  parseThreatMonitorProcessConfig,
} from '../../../services/threat-monitor/src/config.ts'
import {
  parseTokenStoreConfig,
  parseTokenStoreProcessConfig,
} from '../../../services/token-store/src/config.ts'

/** A setting with the processes that read it, each with its default there. */
export type Setting = Readonly<{
  definition: SettingDefinition
  readers: ReadonlyMap<string, string>
}>

const OF_SERVICES = {
  'auth-api': [parseAuthApiProcessConfig, parseAuthApiConfig],
  'token-store': [parseTokenStoreProcessConfig, parseTokenStoreConfig],
  'cleanup-worker': [parseCleanupWorkerProcessConfig, parseCleanupWorkerConfig],
  'threat-monitor': [parseThreatMonitorProcessConfig, parseThreatMonitorConfig],
}
export const SERVICES = Object.keys(OF_SERVICES)

/** Every setting that a process reads, with its definition. */
export function listSettings(): Setting[] {
  const shared = [
    ...recordSettings((environment) => parseKafkaSettings(environment, 'docs'), {
      KAFKA_SASL_MECHANISM: 'plain',
    }),
    ...recordSettings(addSecretFiles),
    ...recordSettings(parseTraceSettings),
  ]
  const settings = new Map<
    string,
    { definition: SettingDefinition; readers: Map<string, string> }
  >()
  const add = (reader: string, definitions: readonly SettingDefinition[]) => {
    for (const definition of definitions) {
      const { name } = definition
      const setting = settings.get(name) ?? { definition, readers: new Map<string, string>() }
      setting.readers.set(reader, definition.default)
      settings.set(name, setting)
    }
  }
  for (const [service, parsers] of Object.entries(OF_SERVICES))
    add(service, [...parsers.flatMap((parse) => recordSettings(parse)), ...shared])
  add('npm run topics', recordSettings(parseTopicSettings))
  add('standalone', [...recordSettings(parseStandaloneConfig), ...recordSettings(addSecretFiles)])
  return [...settings.values()]
}
