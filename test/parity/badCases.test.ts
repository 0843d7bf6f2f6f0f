import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { TokenTrimError } from '../../src/errors.js';
import { runCase } from '../../src/parity/runCase.js';
import { device } from '../support/device.js';
import { type Fixture, inTemporaryFolder, loadFixture } from '../support/goldens.js';

/** The message of the error that running a changed case ends with. */
async function messageOf(
  name: string,
  change: (fixture: Fixture) => void,
  inFolder: (folder: string) => Promise<unknown> = async () => undefined,
): Promise<string> {
  const fixture = await loadFixture(name);
  change(fixture);
  return inTemporaryFolder(fixture, async (folder) => {
    await inFolder(folder);
    const error = await runCase(folder, device).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(TokenTrimError);
    return (error as TokenTrimError).message.replaceAll(folder, '<case>');
  });
}

const nothing = () => undefined;
const config = (fixture: Fixture) => fixture.description.config as Record<string, unknown>;

describe('folders that are no case', () => {
  test('no case.json', async () => {
    const message = await messageOf('torch-randn', nothing, (folder) => rm(join(folder, 'case.json')));
    expect(message).toBe('<case>: not a parity case, there is no case.json that can be read');
  });

  test.each(['{"kind": ', '[]', 'null', '"rope"', '{"kind": "rope"}'])('case.json of %s', async (text) => {
    const message = await messageOf('torch-randn', nothing, (folder) => writeFile(join(folder, 'case.json'), text));
    expect(message).toBe('<case>/case.json: expected a JSON object with "kind" and "config"');
  });

  test('a kind that there is no check for: the known ones are named', async () => {
    const message = await messageOf('torch-randn', ({ description }) => {
      description.kind = 'dit-sideways';
    });
    expect(message).toMatch(/no parity check for kind "dit-sideways"; known: .*dit-bidirectional, .*wan-t2v-sampling$/);
  });

  test.each(['constructor', 'toString', '__proto__'])('kind "%s"', async (kind) => {
    const message = await messageOf('torch-randn', ({ description }) => {
      description.kind = kind;
    });
    expect(message).toContain(`no parity check for kind "${kind}"`);
  });
});

describe('files that are missing or broken', () => {
  test('no outputs', async () => {
    const message = await messageOf('torch-randn', ({ outputs }) => outputs.clear());
    expect(message).toContain('outputs.safetensors: could not be opened (ENOENT)');
  });

  test('no inputs', async () => {
    const message = await messageOf('dit-causal-kv-local', ({ inputs }) => inputs.clear());
    expect(message).toBe('<case>: this kind of case needs inputs.safetensors');
  });

  test('weights that the case does not name', async () => {
    const message = await messageOf('dit-causal-kv-local', ({ description }) => {
      delete description.weights;
    });
    expect(message).toBe('<case>: this kind of case needs weights');
  });

  test('weights that are not there', async () => {
    const message = await messageOf('dit-causal-kv-local', ({ description }) => {
      description.weights = '../elsewhere/weights.safetensors';
    });
    expect(message).toContain('weights.safetensors: could not be opened (ENOENT)');
  });

  test('a tensor that the model needs', async () => {
    const message = await messageOf('dit-causal-kv-local', ({ weights }) => {
      weights.delete('blocks.1.ffn.2.bias');
    });
    expect(message).toContain('blocks.1.ffn.2.bias');
  });

  test('a recording that ends too early', async () => {
    const message = await messageOf('self-forcing-rollout-i2v', ({ description }) => {
      const [, { draws }] = description.drawn_inputs as { draws: { name: string }[] }[];
      expect(draws.pop()?.name).toBe('renoise.005');
    });
    expect(message).toMatch(/inputs\.safetensors: .*there is no renoise\.005/);
  });
});

describe('inputs that are drawn', () => {
  test.each<[string, unknown, RegExp]>([
    ['no list', { seed: '1' }, /^<case>\/case\.json: drawn_inputs: .*expected array/s],
    ['a seed that is a number', [{ seed: 1, draws: [] }], /drawn_inputs: .*0\.seed: /s],
    [
      'an input that is also recorded',
      [{ seed: '1', draws: [{ name: 'call00.x', shape: [1, 3, 16, 4, 6] }] }],
      /^<case>: call00\.x is both drawn and recorded: leave one of them out$/,
    ],
  ])('%s', async (_name, drawn, expected) => {
    const message = await messageOf('dit-causal-kv-local', ({ description }) => {
      description.drawn_inputs = drawn;
    });
    expect(message).toMatch(expected);
  });
});

describe('settings that do not fit', () => {
  test('a missing field of the model', async () => {
    const message = await messageOf('dit-causal-kv-local', (fixture) => {
      delete config(fixture).num_heads;
    });
    expect(message).toMatch(/^<case>\/case\.json: config\.num_heads: /);
  });

  test('a size that the weights do not have', async () => {
    const message = await messageOf('dit-causal-kv-local', (fixture) => {
      config(fixture).dim = 48;
    });
    expect(message).toContain('patch_embedding.weight has shape [96, 16, 1, 2, 2]');
  });

  test('more layers than the weights have', async () => {
    const message = await messageOf('dit-causal-kv-local', (fixture) => {
      config(fixture).num_layers = 3;
    });
    expect(message).toContain('blocks.2.');
  });

  test('a missing field of the rollout', async () => {
    const message = await messageOf('self-forcing-rollout-i2v', (fixture) => {
      delete config(fixture).denoising_step_list;
    });
    expect(message).toMatch(/^<case>\/case\.json: config\.denoising_step_list: /);
  });

  test('frames that make no whole blocks', async () => {
    const message = await messageOf('self-forcing-rollout-global', (fixture) => {
      config(fixture).noise_frames = 8;
    });
    expect(message).toContain('8 latent frames to generate do not split into blocks of 3: use 6 or 9');
  });

  test('a VAE without the weights of a layer', async () => {
    const message = await messageOf('vae-cached-decode', ({ weights }) => {
      weights.delete('decoder.head.2.bias');
    });
    expect(message).toContain('decoder.head.2.bias');
  });
});
