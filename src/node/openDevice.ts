import { availableParallelism } from 'node:os';
import { parseInterpreter } from '../interpreter/interpreterOptions.js';
import { checkNumerics } from '../kernels/numerics/checkNumerics.js';
import { checkOptions, optionsOf } from '../options/checkOptions.js';
import { count, flag, text } from '../options/fields.js';
import type { Device } from '../tensor/device.js';
import { parseForm } from '../tensor/formTable.js';
import { DeviceErrors } from '../tensor/gpu/deviceErrors.js';
import { GpuDevice } from '../tensor/gpu/gpuDevice.js';
import { ReferenceDevice } from '../tensor/referenceDevice.js';
import { findAdapter } from './adapter/findAdapter.js';
import { openGpuDevice } from './adapter/openGpuDevice.js';
import { availableMemory } from './availableMemory.js';
import { cacheFolder } from './caches/cacheFolder.js';
import { recallFaults } from './caches/rememberedFaults.js';
import { openInterpreter } from './interpreter/openInterpreter.js';
import { kernelText } from './kernelTexts.js';
import { isLaunchLogAsked, LaunchLog } from './launchLog.js';

/** Which adapter a device is opened on, and how. */
export interface OpenDeviceOptions {
  /**
   * `gpu`, `lavapipe`, `swiftshader`, `reference`, `interpreter` or part of an adapter's name; the environment variable
   * `TOKENTRIM_ADAPTER`, then the best adapter there is, where absent. `interpreter,subgroups=8,matrices=f16,seed=0`
   * says what the interpreter pretends to be.
   */
  readonly adapter?: string;
  /**
   * The form of kernels to use wherever it fits (`plain`, `subgroup`, `tiled`, `matrix`); the environment variable
   * `TOKENTRIM_KERNELS`, then `auto`, where absent: for each problem the form that is expected to be the best, or the one
   * that `tuneKernels` found to be.
   */
  readonly kernels?: string;
  /** Time every kernel (slower: a pass for every change of kernel). */
  readonly profile?: boolean;
  /** Look at what every launch makes, and name the first that makes NaN or infinity (slow: `checkNumerics`). */
  readonly checkNumerics?: boolean;
  /** A lower limit than the adapter's own: what a run does on smaller adapters. */
  readonly maxBindingBytes?: number;
  /**
   * Floating-point operations a second that are expected at first (2.5e10, or 2e11 where it multiplies matrices), by which launches are cut so that no driver ends
   * them; what calls take corrects it. Lower it where a slow card is lost in a run's first seconds.
   */
  readonly operationsASecond?: number;
}

const deviceSchema = optionsOf<OpenDeviceOptions>()({
  adapter: text.optional(),
  kernels: text.optional(),
  profile: flag.optional(),
  checkNumerics: flag.optional(),
  maxBindingBytes: count(1).optional(),
  operationsASecond: count(1).optional(),
});

/**
 * Opens the device that tensors live on. With `TOKENTRIM_DEBUG=1` in the environment it says on standard error what it
 * launches (`LaunchLog`).
 * @throws TokenTrimError where no such adapter exists
 */
export async function openDevice(options: OpenDeviceOptions = {}): Promise<Device> {
  checkOptions('openDevice', deviceSchema, options);
  const isLogged = isLaunchLogAsked();
  const device = await openUnwatched(isLogged ? { ...options, profile: true } : options);
  if (options.checkNumerics) checkNumerics(device);
  if (isLogged) LaunchLog.begin(device);
  return device;
}

async function openUnwatched(options: OpenDeviceOptions): Promise<Device> {
  const forced = parseForm(options.kernels ?? process.env.TOKENTRIM_KERNELS);
  const request = options.adapter ?? (process.env.TOKENTRIM_ADAPTER || undefined);
  if (request === 'reference') return new ReferenceDevice({ availableBytes: availableMemory });
  const interpreter = parseInterpreter(request);
  if (interpreter) return openInterpreter(interpreter, forced, options.maxBindingBytes);
  const { profile } = options;
  const found = await findAdapter(request, { profile });
  const errors = new DeviceErrors();
  const device = await openGpuDevice(found, { onLost: ({ message }) => errors.note(message, true) });
  const open = async () => openGpuDevice(await findAdapter(request, { profile }), { onLost: () => undefined });
  const helpers = found.kind === 'lavapipe' ? { open, most: helpersAtMost() } : undefined;
  const opened = new GpuDevice(device, found.name, kernelText, {
    ...options,
    note: found.note,
    availableBytes: found.kind === 'gpu' ? undefined : availableMemory, // WebGPU does not say what a graphics card has
    errors,
    helpers,
  });
  opened.forms.forced = forced;
  const adapter = { name: found.name, driver: found.description };
  opened.forms.adapter = adapter;
  for (const fault of recallFaults(cacheFolder(), adapter)) opened.forms.faulty.add(fault);
  return opened;
}

/** Devices that help at most: compiling a run's kernels takes seconds, and opening a device some of one. */
const MOST_HELPERS = 3;

/** What lavapipe has compiled another device finds on the disk, if Mesa's cache is on, as it is unless one of these says otherwise. */
function helpersAtMost(): number {
  const { MESA_SHADER_CACHE_DISABLE: disabled, MESA_GLSL_CACHE_DISABLE: disabledOnce } = process.env;
  const isOff = [disabled, disabledOnce].some((value) => /^(1|true|yes|y)$/i.test(value ?? ''));
  return isOff ? 0 : Math.min(availableParallelism() - 1, MOST_HELPERS);
}
