import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { HUB_PRESETS } from '../../src/node/hub/presets.js';
import { COMMIT, type HubServer, startHub } from '../node/hub/hubServer.js';
import { useProgram } from './program.js';

const program = useProgram();

let server: HubServer;

beforeEach(async () => {
  const files: Record<string, Record<string, Buffer>> = {};
  for (const { repo, path } of Object.values(HUB_PRESETS).flat()) {
    files[repo] = { ...files[repo], [path]: Buffer.alloc(50_000, path) };
  }
  server = await startHub(files);
});
afterEach(() => server.close());

const download = (...args: string[]) =>
  program.run(['download', ...args], { env: { HF_HUB_CACHE: program.path('cache'), HF_ENDPOINT: server.url } });

const snapshot = (repo: string) => join(`models--${repo.replace('/', '--')}`, 'snapshots', COMMIT);

test.each(Object.entries(HUB_PRESETS))('%s: exactly its files, and the command to use', async (preset, wanted) => {
  const { status, stdout, stderr } = await download(preset, '--yes');
  expect(stderr).toMatch(/^ +50\.0 kB {2}Wan-AI\/Wan2\.1-T2V-1\.3B Wan2\.1_VAE\.pth \(VAE\)$/m);
  expect(stderr).toMatch(/^250\.0 kB to download into .*cache, which has .*B free$/m);
  expect(status).toBe(0);
  const links = program.files().filter((file) => /snapshots\/\w+\/.*\.(?:json|pth?|safetensors)$/.test(file));
  expect(links).toEqual(wanted.map(({ repo, path }) => join('cache', snapshot(repo), path)).sort());

  const transformer = wanted[wanted.length - 1];
  const folder = program.path(join('cache', snapshot('Wan-AI/Wan2.1-T2V-1.3B')));
  const checkpoint =
    preset === 'wan'
      ? ''
      : ` --checkpoint ${program.path(join('cache', snapshot(transformer.repo), transformer.path))}`;
  expect(stdout).toBe(`tokentrim generate "<prompt>" --preset ${preset} --model ${folder}${checkpoint}\n`);

  const again = await download(preset); // nothing to ask
  expect(again.stderr).toContain('all of it is in ');
  expect(again.stdout).toBe(stdout);
});

test('without a terminal and without --yes nothing is downloaded', async () => {
  const { status, stdout, stderr } = await download('wan');
  expect(stderr).toContain('error: nobody can be asked whether to download this: give --yes');
  expect([status, stdout]).toEqual([1, '']);
  expect(server.storage).toEqual([]);
});

test('Ctrl-C keeps what has come, and the next run goes on', async () => {
  server.cuts.set('Wan2.1_VAE.pth', Array(9).fill(1000));
  const env = { HF_HUB_CACHE: program.path('cache'), HF_ENDPOINT: server.url };
  let interrupt: (signal: NodeJS.Signals) => void = () => {};
  const running = program.run(['download', 'wan', '--yes'], {
    env,
    onStderr: (_, kill) => {
      interrupt = kill;
    },
  });
  await expect.poll(() => server.storage.length, { timeout: 20_000 }).toBeGreaterThan(1);
  interrupt('SIGINT');
  const { status, stderr } = await running;
  expect(stderr).toContain('interrupted: `tokentrim download wan` will go on where this one stopped');
  expect(status).toBe(130);
  server.cuts.clear();
  server.storage.length = 0;
  expect((await download('wan', '--yes')).status).toBe(0);
  expect(server.storage[0].range).toMatch(/^bytes=[1-9]000-$/);
});

test('bad input: a preset that is none, a Hub that is not there', async () => {
  const preset = await download('flux');
  expect(preset.stderr).toContain("'flux' is invalid");
  await server.close();
  const offline = await download('wan', '--yes');
  expect(offline.stderr).toMatch(/^error: Wan-AI\/Wan2\.1-T2V-1\.3B: http:.* could not be reached \(ECONNREFUSED\)/m);
  expect([preset.status, offline.status]).toEqual([2, 1]);
  expect(offline.stderr).not.toMatch(/\n\s+at /);
});
