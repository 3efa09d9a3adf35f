/** Threads of libuv's pool, which file reads, image decoding and the calls of native networks share; 4 unless the environment says. */
export function threadPoolSize(): number {
  return Number(process.env['UV_THREADPOOL_SIZE'] ?? 4) || 4
}
