import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openTensorSource } from '../../src/node/model/openTensorSource.js';
import { convertWeights } from '../../src/node/weights/convertWeights.js';
import { inspectPath } from '../../src/node/weights/inspect.js';
import { LAYOUTS, type Layout, PARTS } from '../../src/synthesize/layouts.js';
import { planSynthesis } from '../../src/synthesize/plan.js';
import { synthesize } from '../../src/synthesize/synthesize.js';
import { SafeTensor } from '../support/independentSafetensors.js';
import { temporaryFolder } from './temporary.js';

const WEIGHTS = ['transformer', 'vae', 'text-encoder'] as const;

/** Tensors as `dtype [shape] hash`, by name. */
type Tensors = Record<string, string>;

const said = (dtype: string, shape: readonly number[], bytes: Uint8Array) =>
  `${dtype} [${shape}] ${createHash('sha256').update(bytes).digest('hex')}`;

async function makeLayout(layout: Layout): Promise<string> {
  const folder = await temporaryFolder();
  const options = { like: 'toy', layout, seed: '7', parts: new Set(PARTS), dtype: 'BF16' } as const;
  await synthesize(folder, await planSynthesis(options));
  return folder;
}

/** A part of a folder, through `convert`, as this project's reader has it. */
async function converted(folder: string, part: (typeof WEIGHTS)[number]): Promise<{ path: string; tensors: Tensors }> {
  const path = join(folder, `converted-${part}.safetensors`);
  await convertWeights(folder, path, { part, noMetadata: true });
  const source = await openTensorSource(path);
  const tensors: Tensors = {};
  for (const name of source.names()) {
    const { dtype, shape } = source.info(name);
    tensors[name] = said(dtype, shape, await source.read(name));
  }
  await source.close();
  return { path, tensors };
}

test.each(Object.keys(LAYOUTS) as Layout[])(
  '%s: made, inspected and converted, it has the tensors of every other layout',
  async (layout) => {
    const [folder, plain] = [await makeLayout(layout), await makeLayout('tokentrim')];
    for (const inspection of await inspectPath(folder))
      expect('problem' in inspection && inspection.problem).toBeFalsy();
    for (const part of WEIGHTS) {
      const { path, tensors } = await converted(folder, part);
      expect(tensors).toEqual((await converted(plain, part)).tensors);
      const other = new SafeTensor(Uint8Array.from(await readFile(path)));
      const found = [...other.metadata].map(([name, { dtype, shape }]) => [
        name,
        said(dtype, shape, other.getTensor(name)),
      ]);
      expect(Object.fromEntries(found)).toEqual(tensors);
    }
  },
);
