import { afterEach, describe, expect, test, vi } from 'vitest';
import { KvCache } from '../../src/models/wan/kvCache.js';
import type { CaseReport } from '../../src/parity/runCase.js';
import { referenceDevice } from '../support/device.js';
import { explain, type Fixture, runFixture, valuesOf } from '../support/goldens.js';

// A check that cannot fail proves nothing: every case here is altered a little, and the report must say where. The twins
// run in place of the kernels, which is quick and the same on every machine, with the kernels' tolerance.
const run = (name: string, change?: (fixture: Fixture) => void) => runFixture(name, referenceDevice, change, 1e-4);

const broken = (report: CaseReport) => report.outputs.filter(({ passed }) => !passed).map(({ name }) => name);

afterEach(() => {
  vi.restoreAllMocks();
});

describe('one value too many', () => {
  test('an output that differs by 2e-4 is named, with the place and both values', async () => {
    const report = await run('dit-causal-kv-local', ({ outputs }) => {
      valuesOf(outputs.get('call03.flow')!)[5] += 2e-4; // [1, 3, 16, 4, 6]: row 0, column 5
    });
    expect(report.passed).toBe(false);
    expect(broken(report)).toEqual(['call03.flow']);
    expect(report.outputs.find(({ name }) => name === 'call03.flow')?.breaksAt?.index).toEqual([0, 0, 0, 0, 5]);
    expect(explain(report)).toMatch(/^dit-causal-kv on .*\nfirst broken output: call03\.flow, off by 0\.0002/);
  });

  test('an output that is not a number', async () => {
    const report = await run('schedulers', ({ outputs }) => {
      valuesOf(outputs.get('flowmatch.shift5.sigmas')!)[7] = Number.NaN;
    });
    expect(broken(report)).toEqual(['flowmatch.shift5.sigmas']);
  });

  test('an integer that differs by one', async () => {
    const report = await run('schedulers', ({ outputs }) => {
      const { data } = outputs.get('flowmatch.shift5.timestep_index')!;
      new BigInt64Array(data.buffer, data.byteOffset, 8)[2] += 1n;
    });
    expect(broken(report)).toEqual(['flowmatch.shift5.timestep_index']);
  });

  test('an output of another shape', async () => {
    const report = await run('dit-causal-kv-local', ({ outputs }) => {
      const flow = outputs.get('call00.flow')!;
      outputs.set('call00.flow', { ...flow, shape: [1, 3, 16, 6, 4] });
    });
    expect(explain(report)).toContain('call00.flow, off by Infinity');
    expect(explain(report)).toContain('shape [1, 3, 16, 4, 6], expected [1, 3, 16, 6, 4]');
  });

  test('an output that this program does not compute', async () => {
    const report = await run('schedulers', ({ outputs }) => {
      outputs.set('flowmatch.shift9.sigmas', outputs.get('flowmatch.shift5.sigmas')!);
    });
    expect(report.passed).toBe(false);
    expect(explain(report)).toContain('not computed: flowmatch.shift9.sigmas');
  });
});

describe('gradients', () => {
  test('count relative to their largest entry: 2e-4 of it is too much', async () => {
    const report = await run('dit-input-gradient', ({ outputs }) => {
      const values = valuesOf(outputs.get('call02.grad_motion_variance')!); // of up to 0.08
      values[7] += 2e-4 * values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    });
    expect(broken(report)).toEqual(['call02.grad_motion_variance']);
  });

  test('do not agree where the calls before left other keys in the cache', async () => {
    const report = await run('dit-input-gradient', ({ inputs }) => {
      valuesOf(inputs.get('call01.x')!).fill(0);
    });
    expect(broken(report)).toEqual(
      expect.arrayContaining(['call02.flow', 'call02.grad_x', 'call02.grad_motion_variance']),
    );
    expect(broken(report).filter((name) => name.startsWith('call00'))).toEqual([]);
  });
});

describe('a mistake in the model', () => {
  const scaled =
    (name: string, factor: number) =>
    ({ weights }: Fixture): void => {
      const values = valuesOf(weights.get(name)!);
      values.forEach((value, index) => {
        values[index] = value * factor;
      });
    };

  test('a key norm 5% off in the second layer shows first in that layer', async () => {
    const report = await run('dit-causal-kv', scaled('blocks.1.self_attn.norm_k.weight', 1.05));
    expect(report.passed).toBe(false);
    expect(broken(report)).toContain('call00.flow');
    expect(broken(report)).toContain('call08.cache_k.layer1');
    expect(broken(report)).not.toContain('call00.cache_k.layer0');
    expect(broken(report).some((name) => name.startsWith('cross_'))).toBe(false);
  });

  test('a text norm 5% off shows in the cross-attention cache', async () => {
    const report = await run('dit-causal-kv-local', scaled('blocks.0.cross_attn.norm_k.weight', 1.05));
    expect(broken(report)[0]).toBe('cross_k.layer0');
    expect(broken(report)).not.toContain('cross_v.layer0');
  });

  test('feed-forwards as erf GELU would bend them (up to 5e-4 of a hidden value) break a rollout', async () => {
    // tanh GELU and erf GELU differ by up to 4.7e-4; a bias of that size after the activation is the same mistake.
    const report = await run('self-forcing-rollout-i2v', ({ weights }) => {
      for (const layer of [0, 1]) {
        const contract = valuesOf(weights.get(`blocks.${layer}.ffn.2.weight`)!);
        const bias = valuesOf(weights.get(`blocks.${layer}.ffn.2.bias`)!);
        const width = contract.length / bias.length;
        bias.forEach((_, row) => {
          for (let column = 0; column < width; column++) bias[row] += 4.7e-4 * contract[row * width + column];
        });
      }
    });
    expect(report.passed).toBe(false);
    expect(broken(report)).toContain('latents');
  });
});

