/**
 * The way to the core, chosen at the first call: a MessagePort in the desktop window, fetch on the same origin in a browser.
 * A port that closes (the core restarted) is replaced at the next call.
 */
import type { ClientContext, ClientLink, ClientOptions } from '@orpc/client'
import { RPCLink as FetchLink } from '@orpc/client/fetch'
import { RPCLink as PortLink } from '@orpc/client/message-port'
import { CONNECT_MESSAGE } from '@shared/bridge'
import { toStudioError } from './errors'

type Link = ClientLink<ClientContext>

export class StudioLink implements Link {
  #link: Link | null = null

  async call(path: readonly string[], input: unknown, options: ClientOptions<ClientContext>): Promise<unknown> {
    this.#link ??= window.whetstone ? this.#overPort() : new FetchLink({ url: `${window.location.origin}/rpc` })
    try {
      const output = await this.#link.call(path, input, options)
      return isAsyncIterable(output) ? withStudioErrors(output) : output
    } catch (error) {
      throw toStudioError(error)
    }
  }

  #overPort(): Link {
    const { port1, port2 } = new MessageChannel()
    port1.addEventListener('close', () => (this.#link = null))
    port1.start()
    window.postMessage(CONNECT_MESSAGE, window.location.origin, [port2])
    return new PortLink({ port: port1 })
  }
}

const isAsyncIterable = (value: unknown): value is AsyncIterable<unknown> =>
  typeof value === 'object' && value !== null && Symbol.asyncIterator in value

async function* withStudioErrors(stream: AsyncIterable<unknown>): AsyncGenerator<unknown> {
  try {
    yield* stream
  } catch (error) {
    throw toStudioError(error)
  }
}
