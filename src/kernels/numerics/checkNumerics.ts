import type { TokenTrimError } from '../../errors.js';
import { hostValues } from '../../tensor/describeTensor.js';
import type { Device } from '../../tensor/device.js';
import { areFinite, notFiniteError } from '../../tensor/notFinite.js';
import { formatShape, type Shape } from '../../tensor/shape.js';
import type { Tensor } from '../../tensor/tensor.js';
import { formatLaunch, watchLaunches } from '../../tensor/watchLaunches.js';
import { firstIndex, firstNotFinite } from './firstNotFinite.js';

/** A launch whose output is being looked at on the device. */
interface Check {
  readonly output: Tensor;
  readonly op: string;
  readonly found: Promise<Float32Array | Float64Array>;
}

/** Functions named in an error, from the launcher outwards. */
const NAMED_CALLERS = 6;

/**
 * Looks at the output of every launch of a device from now on, and names the first that holds NaN or infinity: on a host
 * device as it is launched, on an adapter where values are next waited for. Slow: a launch and a read for each launch.
 * @throws TokenTrimError from `launch`, or from `read`, `readIndices` and `synchronize`
 */
export function checkNumerics(device: Device): void {
  const checks: Check[] = []; // in the order of the launches
  let launches = 0;
  let isChecking = false; // the check is a launch too
  const { upload, read, readIndices, synchronize } = device;

  watchLaunches(device, (call, output) => {
    if (isChecking) return;
    launches++;
    if (output.dtype === 'u32') return;
    const op = `Launch ${launches}, \`${call.kernel}\` of ${formatLaunch(call, output)}${callers()},`;
    const values = hostValues(output);
    if (values) {
      const first = firstIn(values);
      if (first !== undefined) throw madeNotFinite(op, output.shape, first);
      return;
    }
    isChecking = true;
    try {
      const found = firstNotFinite(output);
      const reading = read.call(device, found);
      reading.catch(() => undefined); // it is awaited below, or what is awaited before fails for the same reason
      checks.push({ output, op, found: reading });
      found.dispose();
    } finally {
      isChecking = false;
    }
  });

  const settle = async () => {
    for (const { output, op, found } of checks.splice(0)) {
      const first = firstIndex(output, await found);
      if (first !== undefined) throw madeNotFinite(op, output.shape, first);
    }
  };
  device.upload = (values, shape, dtype) => {
    if (!(values instanceof Uint16Array) && !areFinite(values)) {
      throw notFiniteError(`What is uploaded as ${formatShape(shape)}${callers()} holds NaN or infinity`);
    }
    return upload.call(device, values, shape, dtype);
  };
  device.read = async (tensor) => {
    const values = await read.call(device, tensor);
    await settle();
    return values;
  };
  device.readIndices = async (tensor) => {
    const values = await readIndices.call(device, tensor);
    await settle();
    return values;
  };
  device.synchronize = async () => {
    await synchronize.call(device);
    await settle();
  };
}

function firstIn(values: ArrayLike<number>): number | undefined {
  for (let index = 0; index < values.length; index++) if (!Number.isFinite(values[index])) return index;
  return undefined;
}

function madeNotFinite(op: string, shape: Shape, first: number): TokenTrimError {
  let rest = first;
  const place = [...shape].reverse().map((size) => {
    const index = rest % size;
    rest = (rest - index) / size;
    return index;
  });
  return notFiniteError(`${op} is the first that made NaN or infinity, at ${formatShape(place.reverse())} first`);
}

/** Names on the stack that say nothing of the model. */
const PLUMBING = /^(?:launch|device\.launch|scope|run|callers|watch|foldScoped|twin|Object|Array|new)$/;

/** The functions that a launch was made by, from the launcher outwards; empty where the stack has no names. */
function callers(): string {
  const limited = Error as { stackTraceLimit?: number };
  const { stackTraceLimit } = limited;
  limited.stackTraceLimit = 60;
  const { stack = '' } = new Error();
  limited.stackTraceLimit = stackTraceLimit;
  const names = stack.split('\n').flatMap((line) => {
    const [, name = ''] = /^\s+at (?:async )?(?:[\w$]+\.)*([\w$]+) \(/.exec(line) ?? /^([\w$]+)@/.exec(line) ?? [];
    return name === '' || PLUMBING.test(name) ? [] : [name];
  });
  const once = names.filter((name, index) => name !== names[index - 1]).slice(0, NAMED_CALLERS);
  return once.length === 0 ? '' : ` in ${once.join(' < ')}`;
}