describe('a mistake in the rollout', () => {
  const withConfig =
    (fields: Record<string, unknown>) =>
    ({ description }: Fixture): void => {
      description.config = { ...(description.config as object), ...fields };
    };

  test('a window one frame too small breaks from the first block that it evicts for', async () => {
    const report = await run('self-forcing-rollout-local', withConfig({ kv_cache_frames: 5 }));
    expect(report.passed).toBe(false);
    expect(broken(report)[0]).toBe('call005.flow'); // the first call of block 1
    const latents = report.outputs.find(({ name }) => name === 'latents');
    expect(latents?.breaksAt?.index[1]).toBe(3);
  });

  test('one cached token that is not attended to', async () => {
    const { rows } = KvCache.prototype;
    vi.spyOn(KvCache.prototype, 'rows').mockImplementation(function (this: KvCache, chosen) {
      const all = rows.call(this, chosen);
      const isPast = all.length > 0 && !chosen(this.frames.at(-1)!.frame);
      return isPast ? all.slice(1) : all;
    });
    const report = await run('self-forcing-rollout-global');
    expect(broken(report)[0]).toBe('call005.flow');
    expect(broken(report)).toContain('latents');
    expect(broken(report)).not.toContain('call000.flow');
  });

  test('context noise where there is none', async () => {
    const report = await run('self-forcing-rollout-global', withConfig({ context_noise: 20 }));
    expect(broken(report)[0]).toBe('call005.flow'); // the first call that sees a block written with the noise
  });

  test('Rolling Forcing with an attention window of 18 frames instead of 21', async () => {
    const report = await run('rolling-forcing-rollout', withConfig({ max_attention_frames: 18 }));
    expect(report.passed).toBe(false);
    expect(broken(report)).not.toContain('window05.denoised_pred'); // no window is full of frames yet
    expect(broken(report)).toContain('latents');
  });

  test('a pruned fraction that costs one token more changes decisions and rows', async () => {
    const report = await run('tokentrim-self-forcing-global', ({ description }) => {
      const config = description.config as { tokentrim: Record<string, unknown> };
      config.tokentrim.pruning_fraction = (config.tokentrim.pruning_fraction as number) + 1 / 12;
    });
    expect(report.passed).toBe(false);
    expect(report.decisions.find(({ equal }) => !equal)?.differs).toContain('unstable');
    expect(explain(report)).toContain('decision for block 1 differs in severity, unstable');
  });

  test('a trigger that never fires', async () => {
    const report = await run('tokentrim-self-forcing-global', ({ description }) => {
      (description.config as { tokentrim: Record<string, unknown> }).tokentrim.sensitivity = 1000;
    });
    const wrong = report.decisions.filter(({ differs }) => differs.includes('triggered'));
    expect(wrong.length).toBeGreaterThan(0);
    expect(wrong[0].differs).toContain('rowsKept');
  });

  test('a block without a decision', async () => {
    const report = await run('tokentrim-self-forcing-global', ({ description }) => {
      (description.events as { block: number }[])[3].block = 99;
    });
    expect(report.passed).toBe(false);
    expect(report.decisions[3].differs).toEqual(['no such block in the case']);
  });
});

describe('a mistake in the bidirectional model, the encoder or the solvers', () => {
  test('a bias of the text embedding that is off shows there first', async () => {
    const report = await run('dit-bidirectional', ({ weights }) => {
      const bias = valuesOf(weights.get('text_embedding.2.bias')!);
      bias[0] += 1e-2;
    });
    expect(broken(report)[0]).toBe('run0.text_embedding');
    expect(broken(report)).toEqual(expect.arrayContaining(['run0.block0.cross_attn', 'run2.block1', 'run2.flow']));
    expect(broken(report)).not.toContain('run0.block0.self_attn');
    expect(broken(report)).not.toContain('run0.time_projection');
  });

  test('a scale of guidance that is 1% off leaves the predictions and breaks the first step', async () => {
    const report = await run('wan-t2v-sampling', ({ description }) => {
      const { runs } = description.config as { runs: { guide: number }[] };
      runs[0].guide *= 1.01;
    });
    expect(broken(report)).toEqual(['run0.step01.latent', 'run0.step02.latent', 'run0.latent']);
  });

  test('the other solver shows in the timesteps', async () => {
    const report = await run('wan-t2v-sampling', ({ description }) => {
      const { runs } = description.config as { runs: { solver: string }[] };
      runs[1].solver = 'unipc';
    });
    expect(broken(report)[0]).toBe('run1.timesteps');
  });

  test('a solver with another shift', async () => {
    const report = await run('schedulers', ({ description }) => {
      const { solvers } = description.config as { solvers: { shift: number }[] };
      solvers[0].shift = 8;
    });
    expect(report.skipped).toContain('unipc.shift5.steps20.trajectory');
  });

  test('latents that are normalised with another deviation break alone', async () => {
    const report = await run('vae-encode', ({ description }) => {
      const { std } = description.config as { std: number[] };
      std[3] *= 1.01;
    });
    expect(broken(report)).toEqual(['video.latent']);
    expect(report.outputs.at(-1)?.breaksAt?.index[1]).toBe(3);
  });

  test('an encoder layer that is off shows from there on', async () => {
    const report = await run('vae-encode', ({ weights }) => {
      valuesOf(weights.get('encoder.middle.0.residual.2.bias')!)[0] += 1e-2;
    });
    expect(broken(report)).toEqual(['video.encoder.middle', 'video.conv1', 'video.latent']);
  });
});
