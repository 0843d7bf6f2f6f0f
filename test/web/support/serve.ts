import { createReadStream, statSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join } from 'node:path';

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.json': 'application/json',
};

/** A server of files that is left by `using`. */
export interface StaticServer extends Disposable {
  /** With a slash at its end. */
  readonly address: string;
  /** The ranges that were asked for, and the whole files. */
  readonly requests: string[];
}

/**
 * Serves a folder on this machine alone.
 * @param ranges whether range requests are answered as such
 */
export async function serve(folder: string, { ranges = true } = {}): Promise<StaticServer> {
  const requests: string[] = [];
  const server: Server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost');
    const name = decodeURIComponent(pathname.endsWith('/') ? `${pathname}index.html` : pathname);
    const path = join(folder, name);
    const size = statSync(path, { throwIfNoEntry: false })?.size;
    if (size === undefined) {
      response.writeHead(404).end();
      return;
    }
    const [, first, last] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '') ?? [];
    const isRange = ranges && first !== undefined && Number(first) < size;
    requests.push(isRange ? `${name} ${first}-${last}` : name);
    const [start, end] = isRange ? [Number(first), last ? Math.min(Number(last), size - 1) : size - 1] : [0, size - 1];
    response.writeHead(isRange ? 206 : 200, {
      'Content-Type': TYPES[extname(path)] ?? 'application/octet-stream',
      'Content-Length': end - start + 1,
      ...(isRange ? { 'Content-Range': `bytes ${start}-${end}/${size}` } : {}),
    });
    if (size === 0) response.end();
    else createReadStream(path, { start, end }).pipe(response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    address: `http://localhost:${(server.address() as AddressInfo).port}/`,
    requests,
    [Symbol.dispose]() {
      server.closeAllConnections();
      server.close();
    },
  };
}
