/** A server on 127.0.0.1, and nowhere else. */
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createAdaptorServer } from '@hono/node-server'
import type { Hono } from 'hono'
import { StudioError } from '@shared/errors'

export interface Listening {
  port: number
  /** Ends open streams too. */
  close(): Promise<void>
}

/** @param port 0: any free one @throws StudioError usage/invalid when the port cannot be had */
export function listen(app: Hono, port: number): Promise<Listening> {
  const server = createAdaptorServer({ fetch: app.fetch }) as Server
  return new Promise((resolve, reject) => {
    server.once('error', (cause) => {
      reject(new StudioError('usage/invalid', `Port ${port} cannot be used: ${cause.message}.`, { port }, { cause }))
    })
    server.listen(port, '127.0.0.1', () => {
      resolve({
        port: (server.address() as AddressInfo).port,
        close: () =>
          new Promise((closed) => {
            server.close(() => closed())
            server.closeAllConnections()
          })
      })
    })
  })
}
