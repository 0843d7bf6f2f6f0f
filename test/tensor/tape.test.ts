import { afterEach, describe, expect, test } from 'vitest';
import { add, gelu, multiply } from '../../src/kernels/elementwise/elementwise.js';
import { updateSum } from '../../src/kernels/elementwise/updateSum.js';
import { gradientOf } from '../../src/kernels/gradient/gradientOf.js';
import { linear } from '../../src/kernels/linear/linear.js';
import { updateRows } from '../../src/kernels/rows/rows.js';
import { foldScoped } from '../../src/tensor/scope.js';
import { Tape } from '../../src/tensor/tape.js';
import type { Tensor } from '../../src/tensor/tensor.js';
import { device } from '../support/device.js';
import { launchedKernels } from '../support/launches.js';
import { randomTensor } from '../support/twins.js';

const SHAPE = [6, 8];
const ones = (like: Tensor) => device.upload(new Float32Array(like.size).fill(1), like.shape);

/** Tensors of a test, which the device must be left with alone. */
const made: Tensor[] = [];
const keep = (tensor: Tensor) => {
  made.push(tensor);
  return tensor;
};
const random = (seed: number, shape: readonly number[] = SHAPE) => keep(randomTensor(device, seed, shape, 0.5));
afterEach(() => {
  for (const tensor of made.splice(0)) tensor.dispose();
  expect(device.memory.liveStorages).toBe(0);
});

const gradientValues = async (x: Tensor, body: (x: Tensor) => Tensor) => {
  const { value, gradient } = gradientOf(x, body, ones);
  keep(value);
  keep(gradient);
  return [...(await device.read(gradient))];
};

describe('what is recorded', () => {
  test('nothing that does not depend on the input: it is launched as ever, and may be what cannot be walked back', async () => {
    const [x, constant] = [random(1), random(2)];
    const values = await gradientValues(x, (each) => add(each, multiply(constant, constant)));
    expect(values).toEqual(Array(48).fill(1));
  });

  test('an op that cannot be walked back, also one that writes into a tensor, is refused by its name', () => {
    const [x, sum] = [random(1), random(2)];
    const failing = (body: (each: Tensor) => Tensor) => () => gradientOf(x, body, ones);
    expect(failing((each) => multiply(each, each))).toThrow(/^elementwise.* cannot be walked back/);
    expect(
      failing((each) => {
        updateSum(sum, each);
        return sum;
      }),
    ).toThrow('updateSum cannot be walked back');
    expect(device.recorder).toBeUndefined(); // the device is itself again
  });

  test('not what is written into a cache: its rows are constants', async () => {
    const [x, cache, rows] = [random(1), random(2), keep(device.upload(Uint32Array.of(1, 0), [2]))];
    const values = await gradientValues(x, (each) => {
      updateRows(cache, rows, each);
      return add(each, cache);
    });
    expect(values).toEqual(Array(48).fill(1));
  });

  test('rows that are written twice are refused', () => {
    const [x, target] = [random(1), random(2)];
    const twice = (each: Tensor) => {
      device.updateRows(target, 0, each, 0, 3);
      device.updateRows(target, 2, each, 0, 1);
      return target;
    };
    expect(() => gradientOf(x, twice, ones)).toThrow('written again');
    const overResult = (each: Tensor) => {
      const result = gelu(each);
      device.updateRows(result, 0, each, 0, 1);
      return result;
    };
    expect(() => gradientOf(x, overResult, ones)).toThrow('written again');
  });

  test('a result that does not depend on the input has a gradient of zeros', async () => {
    const [x, constant] = [random(1), random(2)];
    expect(await gradientValues(x, () => gelu(constant))).toEqual(Array(48).fill(0));
  });
});

describe('what is kept', () => {
  test('tensors that the way back reads outlive their scopes; nothing outlives the gradient', async () => {
    const x = random(1);
    const body = (each: Tensor) => {
      // The inner gelu's output, which the outer reads again, belongs to a scope that is over by then.
      return device.scope(() => gelu(device.scope(() => gelu(each))));
    };
    const plain = await gradientValues(x, (each) => {
      const inner = keep(gelu(each));
      return gelu(inner);
    });
    expect(await gradientValues(x, body)).toEqual(plain);
  });

  test('a chain of sums keeps nothing: its memory does not grow with its length', () => {
    const x = random(1);
    const most = (length: number) => {
      const before = device.memory.liveStorages;
      let peak = 0;
      const { value, gradient } = gradientOf(
        x,
        (each) =>
          foldUnrecorded(each, length, (current) => {
            peak = Math.max(peak, device.memory.liveStorages - before);
            return add(current, current);
          }),
        ones,
      );
      value.dispose();
      gradient.dispose();
      return peak;
    };
    expect(most(12)).toBe(most(3));
  });

  test('where something fails, everything is given back', () => {
    const x = random(1);
    const failing = (each: Tensor): Tensor => {
      device.scope(() => gelu(gelu(each)));
      throw new Error('enough');
    };
    expect(() => gradientOf(x, failing, ones)).toThrow('enough');
  });
});

