import { ConfigError, type ApiKey } from '@auto-refresh/contracts'
import { API_KEYS_IN_WORDS, parseApiKeys } from './parse-api-keys.ts'
import {
  parseAddressBlock,
  parseDomain,
  parseHost,
  parseHostAndPort,
  parseKey,
  parseKidAndKey,
  parseKidName,
  parseLimit,
  parseList,
  parseNumber,
  parseNumberOrTwo,
  parseOrigin,
  parseSecret,
  parseText,
  parseUrl,
  parseWebhookSecret,
  type Limit,
  type Parse,
  rangeInWords,
  type Range,
} from './parsers.ts'
import { addToRecording, type Description, type Environment } from './record-settings.ts'

export type { Environment }
/** Without a `default` the setting is required; `default: undefined` makes it optional. */
type Default<D> = { default?: D } & Description

/**
 * Reads settings and collects their faults; `done` throws all of them at once. Until then a faulty
 * setting has its default or an empty stand-in as its value. An empty text counts as absent. No
 * fault repeats a value. `recordSettings` collects the definitions.
 */
export function readEnvironment(environment: Environment) {
  const faults: string[] = []
  const places: { host: string; port: number; setting: string }[] = []

  function read<T, D>(
    name: string,
    expected: string,
    parse: Parse<T>,
    options: Default<D>,
    standIn: T,
  ): T | D {
    addToRecording(environment, { ...options, name, expected })
    const fallback = options.default === undefined ? standIn : options.default
    const text = environment[name]
    if (text === undefined || text === '') {
      if ('default' in options) return options.default
      faults.push(`${name} is missing; expected ${expected}`)
      return fallback
    }
    const parsed = parse(text)
    if ('value' in parsed) return parsed.value
    faults.push(`${name} ${parsed.wrong}; expected ${expected}`)
    return fallback
  }

  function readList<T, D>(
    name: string,
    expected: string,
    parse: Parse<T>,
    options: Default<D>,
    identity: (entry: T) => unknown = (entry) => entry,
  ) {
    return read<T[], D>(
      name,
      `${expected}, separated by commas`,
      parseList(parse, identity),
      options,
      [],
    )
  }

  const number = <D>(shape: 'integer' | 'decimal', name: string, options: Range & Default<D>) =>
    read<number, D>(
      name,
      `a ${shape === 'integer' ? 'whole' : 'decimal'} number${rangeInWords(options)}`,
      parseNumber(shape, options),
      options,
      options.min ?? 0,
    )

  const reader = {
    string: <D extends string | undefined = string>(name: string, options: Default<D> = {}) =>
      read<string, D>(name, 'a text without control characters', parseText, options, ''),
    integer: <D extends number | undefined = number>(
      name: string,
      options: Range & Default<D> = {},
    ) => number('integer', name, options),
    decimal: <D extends number | undefined = number>(
      name: string,
      options: Range & Default<D> = {},
    ) => number('decimal', name, options),
    /** One number for both, or two: `90/30`. The second is at most the first. */
    decimalOrTwo(name: string, options: Range & { default: number } & Description) {
      const value = read<readonly [number, number], number>(
        name,
        `a decimal number${rangeInWords(options)}, or two such as 90/30`,
        parseNumberOrTwo(options),
        options,
        [options.default, options.default],
      )
      return typeof value === 'number' ? ([value, value] as const) : value
    },
    boolean: <D extends boolean | undefined = boolean>(name: string, options: Default<D> = {}) =>
      read<boolean, D>(
        name,
        'true or false',
        (text) =>
          text === 'true' || text === 'false'
            ? { value: text === 'true' }
            : { wrong: 'is not valid' },
        options,
        false,
      ),
    oneOf<const T extends string>(
      name: string,
      values: readonly [T, ...T[]],
      options: Default<NoInfer<T>> = {},
    ): T {
      const parse: Parse<T> = (text) => {
        const value = values.find((candidate) => candidate === text)
        return value === undefined ? { wrong: 'is not valid' } : { value }
      }
      return read<T, T>(name, `one of ${values.join(', ')}`, parse, options, values[0])
    },
    /** A URL, unchanged. Protocols with their colon: `['https:']`. */
    url: <D extends string | undefined = string>(
      name: string,
      options: { protocols: readonly string[] } & Default<D>,
    ) =>
      read<string, D>(
        name,
        `a URL (${options.protocols.join(' or ')})`,
        parseUrl(options.protocols),
        options,
        '',
      ),
    host: (name: string, options: Default<string> = {}) =>
      read<string, string>(name, 'an IP address or a host name', parseHost, options, ''),
    /** Host names without a port. */
    hosts: <D extends readonly string[] | undefined = string[]>(
      name: string,
      options: Default<D> = {},
    ) => readList(name, 'host names without a port', parseHost, options),
    domain: <D extends string | undefined = string>(name: string, options: Default<D> = {}) =>
      read<string, D>(name, 'a domain such as example.com', parseDomain, options, ''),
    /**
     * Reads a host and a port to listen on; port 0 takes a free one. Two equal addresses are a
     * fault.
     */
    address(
      names: { host: string; port: string },
      defaults: { host?: string; port?: number },
      descriptions: { host?: Description; port?: Description } = {},
    ): { host: string; port: number } {
      const host = reader.host(names.host, { ...ofDefault(defaults.host), ...descriptions.host })
      const port = number<number>('integer', names.port, {
        min: 0,
        max: 65_535,
        ...ofDefault(defaults.port),
        ...descriptions.port,
      })
      const taken = places.find((place) => port > 0 && place.port === port && place.host === host)
      if (taken !== undefined)
        faults.push(`${names.port} is the same as ${taken.setting}; each needs a port of its own`)
      places.push({ host, port, setting: names.port })
      return { host, port }
    },
    /** `count/seconds`, or `off`. */
    limit(
      name: string,
      options: { default: `${number}/${number}` | 'off' } & Description,
    ): Limit | 'off' {
      const text = options.default
      const [points, seconds] = text.split('/').map(Number)
      const value = text === 'off' ? text : { points: points ?? 0, seconds: seconds ?? 0 }
      return read<Limit | 'off', Limit | 'off'>(
        name,
        'count/seconds, such as 10/300, or off',
        parseLimit,
        { ...options, default: value },
        'off',
      )
    },

    list: <D extends readonly string[] | undefined = string[]>(
      name: string,
      options: Default<D> = {},
    ) => readList(name, 'texts', parseText, options),
    /** URLs, unchanged. Protocols with their colon: `['https:']`. */
    urls: <D extends readonly string[] | undefined = string[]>(
      name: string,
      options: { protocols: readonly string[] } & Default<D>,
    ) =>
      readList(
        name,
        `URLs (${options.protocols.join(' or ')})`,
        parseUrl(options.protocols),
        options,
      ),
    integers: <D extends readonly number[] | undefined = number[]>(
      name: string,
      options: Range & Default<D> = {},
    ) =>
      readList(
        name,
        `whole numbers${rangeInWords(options)}`,
        parseNumber('integer', options),
        options,
      ),
    /** Exact origins as browsers send them: `https://app.example`. */
    origins: <D extends readonly string[] | undefined = string[]>(
      name: string,
      options: Default<D> = {},
    ) =>
      readList(
        name,
        'origins such as https://app.example (no path, no closing slash)',
        parseOrigin,
        options,
      ),
    /** IP addresses and blocks: `10.0.0.0/8`. */
    addressBlocks: <D extends readonly string[] | undefined = string[]>(
      name: string,
      options: Default<D> = {},
    ) => readList(name, 'IP addresses or blocks such as 10.0.0.0/8', parseAddressBlock, options),
    /** `host:port` entries. */
    endpoints: <D extends readonly string[] | undefined = string[]>(
      name: string,
      options: Default<D> = {},
    ) => readList(name, 'host:port entries', parseHostAndPort, options),

    /** One secret key of at least 32 bytes, in base64. */
    key: <D extends Buffer | undefined = Buffer>(name: string, options: Default<D> = {}) =>
      read<Buffer, D>(
        name,
        'at least 32 bytes in base64 (openssl rand -base64 32)',
        parseKey,
        options,
        Buffer.alloc(32),
      ),
    /** The secret that signs webhooks, in the format of Standard Webhooks. */
    webhookSecret: <D extends Buffer | undefined = Buffer>(
      name: string,
      options: Default<D> = {},
    ) =>
      read<Buffer, D>(
        name,
        'whsec_ and 24 to 64 bytes in base64',
        parseWebhookSecret,
        options,
        Buffer.alloc(24),
      ),
    /** Keys between services, of at least 32 characters each; callers send the first. */
    secrets: <D extends readonly string[] | undefined = string[]>(
      name: string,
      options: Default<D> = {},
    ) => readList(name, 'secrets of at least 32 visible characters', parseSecret, options),
    /** Keys of callers, with a name and scopes. */
    apiKeys: (name: string, options: Default<readonly ApiKey[]>) =>
      read(name, API_KEYS_IN_WORDS, parseApiKeys, options, []),
    /** `kid:base64` keys, the first of which is current; the kid is a name. */
    keys: <D extends undefined = never>(name: string, options: Default<D> = {}) =>
      readList(
        name,
        'kid:base64 keys of at least 32 bytes, the current one first',
        parseKidAndKey(parseKidName),
        options,
        ({ kid }) => kid,
      ),
    /** As `keys`, with kids from 0 to 255. */
    byteKeys: <D extends undefined = never>(name: string, options: Default<D> = {}) =>
      readList(
        name,
        'kid:base64 keys of at least 32 bytes, the current one first, kid from 0 to 255',
        parseKidAndKey(parseNumber('integer', { min: 0, max: 255 })),
        options,
        ({ kid }) => kid,
      ),

    /** Adds a fault of several settings together. */
    fault(sentence: string) {
      faults.push(sentence)
    },
    /** Returns the finished configuration, or throws a `ConfigError` that names every fault. */
    done<Config>(config: Config): Config {
      if (faults.length > 0) throw new ConfigError(faults)
      return config
    },
  }
  return reader
}
export type EnvironmentReader = ReturnType<typeof readEnvironment>

const ofDefault = <T>(value: T | undefined): Default<T> =>
  value === undefined ? {} : { default: value }
