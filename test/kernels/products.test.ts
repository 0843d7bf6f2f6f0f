import { describe, expect, test } from 'vitest';
import { attention } from '../../src/kernels/attention/attention.js';
import { causalConv3d } from '../../src/kernels/convolution/causalConv3d.js';
import { conv2d } from '../../src/kernels/convolution/conv2d.js';
import { type Form, subgroupSize } from '../../src/kernels/forms/form.js';
import { linear } from '../../src/kernels/linear/linear.js';
import { openDevice } from '../../src/node/openDevice.js';
import type { Device } from '../../src/tensor/device.js';
import type { Shape } from '../../src/tensor/shape.js';
import type { Tensor } from '../../src/tensor/tensor.js';
import { device } from '../support/device.js';
import { dispatchesOf } from '../support/dispatches.js';
import { expectTwin, randomTensor, run } from '../support/twins.js';

// What the property tests of linear, attention and the convolutions are too small for: launches in pieces, and large tiles.

const forms: Form[] = subgroupSize(device) > 0 ? ['plain', 'subgroup'] : ['plain'];

const convInputs = (on: Device, picture: Shape, outChannels: number, kernel: Shape) => ({
  x: randomTensor(on, 1, picture),
  history: [2, 3].map((seed) => randomTensor(on, seed, [1, ...picture.slice(1)])) as [Tensor, Tensor],
  weight: randomTensor(on, 4, [outChannels, ...kernel, picture[3]], 0.05),
  bias: randomTensor(on, 5, [outChannels]),
});

/** Keys and values of a cache, read from its last row to its first, and of a call. */
function contextOf(on: Device, rows: number, width: number) {
  const pair = (seed: number) => ({
    keys: randomTensor(on, seed, [rows, width]),
    values: randomTensor(on, seed + 1, [rows, width]),
  });
  const order = Uint32Array.from({ length: rows }, (_, row) => rows - 1 - row);
  return { cached: { ...pair(2), rows: on.upload(order, [rows]) }, own: pair(4) };
}

describe.each(forms)('%s', (form) => {
  const launches: Record<string, (on: Device) => Tensor> = {
    linear: (on) => linear(randomTensor(on, 1, [300, 64]), randomTensor(on, 2, [32, 64]), undefined, { form }),
    attention: (on) => {
      const query = randomTensor(on, 1, [form === 'plain' ? 300 : 60, 64]); // the steps bind all queries at once
      const bias = randomTensor(on, 6, [2 * 300 - 1, 2]); // by distance, so that a piece must know its first query
      return attention(query, contextOf(on, 37, 64), 2, { form, bias });
    },
    causalConv3d: (on) => {
      const { x, history, weight, bias } = convInputs(on, [3, 16, 17, 16], 64, [3, 3, 3]);
      return causalConv3d(x, history, weight, bias, form);
    },
    conv2d: (on) => {
      const { x, weight, bias } = convInputs(on, [3, 16, 17, 16], 64, [3, 3]);
      return conv2d(x, weight, bias, { scale: 2, form });
    },
  };

  test.each(Object.entries(launches))('%s in pieces gives the bits of the whole launch', async (name, launch) => {
    const maxBindingBytes = 2 ** (name.includes('conv') || name.includes('Conv') ? 17 : 14); // weights are bound whole
    const small = await openDevice({ maxBindingBytes });
    try {
      const whole = await run(launch, device);
      // The steps of attention have fewer queries than that, but more scores.
      if (name !== 'attention') expect(4 * whole.length).toBeGreaterThan(maxBindingBytes);
      expect(await run(launch, small)).toEqual(whole);
    } finally {
      small.close();
    }
  });

  // The steps of attention are launched for as many queries as there is memory for; processors have no watchdog.
  const cut = Object.entries(launches).filter(([name]) => form !== 'subgroup' || name !== 'attention');
  test.each(cut)('%s cut for its time gives the bits of the whole launch', async (_, launch) => {
    const slow = await openDevice({ operationsASecond: 1 });
    const count = (on: Device) => dispatchesOf(on, () => run(launch, on));
    try {
      const [whole, pieces] = [await count(device), await count(slow)];
      expect(pieces.dispatches).toBeGreaterThan(whole.dispatches + 2);
      expect(pieces.result).toEqual(whole.result);
    } finally {
      slow.close();
    }
  });

  test('linear agrees with its twin where tiles are large', async () => {
    await expectTwin((on) =>
      linear(randomTensor(on, 1, [45, 1024]), randomTensor(on, 2, [1000, 1024], 0.03), undefined, { form }),
    );
  });

  test('causalConv3d agrees with its twin where tiles are large', async () => {
    await expectTwin((on) => {
      const { x, history, weight, bias } = convInputs(on, [2, 15, 45, 72], 40, [3, 3, 3]);
      return causalConv3d(x, history, weight, bias, form);
    });
  });

  test('conv2d agrees with its twin where tiles are large', async () => {
    await expectTwin((on) => {
      const { x, weight, bias } = convInputs(on, [1, 43, 45, 72], 56, [3, 3]);
      return conv2d(x, weight, bias, { scale: 2, form });
    });
  });
});
