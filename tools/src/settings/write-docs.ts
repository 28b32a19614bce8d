import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { listSettings } from './list-settings.ts'
import { renderConfiguration, renderEnvExample } from './render-settings.ts'

/** `npm run docs`: writes `.env.example` and `docs/configuration.md`. */
const root = join(import.meta.dirname, '../../..')
const template = readFileSync(join(import.meta.dirname, 'configuration.template.md'), 'utf8')
const settings = listSettings()
writeFileSync(join(root, '.env.example'), renderEnvExample(settings))
writeFileSync(join(root, 'docs/configuration.md'), renderConfiguration(template, settings))
