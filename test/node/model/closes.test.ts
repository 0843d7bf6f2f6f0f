import { cpSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { openModelFolder } from '../../../src/node/model/modelFolder.js';
import { openWeights } from '../../../src/node/model/openTensorSource.js';
import { toyWorld } from '../../../src/node/model/toyWorld.js';
import { convertWeights } from '../../../src/node/weights/convertWeights.js';
import { inspectPath } from '../../../src/node/weights/inspect.js';
import { verifyWeights } from '../../../src/node/weights/verify.js';
import { temporaryFolder } from '../../weights/temporary.js';

const CASES = fileURLToPath(new URL('../../fixtures/parity/checkpoints/', import.meta.url));

/** Files under a folder that this process has open. */
function openIn(folder: string): string[] {
  return readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      const path = readlinkSync(`/proc/self/fd/${fd}`);
      return path.startsWith(folder) ? [path] : [];
    } catch {
      return []; // the listing's own, closed meanwhile
    }
  });
}

it.runIf(process.platform === 'linux')(
  'every open that fails closes what it opened',
  { timeout: 120_000 },
  async () => {
    const folder = await temporaryFolder();
    cpSync(join(CASES, 'hostile'), folder, { recursive: true });
    for (const name of ['legacy.pth', 'dit-fsdp-ema.pt', 'protocol5.pt']) {
      const whole = readFileSync(join(CASES, name));
      for (const share of [0.1, 0.5, 0.9, 0.99]) {
        await writeFile(join(folder, `${share}-${name}`), whole.subarray(0, Math.floor(share * whole.length)));
      }
      const damaged = Buffer.from(whole);
      damaged.fill(0xff, Math.floor(whole.length / 2) - 40, Math.floor(whole.length / 2) + 40);
      await writeFile(join(folder, `damaged-${name}`), damaged);
    }
    const files = readdirSync(folder);
    // Each also as a shard behind a good one, and as a part of a folder whose other parts are good.
    await mkdir(join(folder, 'shards'));
    cpSync(join(toyWorld, 'vae.safetensors'), join(folder, 'shards', 'good.safetensors'));
    let failures = 0;
    const failing = async (open: () => Promise<unknown>) => {
      const result = await open().catch(() => undefined);
      if (result === undefined) failures += 1;
      await (result as { close?: () => Promise<void> } | undefined)?.close?.();
    };
    for (const name of files) {
      const path = join(folder, name);
      cpSync(path, join(folder, 'shards', 'bad.safetensors'));
      const index = join(folder, 'shards', 'a.safetensors.index.json');
      await writeFile(
        index,
        JSON.stringify({ weight_map: { 'conv2.bias': 'good.safetensors', b: 'bad.safetensors' } }),
      );
      await failing(async () => (await openWeights(path)).whole);
      await failing(async () => (await openWeights(index)).whole);
      await failing(() => openModelFolder(toyWorld, { checkpoint: path }));
      await failing(() => openModelFolder(toyWorld, { textEncoder: path }));
      await failing(() => inspectPath(path));
      await failing(() => verifyWeights(path));
      await failing(() => convertWeights(path, join(folder, 'out.safetensors'), { section: 'none' }));
      expect([name, openIn(folder)]).toEqual([name, []]);
    }
    expect(openIn(toyWorld)).toEqual([]);
    expect(failures).toBeGreaterThan(5 * files.length);
  },
);
