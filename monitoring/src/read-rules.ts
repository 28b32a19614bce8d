import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'

const RULES = join(import.meta.dirname, '../prometheus/rules')

type Rule = Readonly<{
  record?: string
  alert?: string
  expr: string
  for?: string
  labels?: Record<string, string>
  annotations?: Record<string, string>
}>
type Alert = Rule & Readonly<{ alert: string; file: string }>

export const RULE_FILES = readdirSync(RULES).map((name) => join(RULES, name))

/** Returns every rule of the repository, with its file. */
export function readRules(): (Rule & { file: string })[] {
  return RULE_FILES.flatMap((file) => {
    const { groups } = parse(readFileSync(file, 'utf8')) as { groups: { rules: Rule[] }[] }
    return groups.flatMap(({ rules }) => rules.map((rule) => ({ ...rule, file })))
  })
}

/** Returns the alerting rules. */
export const readAlerts = (): Alert[] =>
  readRules().flatMap((rule) => (rule.alert === undefined ? [] : [{ ...rule, alert: rule.alert }]))
