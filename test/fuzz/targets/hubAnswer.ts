import { join } from 'node:path';
import { blobPath, snapshotPath } from '../../../src/node/hub/hubCache.js';
import { listFiles } from '../../../src/node/hub/listFiles.js';
import { scratchFolder } from '../support/scratch.js';
import { type FuzzTarget, jsonOf, textOf } from '../support/target.js';

const cache = join(scratchFolder('hub'), 'hub');
const files = [{ repo: 'some/model', path: 'config.json', what: 'configuration' }];
const COMMIT = '0123456789abcdef0123456789abcdef01234567';

/** What a server says of a repository: a line for the commit, and one for the files. */
export default {
  kind: 'json',
  words: ['sha', 'oid', 'lfs', 'size', 'path', 'type', '../../x', COMMIT],
  seeds: async () => [
    Buffer.from(
      `${JSON.stringify({ sha: COMMIT, id: 'some/model', private: false, gated: false, downloads: 1, likes: 1, lastModified: '2026-01-01' })}\n${JSON.stringify([{ type: 'file', oid: COMMIT, size: 10, path: 'config.json' }])}`,
    ),
    jsonOf({ error: 'Repository not found' }),
  ],
  async run(bytes) {
    const answers = textOf(bytes).split('\n');
    const real = globalThis.fetch;
    globalThis.fetch = async () =>
      new Response(answers.shift() ?? '', { headers: { 'Content-Type': 'application/json' } });
    try {
      const listed = await listFiles({ url: 'https://hub.example', token: undefined, cache }, files);
      for (const { commit, checksum, path } of listed)
        for (const place of [blobPath(cache, 'some/model', checksum), snapshotPath(cache, 'some/model', commit, path)])
          if (!place.startsWith(`${cache}/models--some--model/`)) throw new Error(`${place} lies outside`);
    } finally {
      globalThis.fetch = real;
    }
  },
} satisfies FuzzTarget;
