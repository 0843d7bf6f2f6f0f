import { readFileSync } from 'node:fs';
import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runCase } from '../../../src/parity/runCase.js';
import { ReferenceDevice } from '../../../src/tensor/referenceDevice.js';
import { scratchFile, scratchFolder } from '../support/scratch.js';
import { bytesOf, type FuzzTarget, textOf } from '../support/target.js';

const fixtures = new URL('../../fixtures/parity/', import.meta.url);
const folder = scratchFolder('case');
const put = scratchFile(join(folder, 'case.json'));
const device = new ReferenceDevice();
let copied: Promise<unknown> | undefined;

/** A case.json, beside the tensors of a small case. */
export default {
  kind: 'json',
  words: ['torch-randn', 'schedulers', 'rope', 'kind', 'config'],
  seeds: async () =>
    ['torch-randn', 'schedulers', 'rope'].map((name) => readFileSync(new URL(`${name}/case.json`, fixtures))),
  async run(bytes) {
    copied ??= copyFile(new URL('torch-randn/outputs.safetensors', fixtures), join(folder, 'outputs.safetensors'));
    await copied;
    put(bytesOf(textOf(bytes)));
    await runCase(folder, device);
  },
} satisfies FuzzTarget;
