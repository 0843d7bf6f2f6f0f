import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A request as a server saw it. */
export interface SeenRequest {
  readonly method: string;
  readonly url: string;
  readonly range: string | undefined;
  readonly authorization: string | undefined;
}

/** A local Hub, and the storage host that it sends large files from. */
export interface HubServer {
  readonly url: string;
  /** Requests to the Hub itself. */
  readonly hub: SeenRequest[];
  /** Requests to the storage host. */
  readonly storage: SeenRequest[];
  /** Contents by repository and path; may be changed between requests. */
  readonly files: Map<string, Map<string, Buffer>>;
  /** The storage host closes the connection after so many bytes of a file, as often as there are entries. */
  readonly cuts: Map<string, number[]>;
  /** Contents that the storage host sends in the place of the right ones. */
  readonly damaged: Map<string, Buffer>;
  /** What the next requests to the Hub are refused with. */
  status: number | undefined;
  ignoresRange: boolean;
  close(): Promise<void>;
}

export const COMMIT = '0123456789abcdef0123456789abcdef01234567';

export const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');
/** What `git hash-object` prints. */
export const gitHash = (bytes: Buffer) =>
  createHash('sha1').update(`blob ${bytes.length}\0`).update(bytes).digest('hex');

/** Files that the Hub keeps in git; all others are large ones. */
const isSmall = (path: string) => path.endsWith('config.json');

/** Speaks as much of the Hub's protocol as a download needs: revision, paths-info, resolve with redirects and ranges. */
export async function startHub(files: Record<string, Record<string, Buffer>>): Promise<HubServer> {
  const state = {
    hub: [] as SeenRequest[],
    storage: [] as SeenRequest[],
    files: new Map(Object.entries(files).map(([repo, entries]) => [repo, new Map(Object.entries(entries))])),
    cuts: new Map<string, number[]>(),
    damaged: new Map<string, Buffer>(),
    status: undefined as number | undefined,
    ignoresRange: false,
  };
  const storage = await listen((request, response) => {
    state.storage.push(seen(request));
    const path = decodeURIComponent(request.url!.slice(1));
    const [repo, name] = path.split(':');
    const right = state.files.get(repo)!.get(name)!;
    send(request, response, state.damaged.get(name) ?? right, {
      cut: state.cuts.get(name)?.shift(),
      ignoresRange: state.ignoresRange,
      headers: { etag: '"of the storage"' },
    });
  });
  const hub = await listen((request, response) => {
    state.hub.push(seen(request));
    if (state.status) return fail(response, state.status);
    const url = new URL(request.url!, 'http://hub');
    const [, repo, rest] = /^\/(?:api\/models\/)?([^/]+\/[^/]+)\/(.*)$/.exec(url.pathname) ?? [];
    const entries = state.files.get(repo);
    if (!entries) return fail(response, 401); // what the Hub says of repositories that do not exist
    if (rest === 'revision/main') {
      const isAsked = url.searchParams.getAll('expand').includes('sha');
      return json(response, { _id: '1', id: repo, lastModified: 0, ...(isAsked ? { sha: COMMIT } : {}) });
    }
    if (rest === `paths-info/${COMMIT}` && request.method === 'POST') return pathsInfo(request, response, entries);
    if (!rest.startsWith(`resolve/${COMMIT}/`)) return fail(response, 404);
    const path = decodeURIComponent(rest.slice(`resolve/${COMMIT}/`.length));
    const bytes = entries.get(path);
    if (!bytes) return fail(response, 404);
    const headers = { 'x-repo-commit': COMMIT, etag: `"${gitHash(bytes)}"` };
    if (isSmall(path)) return send(request, response, bytes, { headers });
    const location = `${address(storage)}/${encodeURIComponent(`${repo}:${path}`)}`;
    response.writeHead(302, {
      ...headers,
      location,
      'x-linked-etag': `"${sha256(bytes)}"`,
      'x-linked-size': bytes.length,
    });
    response.end();
  });
  return Object.assign(state, {
    url: address(hub),
    close: async () => {
      for (const server of [hub, storage].filter(({ listening }) => listening)) {
        server.closeAllConnections();
        await new Promise((resolve) => server.close(resolve));
      }
    },
  });
}

function pathsInfo(request: IncomingMessage, response: ServerResponse, entries: ReadonlyMap<string, Buffer>): void {
  let body = '';
  request.on('data', (chunk) => {
    body += chunk;
  });
  request.on('end', () => {
    const { paths } = JSON.parse(body) as { paths: string[] };
    const found = paths.filter((path) => entries.has(path));
    json(
      response,
      found.map((path) => {
        const bytes = entries.get(path)!;
        const entry = { type: 'file', path, size: bytes.length, oid: gitHash(bytes) };
        // Of a large file, git has a pointer only: its oid is that of another blob.
        const lfs = { oid: sha256(bytes), size: bytes.length, pointerSize: 135 };
        return isSmall(path) ? entry : { ...entry, oid: gitHash(Buffer.from(path)), lfs };
      }),
    );
  });
}

function send(
  request: IncomingMessage,
  response: ServerResponse,
  bytes: Buffer,
  { cut, ignoresRange, headers }: { cut?: number; ignoresRange?: boolean; headers?: Record<string, string> } = {},
): void {
  const [, first] = /^bytes=(\d+)-$/.exec(ignoresRange ? '' : (request.headers.range ?? '')) ?? [];
  const start = Number(first ?? 0);
  const rest = bytes.subarray(start);
  response.writeHead(first ? 206 : 200, {
    ...headers,
    'content-length': rest.length,
    ...(first ? { 'content-range': `bytes ${start}-${bytes.length - 1}/${bytes.length}` } : {}),
  });
  if (cut === undefined) response.end(rest);
  else response.write(rest.subarray(0, cut), () => setTimeout(() => response.destroy(), 20));
}

function seen({ method, url, headers }: IncomingMessage): SeenRequest {
  return { method: method!, url: url!, range: headers.range, authorization: headers.authorization };
}

function json(response: ServerResponse, value: unknown): void {
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end(JSON.stringify(value));
}

function fail(response: ServerResponse, status: number): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify({ error: 'no' }));
}

const address = (server: Server) => `http://localhost:${(server.address() as AddressInfo).port}`;

async function listen(handler: (request: IncomingMessage, response: ServerResponse) => void): Promise<Server> {
  const server = createServer(handler);
  await new Promise<void>((resolve) => server.listen(0, resolve));
  return server;
}