/** A chain whose links are freed as a scope would. */
function foldUnrecorded(x: Tensor, length: number, link: (x: Tensor) => Tensor): Tensor {
  let current = x;
  for (let index = 0; index < length; index++) {
    const next = device.scope(() => link(current));
    if (current !== x) current.dispose();
    current = next;
  }
  return current;
}

describe('checkpoints', () => {
  const weights = () => [0, 1, 2, 3].map((layer) => random(10 + layer, [8, 8]));
  /** A layer whose last launch makes its result, and reads what no argument gives it. */
  const layer = (x: Tensor, weight: Tensor, table: Tensor) => {
    const hidden = linear(x, weight, undefined, { gelu: true });
    return linear(add(hidden, table), weight, undefined, { residual: { to: x } });
  };

  /** The layers one after the other; what they all read is freed with the model's call. */
  const model = (x: Tensor, all: readonly Tensor[]) =>
    device.scope(() => {
      const table = gelu(all[0]).reshape(8, 8);
      const tall = device.scope(() => linear(randomTensor(device, 20, SHAPE), table));
      const start = add(x, x);
      return foldScoped(start, all, (current, weight) => layer(current, weight, tall));
    });

  test('give the gradient that a tape of everything gives', async () => {
    const [x, all] = [random(1), weights()];
    const checkpointed = await gradientValues(x, (each) => model(each, all));
    const whole = await gradientValues(x, (each) => {
      const { recorder } = device;
      device.recorder = undefined; // nobody to run a part for: it is recorded as what surrounds it
      try {
        return model(each, all);
      } finally {
        device.recorder = recorder;
      }
    });
    expect(checkpointed).toEqual(whole);
  });

  test('run every launch of a layer again but the last', async () => {
    const [x, all] = [random(1), weights()];
    const forward = await launchedKernels(device, async () => void keep(model(x, all)));
    const products = (names: readonly string[]) => names.filter((name) => name.startsWith('linear')).length;
    const both = await launchedKernels(device, () => gradientValues(x, (each) => model(each, all)));
    // Of a layer's two products the first again, and both of them back.
    expect(products(both)).toBe(products(forward) + 4 * 3);
  });

  test('hold the inside of one layer at a time', () => {
    const x = random(1);
    const mostOf = (count: number) => {
      const all = Array.from({ length: count }, (_, index) => random(10 + index, [8, 8]));
      const before = device.memory.liveStorages;
      let peak = 0;
      const { launch } = device;
      device.launch = (call) => {
        peak = Math.max(peak, device.memory.liveStorages - before);
        return launch.call(device, call);
      };
      const { value, gradient } = gradientOf(x, (each) => model(each, all), ones);
      device.launch = launch;
      value.dispose();
      gradient.dispose();
      return peak;
    };
    expect(mostOf(9) - mostOf(5)).toBe(4); // one input for each layer more
  });

  test('run again a part whose last launch is not what makes its result', async () => {
    const x = random(1);
    const body = (each: Tensor) =>
      foldScoped(gelu(each), [1, 2], (current) => {
        const result = gelu(current);
        gelu(result);
        return result;
      });
    const expected = await gradientValues(x, (each) => gelu(gelu(gelu(each))));
    expect(await gradientValues(x, body)).toEqual(expected);
  });
});

test('tapes of several inputs do not disturb one another', async () => {
  const [x, y] = [random(1), random(2)];
  const tape = new Tape(device, add);
  const sum = keep(tape.record(x, (each) => device.scope(() => add(gelu(each), y))));
  const product = await gradientValues(y, (each) => gelu(each));
  const gradient = tape.walkBack(sum, keep(ones(sum)), x);
  expect([...(await device.read(keep(gradient as Tensor)))]).toEqual(await gradientValues(x, gelu));
  expect(product).toEqual(await gradientValues(y, gelu));
});
