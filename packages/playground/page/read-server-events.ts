export type ServerEvent = { type: string; data: Record<string, unknown> }

/**
 * Yields the server-sent events of a response until it ends. Comments, such as the heartbeat, are
 * skipped.
 */
export async function* readServerEvents(
  body: ReadableStream<Uint8Array<ArrayBuffer>>,
): AsyncGenerator<ServerEvent> {
  let rest = ''
  for await (const text of body.pipeThrough(new TextDecoderStream())) {
    const blocks = (rest + text).split('\n\n')
    rest = blocks.pop() ?? ''
    for (const block of blocks) {
      const fields = new Map(
        block.split('\n').map((line): [string, string] => {
          const colon = line.indexOf(':')
          return [line.slice(0, colon), line.slice(colon + 2)]
        }),
      )
      const type = fields.get('event')
      if (type !== undefined)
        yield { type, data: JSON.parse(fields.get('data') ?? '{}') as Record<string, unknown> }
    }
  }
}
