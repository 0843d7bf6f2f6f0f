import { lstatSync, readdirSync, readFileSync, readlinkSync, truncateSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { bytesLeft, download } from '../../../src/node/hub/download.js';
import { hubSession } from '../../../src/node/hub/hubSession.js';
import { listFiles } from '../../../src/node/hub/listFiles.js';
import type { HubFile } from '../../../src/node/hub/presets.js';
import { resolveModel } from '../../../src/node/hub/resolveModel.js';
import { temporaryFolder } from '../../weights/temporary.js';
import { COMMIT, gitHash, type HubServer, sha256, startHub } from './hubServer.js';

const CONFIG = Buffer.from('{"dim": 8}');
const WEIGHTS = Buffer.from(Array.from({ length: 300_000 }, (_, index) => (index * 7919) >> 3));
const FILES: HubFile[] = [
  { repo: 'some/model', path: 'config.json', what: 'configuration' },
  { repo: 'some/model', path: 'deep er/weights.pth', what: 'weights' },
];

let server: HubServer;
let cache = '';

beforeEach(async () => {
  server = await startHub({ 'some/model': { 'config.json': CONFIG, 'deep er/weights.pth': WEIGHTS } });
  const home = await temporaryFolder();
  cache = join(home, 'hub');
  vi.stubEnv('HF_HOME', home);
  for (const name of ['HF_HUB_CACHE', 'HUGGINGFACE_HUB_CACHE', 'HF_ENDPOINT', 'HF_TOKEN', 'HF_HUB_OFFLINE']) {
    vi.stubEnv(name, undefined);
  }
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await server.close();
});

const repo = () => join(cache, 'models--some--model');
const blob = () => join(repo(), 'blobs', sha256(WEIGHTS));
const tree = (folder: string) => readdirSync(folder, { recursive: true }).map(String).sort();

async function fetchAll(signal?: AbortSignal): Promise<void> {
  const session = hubSession(server.url, signal);
  await download(session, await listFiles(session, FILES));
}

test('a download lies in the cache as huggingface_hub lays it out', async () => {
  await fetchAll();
  expect(tree(repo())).toEqual(
    [
      'blobs',
      `blobs/${gitHash(CONFIG)}`,
      `blobs/${sha256(WEIGHTS)}`,
      'refs',
      'refs/main',
      'snapshots',
      `snapshots/${COMMIT}`,
      `snapshots/${COMMIT}/config.json`,
      `snapshots/${COMMIT}/deep er`,
      `snapshots/${COMMIT}/deep er/weights.pth`,
    ].sort(),
  );
  expect(readFileSync(join(repo(), 'refs', 'main'), 'utf8')).toBe(COMMIT);
  const snapshot = join(repo(), 'snapshots', COMMIT);
  expect(readlinkSync(join(snapshot, 'config.json'))).toBe(`../../blobs/${gitHash(CONFIG)}`);
  expect(readlinkSync(join(snapshot, 'deep er', 'weights.pth'))).toBe(`../../../blobs/${sha256(WEIGHTS)}`);
  expect(lstatSync(blob()).isFile()).toBe(true);
  expect(readFileSync(join(snapshot, 'deep er', 'weights.pth')).equals(WEIGHTS)).toBe(true);
  await expect(resolveModel('hf:some/model')).resolves.toEqual({ path: snapshot });
  await expect(resolveModel(`hf:some/model@${COMMIT}/config.json`)).resolves.toEqual({
    path: join(snapshot, 'config.json'),
  });
});

test('what is there is not fetched again, and a missing link is made again', async () => {
  await fetchAll();
  const session = hubSession(server.url);
  const files = await listFiles(session, FILES);
  expect(bytesLeft(files)).toBe(0);
  expect(files.every(({ isCached }) => isCached)).toBe(true);
  server.storage.length = 0;
  await download(session, files);
  expect(server.storage).toEqual([]);
});

test('a connection that breaks is taken up where it broke', async () => {
  server.cuts.set('deep er/weights.pth', [100_000, 50_000]);
  await fetchAll();
  expect(server.storage.map(({ range }) => range)).toEqual([undefined, 'bytes=100000-', 'bytes=150000-']);
  expect(readFileSync(blob()).equals(WEIGHTS)).toBe(true);
});

test('a later call goes on where an earlier one gave up', async () => {
  server.cuts.set('deep er/weights.pth', [100_000]);
  const interrupt = new AbortController();
  const session = hubSession(server.url, interrupt.signal);
  const files = await listFiles(session, FILES);
  const first = download(session, files, (bytes) => {
    if (bytes >= 100_000) interrupt.abort();
  });
  await expect(first).rejects.toThrow();
  expect(tree(join(repo(), 'blobs'))).toContain(`${sha256(WEIGHTS)}.incomplete`);
  truncateSync(`${blob()}.incomplete`, 60_001); // as if the machine had gone down

  const [, listed] = await listFiles(hubSession(server.url), FILES);
  expect(listed).toMatchObject({ present: 60_001, isCached: false });
  await fetchAll();
  expect(server.storage.at(-1)?.range).toBe('bytes=60001-');
  expect(readFileSync(blob()).equals(WEIGHTS)).toBe(true);
});

test('a server that knows no ranges sends it all again', async () => {
  await mkdir(join(repo(), 'blobs'), { recursive: true });
  await writeFile(`${blob()}.incomplete`, WEIGHTS.subarray(0, 1000));
  server.ignoresRange = true;
  await fetchAll();
  expect(readFileSync(blob()).equals(WEIGHTS)).toBe(true);
});

test('a wrong checksum removes the file, from the Hub or left by another program', async () => {
  server.damaged.set('deep er/weights.pth', Buffer.from(WEIGHTS).fill(1, 5, 6));
  await expect(fetchAll()).rejects.toThrow(`the download is damaged, its checksum is not ${sha256(WEIGHTS)}`);
  expect(tree(join(repo(), 'blobs'))).toEqual([gitHash(CONFIG)]);

  server.damaged.clear();
  await writeFile(`${blob()}.incomplete`, 'not the beginning');
  await expect(fetchAll()).rejects.toThrow('the download is damaged');
  await fetchAll();
  expect(readFileSync(blob()).equals(WEIGHTS)).toBe(true);
});

test('a file that is longer or shorter than the Hub says', async () => {
  server.damaged.set('deep er/weights.pth', Buffer.concat([WEIGHTS, WEIGHTS]));
  await expect(fetchAll()).rejects.toThrow('sends more than the 300000 bytes');
  await expect(resolveModel('hf:some/model/deep er/weights.pth')).rejects.toThrow('is not in the cache');
});

test('the access token goes to the Hub and not to the host that stores the files', async () => {
  vi.stubEnv('HF_TOKEN', 'hf_secret');
  await fetchAll();
  expect(new Set(server.hub.map(({ authorization }) => authorization))).toEqual(new Set(['Bearer hf_secret']));
  expect(new Set(server.storage.map(({ authorization }) => authorization))).toEqual(new Set([undefined]));
});

test.each([
  [401, 'if it is private or gated, set HF_TOKEN'],
  [403, 'accept its terms, and set HF_TOKEN'],
  [404, 'has no such repository or file (status 404)'],
  [500, 'answered with status 500: try again later'],
])('status %d is explained', async (status, message) => {
  server.status = status;
  await expect(fetchAll()).rejects.toThrow(message);
});

test('a refused token, a token that is none, an address that is none, an offline machine', async () => {
  vi.stubEnv('HF_TOKEN', 'hf_old');
  server.status = 401;
  await expect(fetchAll()).rejects.toThrow('refuses the access token in HF_TOKEN');
  vi.stubEnv('HF_TOKEN', 'secret');
  expect(() => hubSession(server.url)).toThrow('those begin with hf_');
  vi.stubEnv('HF_TOKEN', undefined);
  expect(() => hubSession('hub')).toThrow('expected the address of a Hub');
  vi.stubEnv('HF_HUB_OFFLINE', '1');
  expect(() => hubSession(undefined)).toThrow('unset it');
  vi.stubEnv('HF_HUB_OFFLINE', undefined);
  const gone = await startHub({});
  await gone.close();
  vi.stubEnv('HF_ENDPOINT', `${gone.url}/`);
  await expect(listFiles(hubSession(undefined), FILES)).rejects.toThrow(
    `${gone.url} could not be reached (ECONNREFUSED)`,
  );
});

test('a file that the repository has no more', async () => {
  server.files.get('some/model')?.delete('deep er/weights.pth');
  await expect(fetchAll()).rejects.toThrow('there is no file deep er/weights.pth any more');
});

test('a server cannot choose where files go', async () => {
  const session = hubSession(server.url);
  const { fetch: realFetch } = globalThis;
  onTestFinished(() => void vi.unstubAllGlobals());
  for (const [part, field, value] of [
    ['/revision/', 'sha', '../../..'],
    ['/paths-info/', 'oid', '../../escape'],
  ]) {
    vi.stubGlobal('fetch', async (input: string, init: RequestInit) => {
      const response = await realFetch(input, init);
      if (!String(input).includes(part)) return response;
      const body = await response.json();
      const spoiled = Array.isArray(body) ? body.map((entry) => ({ ...entry, [field]: value, lfs: undefined })) : body;
      return Response.json(Array.isArray(body) ? spoiled : { ...body, [field]: value });
    });
    await expect(listFiles(session, FILES)).rejects.toThrow('does not answer as the Hub does');
  }
});

test('a model that is not in the cache, and names that are none', async () => {
  await expect(resolveModel('weights/toy-world')).resolves.toEqual({ path: 'weights/toy-world' });
  await expect(resolveModel('wan')).rejects.toThrow('run `tokentrim download wan` first');
  await expect(resolveModel('hf:Wan-AI/Wan2.1-T2V-1.3B')).rejects.toThrow('run `tokentrim download wan` first');
  await expect(resolveModel('hf:other/model')).rejects.toThrow('run `hf download other/model` first');
  await expect(resolveModel('hf:model')).rejects.toThrow('expected hf:organisation/name');
  await expect(resolveModel('hf:../model')).rejects.toThrow('expected hf:organisation/name');
});

test('a branch that is no commit leads nowhere, and not out of the cache', async () => {
  await fetchAll();
  await mkdir(join(cache, 'elsewhere'));
  for (const ref of ['../../../elsewhere', '/etc', '..', '', 'x'.repeat(2000), `${COMMIT}/../../..`]) {
    await writeFile(join(repo(), 'refs', 'main'), ref);
    await expect(resolveModel('hf:some/model'), ref).rejects.toThrow('is not in the cache');
  }
});
