import { once } from 'node:events'
import { request } from 'node:http'
import { connect } from 'node:net'
import { expect } from 'vitest'
import {
  createSession,
  expectRenewed,
  expectUnrenewed,
  noted,
  type Contract,
  type Scenarios,
} from './contract.ts'
import { open, within, type Sent } from './send.ts'

/** Sends requests at once on one connection, and returns the text of each response. */
async function pipeline({ url }: Contract, requests: readonly Sent['headers'][]) {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  const last = requests.length - 1
  socket.write(
    requests
      .map((headers = [], index) => [
        'GET /cases HTTP/1.1',
        'host: localhost',
        `connection: ${index === last ? 'close' : 'keep-alive'}`,
        ...headers.map((field) => field.join(': ')),
      ])
      .map((lines) => `${lines.join('\r\n')}\r\n\r\n`)
      .join(''),
  )
  let text = ''
  const ended = (async () => {
    for await (const chunk of socket.setEncoding('utf8')) text += String(chunk)
  })()
  await within(ended, 'end of the connection')
  return text.split(/HTTP\/1\.1 (?=\d{3} )/).slice(1)
}

export const connections: Scenarios = {
  'requests sent at once on one connection are answered in order, each with its own tokens': async (
    contract,
  ) => {
    const sessions = Array.from({ length: 4 }, () => createSession(contract))
    const lives = ['due', 'valid', 'due', 'valid'] as const
    const headers = sessions.map((session, index) => session.fields(lives[index] ?? 'valid'))
    const answers = await pipeline(contract, await Promise.all(headers))
    const seen = answers.map((answer) => ({
      status: answer.slice(0, 3),
      user: /"sub":"([^"]+)"/.exec(answer)?.[1],
      refreshed: /^x-new-refresh-token: (\S+)/im.exec(answer)?.[1],
    }))
    const expected = sessions.map(({ sub, tokens }, index) => ({
      status: '200',
      user: sub,
      refreshed: lives[index] === 'due' ? tokens.refresh : undefined,
    }))
    expect(seen).toEqual(expected)
  },
  'a client that disconnects before the head spends nothing': async (contract) => {
    const session = createSession(contract)
    const headers = await session.fields('due')
    const { sent, opened } = await open(`${contract.url}/slow?id=${session.id}`, { headers })
    opened.catch(() => {})
    await noted(contract, session.id, 'started')
    sent.destroy()
    await noted(contract, session.id, 'gone')
    // As long as a whole refresh takes, nothing follows.
    const other = createSession(contract)
    expectRenewed(await other.get('due'), other)
    expect(session.calls()).toEqual(['peek'])
  },
  'a client that disconnects in the middle of a response disturbs nobody': async (contract) => {
    const session = createSession(contract)
    const headers = await session.fields('due')
    const { sent, opened } = await open(`${contract.url}/stream?id=${session.id}`, { headers })
    expectRenewed(await opened, session)
    sent.destroy()
    const other = createSession(contract)
    expectRenewed(await other.get('due'), other)
    expect(session.calls()).toEqual(['peek', 'renew'])
  },
  'a request for an upgrade that nobody accepts is checked, and spends nothing': async (
    contract,
  ) => {
    const session = createSession(contract)
    const more = [
      ['connection', 'upgrade'],
      ['upgrade', 'websocket'],
    ] as const
    const answer = await session.get('due', '/cases', { more })
    expect(answer.status).toBe(200)
    expectUnrenewed(answer, session, [])
    expect((await session.get('expired', '/cases', { more })).status).toBe(401)
  },
}

export const upgrades: Scenarios = {
  'an upgraded connection is left alone': async (contract) => {
    const other = await contract.startOther({ upgrade: true })
    const session = createSession(other)
    const headers = Object.fromEntries(await session.fields('due'))
    const sent = request(`${other.url}/cases`, {
      headers: { ...headers, connection: 'upgrade', upgrade: 'echo' },
    }).end()
    const [response, socket] = await within(once(sent, 'upgrade'), 'upgrade')
    expect(response.statusCode).toBe(101)
    expectUnrenewed(response, session, [])
    socket.write('hello')
    const [message] = await within(once(socket, 'data'), 'message')
    expect(String(message)).toBe('hello')
    socket.destroy()
  },
}

export const hijacks: Scenarios = {
  'a handler that takes the socket over spends nothing': async (contract) => {
    const session = createSession(contract)
    const answer = await session.get('due', '/hijack')
    expect([answer.status, answer.body]).toEqual([200, 'own'])
    expectUnrenewed(answer, session, ['peek'])
  },
}

export const doubleAnswers: Scenarios = {
  'a handler that answers twice sends one response with one refresh': async (contract) => {
    const session = createSession(contract)
    const answer = await session.get('due', '/twice')
    expect([answer.status, JSON.parse(answer.body), answer.cut]).toEqual([
      200,
      { answer: 1 },
      false,
    ])
    expectRenewed(answer, session)
  },
}
