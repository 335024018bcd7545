import childProcess from 'node:child_process'
import cluster from 'node:cluster'
import dgram from 'node:dgram'
import dns from 'node:dns'
import http from 'node:http'
import http2 from 'node:http2'
import https from 'node:https'
import net from 'node:net'
import tls from 'node:tls'
import workers from 'node:worker_threads'
import { wrapAll, type Watch } from './wrap.ts'

function firstText(args: readonly unknown[]): string | undefined {
  const [first] = args
  if (typeof first === 'string' || first instanceof URL) return String(first)
  return typeof Request === 'function' && first instanceof Request ? first.url : undefined
}

const network = (of: string): Watch => ({ kind: 'network', of, argument: firstText })
const lookups = Object.keys(dns).filter((name) => /^(?:lookup|resolve|reverse)/.test(name))

/** Watches connections, servers, names and requests. */
export function wrapNetwork(): void {
  wrapAll(http, ['request', 'get', 'createServer'], network('http'))
  wrapAll(https, ['request', 'get', 'createServer'], network('https'))
  wrapAll(http2, ['connect', 'createServer', 'createSecureServer'], network('http2'))
  wrapAll(net, ['connect', 'createConnection', 'createServer'], network('net'))
  wrapAll(net.Socket.prototype, ['connect'], network('net.Socket'))
  wrapAll(tls, ['connect', 'createServer'], network('tls'))
  wrapAll(dgram, ['createSocket'], network('dgram'))
  wrapAll(dns, lookups, network('dns'))
  wrapAll(dns.promises, lookups, network('dns.promises'))
  wrapAll(globalThis, ['fetch', 'WebSocket', 'EventSource'], network(''))
}

/** Watches what starts processes and threads: of what those do nothing is seen. */
export function wrapProcesses(): void {
  const watch = (of: string): Watch => ({ kind: 'process', of, argument: firstText })
  wrapAll(
    childProcess,
    ['spawn', 'spawnSync', 'exec', 'execSync', 'execFile', 'execFileSync', 'fork'],
    watch('child_process'),
  )
  wrapAll(workers, ['Worker'], watch('worker_threads'))
  wrapAll(cluster, ['fork'], watch('cluster'))
}
