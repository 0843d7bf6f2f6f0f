import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pipeline } from 'node:stream/promises';
import { TokenTrimError } from '../../errors.js';
import { openPlainFile } from '../files/plainFile.js';
import { byteRange } from './byteRange.js';
import type { OpenedTrace } from './openTraceFolder.js';
import { distinctNames, EVENTS_FILE } from './traceNames.js';
import { contentPolicy } from './viewerPage.js';

/** Where traces are shown, until it is closed. */
export interface TraceServer {
  /** Of the page; without what follows the port, nothing answers. */
  readonly address: string;
  close(): Promise<void>;
}

const LOOPBACK = '127.0.0.1';

const TYPES: readonly (readonly [ending: string, type: string])[] = [
  ['.jsonl', 'application/x-ndjson; charset=utf-8'],
  ['.webp', 'image/webp'],
  ['', 'application/octet-stream'],
];

/**
 * Serves the viewer and traces to this machine alone: on the loopback, below a name that nobody can guess. A page of the
 * web that has the browser ask here under a name of its own (DNS rebinding) is refused by that name.
 * @param page of the viewer
 * @param port a free one by default
 * @throws TokenTrimError where the port is taken, or not allowed
 */
export async function serveTraces(traces: readonly OpenedTrace[], page: string, port = 0): Promise<TraceServer> {
  const secret = randomBytes(18).toString('base64url');
  const names = distinctNames(traces.map(({ name }) => name));
  const byName = new Map(names.map((name, index) => [name, traces[index]]));
  const list = JSON.stringify(names.map((name) => ({ name })));
  const policy = `${contentPolicy(page, "'self'")}; frame-ancestors 'none'`;

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { port: own } = server.address() as AddressInfo;
    if (![`${LOOPBACK}:${own}`, `localhost:${own}`].includes(request.headers.host ?? ''))
      return refuse(response, 403, 'this address is for this machine alone');
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.setHeader('Allow', 'GET, HEAD');
      return refuse(response, 405, 'only GET and HEAD are answered');
    }
    const parts = partsOf(request.url ?? '');
    if (parts === undefined) return refuse(response, 400, 'this is no address');
    const [token, name, ...file] = parts;
    if (token !== secret) return refuse(response, 404, 'the address is the one that `tokentrim view` printed');
    if (name === '' && file.length === 0) {
      response.setHeader('Content-Security-Policy', policy);
      return send(request, response, 'text/html; charset=utf-8', page);
    }
    if (name === 'traces.json' && file.length === 0) return send(request, response, 'application/json', list);
    const trace = byName.get(name);
    if (!trace || file.length === 0) return refuse(response, 404, 'there is no such file');
    await sendFile(request, response, trace, file.join('/'));
  };

  const server = createServer((request, response) => {
    for (const [header, value] of HEADERS) response.setHeader(header, value);
    answer(request, response).catch((error: unknown) => {
      if (response.headersSent) response.destroy();
      else if (error instanceof TokenTrimError) refuse(response, 404, error.message);
      else refuse(response, 500, 'it could not be read');
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const why = { EADDRINUSE: 'it is in use', EACCES: 'it is not allowed' }[cause.code ?? ''] ?? cause.message;
      reject(new TokenTrimError(`Cannot serve on port ${port}: ${why}. Choose another \`port\`.`, { cause }));
    });
    server.listen(port, LOOPBACK, resolve);
  });
  return {
    address: `http://${LOOPBACK}:${(server.address() as AddressInfo).port}/${secret}/`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** What every answer says: it is for this page, as what it claims to be, and not for later. */
const HEADERS = Object.entries({
  'Cache-Control': 'no-store',
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Cross-Origin-Opener-Policy': 'same-origin',
});

/** What stands between the slashes of a path; undefined where it is not encoded as it should be. */
function partsOf(url: string): string[] | undefined {
  try {
    return url.split(/[?#]/)[0].split('/').slice(1).map(decodeURIComponent);
  } catch {
    return undefined;
  }
}

function refuse(response: ServerResponse, status: number, why: string): void {
  response.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8' }).end(`${why}\n`);
}

function send(request: IncomingMessage, response: ServerResponse, type: string, text: string): void {
  const bytes = Buffer.from(text);
  response.writeHead(200, { 'Content-Type': type, 'Content-Length': bytes.byteLength });
  response.end(request.method === 'HEAD' ? undefined : bytes);
}

/** A file of a trace, or the part of it that was asked for: so a run that goes on is followed. */
async function sendFile(request: IncomingMessage, response: ServerResponse, trace: OpenedTrace, file: string) {
  const handle = await openPlainFile(await trace.place(file), { what: 'a file of a trace', label: file });
  try {
    const { size } = await handle.stat();
    const [, type] = TYPES.find(([ending]) => file.endsWith(ending)) ?? TYPES[0];
    response.setHeader('Content-Type', type).setHeader('Accept-Ranges', 'bytes');
    const range = byteRange(request.headers.range, size);
    if (range === 'none') {
      response.setHeader('Content-Range', `bytes */${size}`);
      return refuse(response, 416, `${file === EVENTS_FILE ? 'there is no more yet' : 'the file is shorter'}`);
    }
    const { first, last } = range ?? { first: 0, last: size - 1 };
    if (range) response.setHeader('Content-Range', `bytes ${first}-${last}/${size}`);
    response.writeHead(range ? 206 : 200, { 'Content-Length': last - first + 1 });
    if (request.method === 'HEAD' || size === 0) response.end();
    else await pipeline(handle.createReadStream({ start: first, end: last, autoClose: false }), response);
  } finally {
    await handle.close();
  }
}
